import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  blockHash,
  decodeProof,
  encodeAnchor,
  encodeHeader,
  encodeLegacyHeader,
  encodeProof,
  HistoryTree,
  type InclusionProof,
  makeProof,
  type ProofReader,
  producerOf,
  signAnchor,
  signHeader,
  type TrustRoot,
  verifyProof,
  ZERO_HASH,
} from '../../src/chain/index.js';
import { projectRoot } from '../support/project.js';
import { KEY, seededKey, UNSIGNED } from './samples.js';

const STRANGER = seededKey(9);
const payloadOf = (index: number) => Buffer.from(`<urn:s${index}> <urn:p> "o" .\n`);

/** A chain in memory: header bytes, the records of its tree, and what is trusted of it. */
interface MemoryChain {
  readonly headers: Buffer[];
  readonly records: Map<string, Uint8Array>;
  readonly trust: TrustRoot;
}

function memoryChain(height: number, key = KEY): MemoryChain {
  const tree = new HistoryTree();
  const headers: Buffer[] = [];
  const records = new Map<string, Uint8Array>();
  let previousHash = ZERO_HASH;
  for (let index = 0; index < height; index++) {
    const payload = payloadOf(index);
    const claims = { payloadHash: hash('sha256', payload), payloadBytes: payload.length, quadCount: 1 };
    const producer = producerOf(key);
    const header = signHeader(
      { ...UNSIGNED, ...claims, index, previousHash, producer, historyRoot: tree.rootHex() },
      key,
    );
    const bytes = encodeHeader(header);
    headers.push(bytes);
    for (const { level, position, hash: raw } of tree.append(blockHash(bytes)))
      records.set(`${level}/${position}`, raw);
    previousHash = hash('sha256', bytes);
  }
  const trust: TrustRoot = {
    chainId: UNSIGNED.chainId,
    format: 'provchain/1',
    genesisHash: hash('sha256', headers[0]),
    producers: [producerOf(KEY)],
  };
  return { headers, records, trust };
}

const readerOf = ({ headers, records }: MemoryChain): ProofReader => ({
  headerAt: async (index) => headers[index] ?? null,
  subtreeAt: async (level, position) => records.get(`${level}/${position}`) ?? null,
});

const chain = memoryChain(70);

const request = (index: number, height: number) => ({
  chainId: UNSIGNED.chainId,
  format: 'provchain/1' as const,
  index,
  height,
  anchor: null,
});

const prove = (index: number, height: number, of = chain) => makeProof(readerOf(of), request(index, height));
const bytesOf = (value: unknown) => Buffer.from(JSON.stringify(value));

function refusal(
  bytes: Uint8Array,
  trust = chain.trust,
  payload?: Uint8Array,
): { code: string; message: string } {
  try {
    return { code: 'none', message: JSON.stringify(verifyProof(bytes, trust, payload)) };
  } catch (thrown) {
    return thrown as { code: string; message: string };
  }
}

