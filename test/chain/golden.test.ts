import { createPublicKey, hash, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  blockHash,
  blockKey,
  CHAIN_KEY,
  decodeProducerKey,
  encodeAnchor,
  encodeChainRecord,
  encodeHeader,
  encodeHeadRecord,
  encodeReplicaName,
  encodeStoredHeader,
  encodeTrustRoot,
  FORMAT_NATIVE,
  HEAD_KEY,
  HistoryTree,
  producerOf,
  signAnchor,
  signHeader,
  type TrustRoot,
  treeKey,
  verifyHeader,
  ZERO_HASH,
} from '../../src/chain/index.js';
import { canonicalize } from '../../src/rdf/index.js';
import { projectRoot } from '../support/project.js';

interface GoldenBlock {
  readonly payload: string;
  readonly quadCount: number;
  readonly transactionCount: number;
  readonly timestamp: string;
  readonly historyRoot: string;
  readonly signingInput: string;
  readonly signature: string;
  readonly header: string;
  readonly hash: string;
}

/** A small chain of the format `provchain/1`, down to each byte; column families map hex keys to hex values. */
interface GoldenChain {
  readonly chainId: string;
  readonly replicaId: string;
  readonly privateKey: string;
  readonly producer: string;
  readonly blocks: readonly GoldenBlock[];
  readonly columns: Readonly<Record<'default' | 'header' | 'payload', Readonly<Record<string, string>>>>;
  readonly files: Readonly<Record<'anchor.json' | 'chain.json' | 'replica.json', string>>;
}

const golden = JSON.parse(
  readFileSync(join(projectRoot(), 'test/golden/provchain-1.json'), 'utf8'),
) as GoldenChain;

/** The chain made anew from the golden inputs: key, ids, payloads with their counts, and timestamps. */
function makeChain(): GoldenChain {
  const { chainId, replicaId, privateKey } = golden;
  const key = decodeProducerKey(privateKey);
  const producer = producerOf(key);
  const tree = new HistoryTree();
  const columns: Record<keyof GoldenChain['columns'], Record<string, string>> = {
    default: {},
    header: {},
    payload: {},
  };
  let previousHash = ZERO_HASH;
  const blocks = golden.blocks.map(({ payload, quadCount, transactionCount, timestamp }, index) => {
    const historyRoot = tree.rootHex();
    const header = signHeader(
      {
        chainId,
        historyRoot,
        index,
        payloadBytes: Buffer.byteLength(payload),
        payloadHash: hash('sha256', payload),
        previousHash,
        producer,
        quadCount,
        timestamp,
        transactionCount,
      },
      key,
    );
    const bytes = encodeHeader(header);
    const raw = blockHash(bytes);
    previousHash = raw.toString('hex');
    columns.header[blockKey(index).toString('hex')] = encodeStoredHeader(raw, bytes).toString('hex');
    columns.payload[blockKey(index).toString('hex')] = Buffer.from(payload).toString('hex');
    for (const subtree of tree.append(raw)) {
      const key = treeKey(subtree.level, subtree.position).toString('hex');
      columns.default[key] = Buffer.from(subtree.hash).toString('hex');
    }
    const { signature } = header;
    const signingInput = `provchain/1\n${bytes.toString().replace(`"signature":"${signature}",`, '')}`;
    return {
      payload,
      quadCount,
      transactionCount,
      timestamp,
      historyRoot,
      signingInput,
      signature,
      header: bytes.toString(),
      hash: previousHash,
    };
  });
  const last = blocks[blocks.length - 1];
  const index = blocks.length - 1;
  columns.default[HEAD_KEY.toString('hex')] = encodeHeadRecord({ hash: last.hash, index }).toString('hex');
  columns.default[CHAIN_KEY.toString('hex')] = encodeChainRecord({ chainId, format: FORMAT_NATIVE }).toString(
    'hex',
  );
  const { hash: headHash, historyRoot, timestamp } = last;
  const anchor = signAnchor({ chainId, hash: headHash, historyRoot, index, producer, timestamp }, key);
  const trust: TrustRoot = {
    chainId,
    format: FORMAT_NATIVE,
    genesisHash: blocks[0].hash,
    producers: [producer],
  };
  return {
    chainId,
    replicaId,
    privateKey,
    producer,
    blocks,
    columns,
    files: {
      'anchor.json': encodeAnchor(anchor).toString(),
      'chain.json': encodeTrustRoot(trust).toString(),
      'replica.json': encodeReplicaName({ replicaId }).toString(),
    },
  };
}

describe('the golden chain of provchain/1', () => {
  it('comes out the same, byte for byte', () => {
    expect(makeChain()).toEqual(golden);
  });

  it('has the keys and record values of the format, spelt out', () => {
    const { default: records, header, payload } = golden.columns;
    const keys = [
      '0000000000000000',
      '0000000000000001',
      '0000000000000002',
      '0000000000000003',
      '0000000000000004',
    ];
    expect(Object.keys(header)).toEqual(keys);
    expect(Object.keys(payload)).toEqual(keys);
    expect(Object.keys(records).sort()).toEqual([
      '636861696e', // chain
      '68656164', // head
      '74010000000000000000', // t, level 1, position 0
      '74010000000000000001',
      '74020000000000000000',
    ]);
    const text = (hex: string): string => Buffer.from(hex, 'hex').toString();
    expect(text(records['636861696e'])).toBe('{"chainId":"golden","format":"provchain/1"}');
    expect(text(records['68656164'])).toBe(`{"hash":"${golden.blocks[4].hash}","index":4}`);
  });

  it('has canonical payloads and their counts', () => {
    for (const { payload, quadCount, transactionCount } of golden.blocks) {
      expect(canonicalize(Buffer.from(payload))).toMatchObject({
        unchanged: true,
        quads: quadCount,
        transactions: transactionCount,
      });
    }
  });

  it('holds by its definition alone', () => {
    const publicKey = createPublicKey(golden.privateKey);
    let previousHash = '0'.repeat(64);
    for (const [index, block] of golden.blocks.entries()) {
      const fields = JSON.parse(block.header) as Record<string, unknown>;
      expect(Object.keys(fields)).toEqual(Object.keys(fields).sort());
      expect(JSON.stringify(fields)).toBe(block.header);
      expect(fields).toMatchObject({ index, previousHash, payloadHash: hash('sha256', block.payload) });
      const { signature, ...unsigned } = fields;
      expect(block.signingInput).toBe(`provchain/1\n${JSON.stringify(unsigned)}`);
      const raw = Buffer.from(signature as string, 'base64url');
      expect(verify(null, Buffer.from(block.signingInput), publicKey, raw)).toBe(true);
      expect(verifyHeader(Buffer.from(block.header))).toBe(true);
      previousHash = hash('sha256', block.header);
      expect(block.hash).toBe(previousHash);
    }
  });
});
