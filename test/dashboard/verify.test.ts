import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BlockEvidence, fromBase64, type Step, verifyBlock } from '../../dashboard/src/verify/index.js';
import { blockKey } from '../../src/chain/index.js';
import { readInclusionProof } from '../../src/ledger/index.js';
import { smallChain, temporaryFolder } from '../support/chains.js';
import { forge, producerKey } from '../support/forge.js';
import { RawStore } from '../support/raw-store.js';

const BLOCKS = 21;
const folder = temporaryFolder();
const dir = `${folder.path}/chain`;
let evidence: BlockEvidence[];

type Plain = Uint8Array<ArrayBuffer>;
const plain = (bytes: Uint8Array): Plain => Uint8Array.from(bytes);

/** What a node hands over of a block, read from the store itself. */
async function evidenceOf(chainDir: string): Promise<BlockEvidence[]> {
  const store = await RawStore.open(chainDir);
  const stored: { hash: string; header: Plain; payload: Plain }[] = [];
  for (let index = 0; index <= BLOCKS; index++) {
    const entry = await store.get('header', blockKey(index));
    const payload = plain(await store.get('payload', blockKey(index)));
    stored.push({ hash: entry.subarray(0, 32).toString('hex'), header: plain(entry.subarray(32)), payload });
  }
  await store.close();
  return Promise.all(
    stored.map(async ({ hash, header, payload }, index) => {
      const proof = await readInclusionProof(chainDir, index);
      const previousHash = index === 0 ? null : stored[index - 1]!.hash;
      return { index, hash, headerBytes: header, payload, previousHash, proof };
    }),
  );
}

const named = (steps: readonly Step[]) => Object.fromEntries(steps.map(({ name, state }) => [name, state]));
const ALL_HOLD = {
  Payload: 'ok',
  'Block hash': 'ok',
  Header: 'ok',
  Signature: 'ok',
  Link: 'ok',
  'Inclusion proof': 'ok',
};

function flipped(bytes: Uint8Array, at: number): Plain {
  const copy = plain(bytes);
  copy[at]! ^= 1;
  return copy;
}

