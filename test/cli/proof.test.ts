import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blockKey, treeKey } from '../../src/chain/index.js';
import { importLegacyDump } from '../../src/ledger/index.js';
import { workloadDocument } from '../../src/rdf/index.js';
import { copyChain, smallChain, temporaryFolder } from '../support/chains.js';
import { checkChain } from '../support/check-chain.js';
import { provchain } from '../support/cli.js';
import { fixtures } from '../support/project.js';
import { tamper } from '../support/raw-store.js';

const dumps = fixtures('provchain-org');

const folder = temporaryFolder();
const at = (name: string) => join(folder.path, name);
const chain = at('chain');
const trust = at('chain/chain.json');
const BLOCKS = 20;
let hashes: readonly string[];

beforeAll(async () => {
  await smallChain(chain, BLOCKS);
  hashes = (await checkChain(chain)).hashes;
});

afterAll(() => folder.remove());

const make = (...args: string[]) => provchain(['proof', 'make', ...args]);
const verify = (...args: string[]) => provchain(['proof', 'verify', ...args]);

interface Failure {
  readonly error: { readonly code: string; readonly message: string };
}

describe('provchain proof', () => {
  it('makes a proof that verifies with chain.json alone', async () => {
    const file = at('proof.json');
    const made = await make(chain, '7', '-o', file);
    expect(made).toMatchObject({ status: 0, stderr: '' });
    expect(made.stdout).toContain('block 7 under the head, block 20');
    const { status, stdout } = await verify(file, '--trust', trust, '--json');
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      holds: true,
      chainId: 'test-chain',
      block: { index: 7, hash: hashes[7] },
      head: { kind: 'header', index: BLOCKS, hash: hashes[BLOCKS] },
    });
  });

  it('writes the proof to stdout, and reads it from stdin', async () => {
    const { stdout: proof } = await make(chain, '3', '--height', '9');
    const { status, stdout } = await provchain(['proof', 'verify', '-', '--trust', trust], { input: proof });
    expect(status).toBe(0);
    expect(stdout).toContain('Proven  Block 3 of the chain test-chain is in the history of block 8.');
    expect(stdout).toContain(hashes[8]);
  });

  it('says of the last block that it is the head itself', async () => {
    const { stdout: proof } = await make(chain, String(BLOCKS));
    const { stdout } = await provchain(['proof', 'verify', '-', '--trust', trust], { input: proof });
    expect(stdout).toContain('is the head itself');
  });

  it('compares a document in any order, and refuses another one', async () => {
    const file = at('payload-proof.json');
    await make(chain, '5', '-o', file);
    // Block 0 is the genesis block, so document 4 is in block 5.
    const document = workloadDocument('trace', 4, { quads: 8 });
    writeFileSync(at('document.nq'), document.trimEnd().split('\n').reverse().join('\n'));
    writeFileSync(at('other.nq'), workloadDocument('trace', 5, { quads: 8 }));
    const same = await verify(file, '--trust', trust, '--payload', at('document.nq'));
    expect(same).toMatchObject({ status: 0, stderr: '' });
    expect(same.stdout).toContain('the same as');
    const other = await verify(file, '--trust', trust, '--payload', at('other.nq'), '--json');
    expect([other.status, other.stdout]).toEqual([2, '']);
    expect((JSON.parse(other.stderr) as Failure).error.code).toBe('PROOF_INVALID');
  });

  it('ends with 2 when the proof was changed or is about another chain', async () => {
    const { stdout: proof } = await make(chain, '5', '--json');
    const changed = proof.replace('"blockIndex":5', '"blockIndex":6');
    const refused = await provchain(['proof', 'verify', '-', '--trust', trust, '--json'], { input: changed });
    expect([refused.status, refused.stdout]).toEqual([2, '']);
    expect((JSON.parse(refused.stderr) as Failure).error).toMatchObject({
      code: 'PROOF_INVALID',
      place: { source: 'stdin' },
    });
    await smallChain(at('another'), 2);
    const elsewhere = ['proof', 'verify', '-', '--trust', at('another/chain.json')];
    expect((await provchain(elsewhere, { input: proof })).status).toBe(2);
  });

  it.each([
    ['OUT_OF_RANGE', 65, [chain, '21']],
    ['OUT_OF_RANGE', 65, [chain, '3', '--height', '3']],
    ['OUT_OF_RANGE', 65, [chain, '3', '--height', '99']],
    ['NOT_A_CHAIN', 65, [at('nothing'), '3']],
    ['USAGE', 64, [chain, '-3']],
  ])('make ends with %s, exit %d, for %j', async (code, status, args) => {
    const outcome = await make(...args, '--json');
    expect(outcome.status).toBe(status);
    expect((JSON.parse(outcome.stderr) as Failure).error.code).toBe(code);
  });

  it('refuses a trust root that is none, and one that is missing', async () => {
    writeFileSync(at('no-trust.json'), '{}');
    const codes = [];
    for (const file of [at('no-trust.json'), at('nothing.json')]) {
      const { stderr } = await verify(at('proof.json'), '--trust', file, '--json');
      codes.push((JSON.parse(stderr) as Failure).error.code);
    }
    expect(codes).toEqual(['NOT_A_CHAIN', 'FILE_UNREADABLE']);
  });

  it('makes the same proof where tree records are gone, and none where a block was replaced', async () => {
    const [bare, replaced] = [copyChain(chain, at('bare')), copyChain(chain, at('replaced'))];
    await tamper(bare, async (store) => {
      for (const level of [1, 2, 3, 4]) await store.delete('default', treeKey(level, 0));
    });
    expect((await make(bare, '13')).stdout).toBe((await make(chain, '13')).stdout);
    await tamper(replaced, async (store) => {
      await store.put('header', blockKey(13), await store.get('header', blockKey(12)));
    });
    const refused = await make(replaced, '13', '--json');
    expect(refused.status).toBe(2);
    expect((JSON.parse(refused.stderr) as Failure).error).toMatchObject({
      code: 'CHAIN_DAMAGED',
      place: { block: 13 },
    });
  });

  it.skipIf(!dumps)('proves a block of an imported chain under its anchor', async () => {
    const legacy = at('legacy');
    await importLegacyDump(legacy, readFileSync(join(dumps!, 'demo.nq')));
    const { stdout: proof } = await make(legacy, '0');
    const args = ['proof', 'verify', '-', '--trust', join(legacy, 'chain.json'), '--json'];
    const { status, stdout } = await provchain(args, { input: proof });
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ format: 'provchain-org/0', head: { kind: 'anchor' } });
  });
});