describe('makeProof', () => {
  it('shows every block under every head above it, from chain.json alone', async () => {
    for (const height of [1, 2, 3, 8, 9, 33, 70]) {
      for (let index = 0; index < height; index++) {
        const statement = verifyProof(encodeProof(await prove(index, height)), chain.trust);
        const head = chain.headers[height - 1];
        expect(statement.block).toMatchObject({ index, hash: hash('sha256', chain.headers[index]) });
        expect(statement.head).toMatchObject({
          kind: 'header',
          index: height - 1,
          hash: hash('sha256', head),
        });
      }
    }
  });

  it('says what the header says of the payload, and who signed block and head when', async () => {
    const payload = payloadOf(4);
    expect(verifyProof(encodeProof(await prove(4, 9)), chain.trust, payload)).toEqual({
      chainId: UNSIGNED.chainId,
      format: 'provchain/1',
      block: {
        index: 4,
        hash: hash('sha256', chain.headers[4]),
        payloadHash: hash('sha256', payload),
        payloadBytes: payload.length,
        quadCount: 1,
        timestamp: UNSIGNED.timestamp,
        producer: UNSIGNED.producer,
      },
      head: {
        kind: 'header',
        index: 8,
        hash: hash('sha256', chain.headers[8]),
        producer: UNSIGNED.producer,
        timestamp: UNSIGNED.timestamp,
      },
    });
  });

  it('reads tree records, not all headers', async () => {
    const reader = readerOf(chain);
    let headers = 0;
    const headerAt = (index: number) => {
      headers++;
      return reader.headerAt(index);
    };
    await makeProof({ ...reader, headerAt }, request(11, 65));
    expect(headers).toBe(3);
  });

  it.each([
    ['missing', () => undefined],
    ['wrong', (raw: Uint8Array) => Buffer.from(raw).reverse()],
    ['of another length', () => Buffer.alloc(5)],
  ])('makes the same proof where tree records are %s', async (_, change) => {
    const records = new Map<string, Uint8Array>();
    for (const [place, raw] of chain.records) {
      const changed = change(raw);
      if (changed) records.set(place, changed);
    }
    expect(await prove(11, 65, { ...chain, records })).toEqual(await prove(11, 65));
  });

  it.each([
    [5, 5],
    [-1, 5],
    [0.5, 5],
    [0, 0],
  ])('refuses block %d of %d with OUT_OF_RANGE', async (index, height) => {
    await expect(prove(index, height)).rejects.toMatchObject({ code: 'OUT_OF_RANGE' });
  });

  it.each([
    ['the block has no header', (headers: Buffer[]) => delete headers[3], 3],
    ['the head has no header', (headers: Buffer[]) => delete headers[19], 19],
    ['the head is unusable', (headers: Buffer[]) => (headers[19] = Buffer.from('{}')), 19],
    ['the block was replaced', (headers: Buffer[]) => (headers[3] = headers[4]), 3],
  ])('says CHAIN_DAMAGED and the block where %s', async (_, damage, block) => {
    const headers = [...chain.headers];
    damage(headers);
    await expect(prove(3, 20, { ...chain, headers })).rejects.toMatchObject({
      code: 'CHAIN_DAMAGED',
      place: { block },
    });
  });
});

describe('a proof under an anchor', () => {
  const legacyHeaders = Array.from({ length: 6 }, (_, index) => {
    const block = {
      dataGraphIri: [],
      hash: ['aa'],
      index: [String(index)],
      previousHash: ['bb'],
      signature: [],
      timestamp: ['2026-01-01T00:00:00Z'],
      type: [],
      validator: [],
    };
    const payload = payloadOf(index);
    return encodeLegacyHeader({
      block,
      payloadBytes: payload.length,
      payloadHash: hash('sha256', payload),
      quadCount: 1,
    });
  });
  const tree = new HistoryTree();
  for (const header of legacyHeaders.slice(0, -1)) tree.append(blockHash(header));
  const unsigned = {
    chainId: UNSIGNED.chainId,
    hash: hash('sha256', legacyHeaders[5]),
    historyRoot: tree.rootHex(),
    index: 5,
    producer: producerOf(KEY),
    timestamp: UNSIGNED.timestamp,
  };
  const anchor = encodeAnchor(signAnchor(unsigned, KEY));
  const trust: TrustRoot = {
    ...chain.trust,
    format: 'provchain-org/0',
    genesisHash: hash('sha256', legacyHeaders[0]),
  };
  const reader: ProofReader = {
    headerAt: async (index) => legacyHeaders[index] ?? null,
    subtreeAt: async () => null,
  };
  const proveLegacy = (index: number, height = 6, bytes: Uint8Array | null = anchor) =>
    makeProof(reader, { chainId: trust.chainId, format: trust.format, index, height, anchor: bytes });

  it('shows every block of an imported chain, the last one too', async () => {
    for (let index = 0; index < 6; index++) {
      const { block, head } = verifyProof(encodeProof(await proveLegacy(index)), trust, payloadOf(index));
      expect(block).toMatchObject({ index, producer: null, timestamp: null });
      expect(head).toMatchObject({ kind: 'anchor', index: 5, hash: unsigned.hash });
    }
  });

  it('is refused at another height, without an anchor, and with one that is none', async () => {
    await expect(proveLegacy(0, 4)).rejects.toMatchObject({ code: 'OUT_OF_RANGE' });
    await expect(proveLegacy(0, 6, null)).rejects.toMatchObject({ code: 'CHAIN_DAMAGED' });
    await expect(proveLegacy(0, 6, Buffer.from('{}'))).rejects.toMatchObject({ code: 'CHAIN_DAMAGED' });
  });

  it('is refused when somebody else signed the anchor, or it names another block', async () => {
    const proof = await proveLegacy(2);
    const withHead = (head: Buffer) => bytesOf({ ...proof, head: head.toString('base64url') });
    const other = signAnchor({ ...unsigned, producer: producerOf(STRANGER) }, STRANGER);
    expect(refusal(withHead(encodeAnchor(other)), trust).message).toContain('not trusted');
    const forged = encodeAnchor({ ...other, producer: producerOf(KEY) });
    expect(refusal(withHead(forged), trust).message).toContain('signature');
    const moved = signAnchor({ ...unsigned, index: 6 }, KEY);
    expect(refusal(withHead(encodeAnchor(moved)), trust)).toMatchObject({ code: 'PROOF_INVALID' });
    expect(refusal(bytesOf({ ...proof, headKind: 'header' }), trust).message).toContain('imported chain');
  });
});