describe('verifyBlock', () => {
  beforeAll(async () => {
    await smallChain(dir, BLOCKS);
    evidence = await evidenceOf(dir);
  });
  afterAll(() => folder.remove());

  it('finds that every step holds for every block of an intact chain', async () => {
    for (const block of evidence) {
      const steps = named(await verifyBlock(block));
      expect(steps).toMatchObject(ALL_HOLD);
      expect(Object.values(steps)).toEqual(Array(7).fill('ok'));
    }
  });

  it('finds an altered payload by its digest, and nothing else', async () => {
    const { payload } = evidence[7]!;
    const steps = named(await verifyBlock({ ...evidence[7]!, payload: flipped(payload as Plain, 5) }));
    expect(steps).toMatchObject({ ...ALL_HOLD, Payload: 'failed' });
  });

  it('finds any altered byte of a header', async () => {
    const { headerBytes, hash } = evidence[7]!;
    for (let at = 0; at < headerBytes!.length; at += 17) {
      const steps = named(
        await verifyBlock({ ...evidence[7]!, headerBytes: flipped(headerBytes!, at), hash }),
      );
      expect([at, steps['Block hash']]).toEqual([at, 'failed']);
    }
  });

  it('finds a signature of somebody else', async () => {
    const other = `${folder.path}/forged`;
    await smallChain(other, BLOCKS);
    const { signature } = JSON.parse(new TextDecoder().decode(evidence[3]!.headerBytes)) as {
      signature: string;
    };
    await forge(other, { 3: { header: { signature }, key: producerKey(other) } });
    const [forged] = (await evidenceOf(other)).slice(3, 4);
    expect(named(await verifyBlock(forged!))).toMatchObject({ ...ALL_HOLD, Signature: 'failed' });
  });

  it('finds a broken link, a proof of another block, and a path that leads elsewhere', async () => {
    const block = evidence[7]!;
    const proof = block.proof as Exclude<BlockEvidence['proof'], { missing: string }>;
    const broken = await verifyBlock({ ...block, previousHash: evidence[3]!.hash });
    expect(named(broken)).toMatchObject({ ...ALL_HOLD, Link: 'failed' });
    const swapped = await verifyBlock({ ...block, proof: evidence[8]!.proof });
    expect(named(swapped)['Inclusion proof']).toBe('failed');
    for (let at = 0; at < proof.path.length; at++) {
      const path = proof.path.map((hex, i) => (i === at ? 'f'.repeat(64) : hex));
      const astray = await verifyBlock({ ...block, proof: { ...proof, path } });
      expect(named(astray)['Inclusion proof']).toBe('failed');
    }
    const longer = await verifyBlock({ ...block, proof: { ...proof, path: [...proof.path, proof.root] } });
    expect(named(longer)['Inclusion proof']).toBe('failed');
  });

  it('finds a head that was altered', async () => {
    const block = evidence[7]!;
    const proof = block.proof as Exclude<BlockEvidence['proof'], { missing: string }>;
    const fields = JSON.parse(new TextDecoder().decode(fromBase64(proof.head)));
    const head = Buffer.from(JSON.stringify({ ...fields, timestamp: '2020-01-01T00:00:00.000Z' })).toString(
      'base64url',
    );
    const steps = named(await verifyBlock({ ...block, proof: { ...proof, head } }));
    expect(steps).toMatchObject({ 'Inclusion proof': 'ok' });
    expect(Object.values(steps).filter((state) => state === 'failed')).toHaveLength(1);
  });

  it('finds a last block that is another than the one that the anchor or the head names', async () => {
    const last = evidence[BLOCKS]!;
    const proof = last.proof as Exclude<BlockEvidence['proof'], { missing: string }>;
    expect([proof.blockIndex, proof.headKind]).toEqual([proof.treeSize, 'header']);
    const anchor = { headKind: 'anchor' as const, head: readFileSync(`${dir}/anchor.json`, 'base64url') };
    const honest = await verifyBlock({ ...last, proof: { ...proof, ...anchor } });
    expect(honest.at(-1)).toMatchObject({ name: 'Signed anchor', state: 'ok' });
    const other = `${folder.path}/forged-last`;
    await smallChain(other, BLOCKS);
    const forgedLast = { [BLOCKS]: { header: { timestamp: '2020-01-01T00:00:00.000Z' } } };
    await forge(other, forgedLast);
    const forged = (await evidenceOf(other))[BLOCKS]!;
    const headerText = Buffer.from(forged.headerBytes!).toString('base64url');
    const mine = { blockHash: forged.hash!, blockHeader: headerText };
    for (const head of [anchor, { headKind: proof.headKind, head: proof.head }]) {
      const steps = await verifyBlock({ ...forged, proof: { ...proof, ...mine, ...head } });
      expect(named(steps)).toMatchObject({ 'Block hash': 'ok', 'Inclusion proof': 'ok' });
      const what = head.headKind === 'anchor' ? 'anchor' : 'head';
      expect(steps.at(-1)).toEqual({
        name: `Signed ${what}`,
        state: 'failed',
        text: `The ${what} is of another block ${BLOCKS} than this one.`,
      });
    }
  });

  it('says what it could not check, and claims nothing about it', async () => {
    const nothing = { index: 7, hash: null, headerBytes: undefined, previousHash: undefined };
    const steps = await verifyBlock({
      ...nothing,
      payload: { missing: 'gone' },
      proof: { missing: 'no anchor' },
    });
    expect(steps.map(({ state }) => state)).toEqual(Array(6).fill('unchecked'));
    expect(steps[0]!.text).toBe('gone');
    expect(steps[5]!.text).toBe('no anchor');
  });
});