describe('verifyProof', () => {
  it('refuses every change of a single bit, byte by byte, or shows the same', async () => {
    for (const [index, height] of [
      [5, 13],
      [12, 13],
    ]) {
      const bytes = encodeProof(await prove(index, height));
      const statement = verifyProof(bytes, chain.trust);
      for (let at = 0; at < bytes.length; at++) {
        // One bit of each byte, a different one from byte to byte; the property below tries other values.
        const changed = Buffer.from(bytes);
        changed[at] ^= 1 << (at % 8);
        const answer = refusal(changed);
        if (answer.code === 'none') expect(JSON.parse(answer.message)).toEqual(statement);
        else expect(answer.code).toBe('PROOF_INVALID');
      }
    }
  });

  it('refuses other bytes in any place, or shows the same', async () => {
    const bytes = encodeProof(await prove(5, 13));
    const statement = verifyProof(bytes, chain.trust);
    const place = fc.nat(bytes.length - 1);
    fc.assert(
      fc.property(place, fc.nat(255), fc.constantFrom('set', 'drop', 'insert'), (at, value, how) => {
        const [before, after] = [bytes.subarray(0, at), bytes.subarray(how === 'insert' ? at : at + 1)];
        const added = how === 'drop' ? [] : [value];
        const answer = refusal(Buffer.concat([before, Buffer.from(added), after]));
        if (answer.code === 'none') expect(JSON.parse(answer.message)).toEqual(statement);
        else expect(answer.code).toBe('PROOF_INVALID');
      }),
      { numRuns: 1000 },
    );
  });

  it('takes a proof that was formatted anew, and none with a field twice, missing or added', async () => {
    const proof = await prove(5, 13);
    const statement = verifyProof(encodeProof(proof), chain.trust);
    expect(verifyProof(Buffer.from(JSON.stringify(proof, null, 4)), chain.trust)).toEqual(statement);
    const text = JSON.stringify(proof);
    const { root, ...rest } = proof;
    for (const wrong of [
      text.replace('{', '{"root":"00",'),
      JSON.stringify(rest),
      JSON.stringify({ ...proof, note: 1 }),
      `${text}${text}`,
      '[]',
      '',
    ]) {
      expect(refusal(Buffer.from(wrong))).toMatchObject({ code: 'PROOF_INVALID' });
    }
    expect(decodeProof(Buffer.alloc(4 << 20, 0x20))).toMatchObject({
      problem: expect.stringContaining('bytes'),
    });
  });

  it('refuses a part of another proof in any field', async () => {
    const [one, other] = [await prove(5, 13), await prove(6, 20)];
    for (const name of Object.keys(one) as (keyof InclusionProof)[]) {
      if (JSON.stringify(one[name]) === JSON.stringify(other[name])) continue;
      expect(refusal(bytesOf({ ...one, [name]: other[name] }))).toMatchObject({ code: 'PROOF_INVALID' });
    }
  });

  it.each<[string, Partial<TrustRoot>, string]>([
    ['of another chain', { chainId: 'another' }, 'about the chain'],
    ['of another format', { format: 'provchain-org/0' }, 'format'],
    ['whose producer is not trusted', { producers: [producerOf(STRANGER)] }, 'not trusted'],
  ])('refuses a proof %s', async (_, change, problem) => {
    const { code, message } = refusal(encodeProof(await prove(5, 13)), { ...chain.trust, ...change });
    expect(code).toBe('PROOF_INVALID');
    expect(message).toContain(problem);
  });

  it('refuses block 0 of a chain with another genesis block', async () => {
    const trust = { ...chain.trust, genesisHash: '0'.repeat(64) };
    expect(refusal(encodeProof(await prove(0, 13)), trust).message).toContain('genesis');
  });

  it('refuses a chain of somebody else that says it is this one', async () => {
    const forged = memoryChain(20, STRANGER);
    const proof = encodeProof(await prove(5, 13, forged));
    expect(refusal(proof).message).toContain('not trusted');
  });

  it('refuses a block that is not in the history, under a head that is', async () => {
    const forged = memoryChain(6, STRANGER);
    const proof = await prove(5, 13);
    const block = {
      blockHash: hash('sha256', forged.headers[5]),
      blockHeader: forged.headers[5].toString('base64url'),
    };
    expect(refusal(bytesOf({ ...proof, ...block })).code).toBe('PROOF_INVALID');
    // Signed by the producer, but never stored: a header alone proves nothing.
    const loose = encodeHeader(
      signHeader({ ...UNSIGNED, index: 5, timestamp: '2026-03-01T00:00:00.000Z' }, KEY),
    );
    const fields = { blockHash: hash('sha256', loose), blockHeader: loose.toString('base64url') };
    expect(refusal(bytesOf({ ...proof, ...fields })).message).toContain('path');
    const asHead = { ...(await prove(5, 6)), ...fields };
    expect(refusal(bytesOf(asHead)).message).toContain('not the head');
  });

  it('refuses another payload', async () => {
    const proof = encodeProof(await prove(5, 13));
    expect(refusal(proof, chain.trust, payloadOf(5)).code).toBe('none');
    expect(refusal(proof, chain.trust, payloadOf(6)).message).toContain('payload');
  });
});

describe('the golden proof', () => {
  const golden = JSON.parse(readFileSync(join(projectRoot(), 'test/golden/provchain-1.json'), 'utf8')) as {
    blocks: { header: string }[];
    files: Record<string, string>;
  };
  const headers = golden.blocks.map(({ header }) => Buffer.from(header));
  const trust = JSON.parse(golden.files['chain.json']) as TrustRoot;

  it('is what the golden chain gives, down to each byte, and holds', async () => {
    const reader: ProofReader = { headerAt: async (index) => headers[index], subtreeAt: async () => null };
    const { chainId, format } = trust;
    const height = headers.length;
    const proof = encodeProof(await makeProof(reader, { chainId, format, index: 1, height, anchor: null }));
    await expect(proof.toString()).toMatchFileSnapshot(
      join(projectRoot(), 'test/golden/provchain-proof-1.json'),
    );
    expect(verifyProof(proof, trust).block.hash).toBe(hash('sha256', headers[1]));
  });
});
