import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  blockHash,
  blockKey,
  decodeAnchor,
  encodeAnchor,
  encodeHeadRecord,
  encodeStoredHeader,
  generateProducerKey,
  HEAD_KEY,
  producerOf,
  signAnchor,
  treeKey,
} from '../../src/chain/index.js';
import { chainFiles } from '../../src/ledger/index.js';
import type { FindingCode, Level, Status } from '../../src/validation/index.js';
import { LEVELS } from '../../src/validation/index.js';
import { copyChain, smallChain, temporaryFolder, validateChain } from '../support/chains.js';
import { type Forgery, forge, producerKey } from '../support/forge.js';
import { type RawStore, tamper } from '../support/raw-store.js';

/** Genesis and eleven documents; damage is done to block 5 where nothing else is said. */
const LAST = 11;
const HEX = 'ab'.repeat(32);

interface Case {
  readonly damage: string;
  readonly code: FindingCode;
  readonly block: number | null;
  /** The lowest level that must find it. */
  readonly level: Level;
  readonly status?: Status;
  readonly apply: (dir: string) => Promise<void> | void;
}

const store = (change: (raw: RawStore) => Promise<void>) => (dir: string) => tamper(dir, change);
const forged =
  (forgery: Forgery, index = 5) =>
  (dir: string) =>
    forge(dir, { [index]: forgery });

const change = (column: 'header' | 'payload', index: number, edit: (value: Buffer) => Buffer) =>
  store(async (raw) => raw.put(column, blockKey(index), edit(await raw.get(column, blockKey(index)))));

/** Rewrites block 5's payload as text; the stored digest then no longer fits. */
const rewrite = (edit: (lines: string[]) => string[], newline = '\n') =>
  change('payload', 5, (value) =>
    Buffer.from(`${edit(value.toString().trimEnd().split('\n')).join(newline)}${newline}`),
  );

const reanchor = (dir: string, edit: object, key = producerKey(dir)) => {
  const decoded = decodeAnchor(readFileSync(join(dir, 'anchor.json')));
  if ('problem' in decoded) throw new Error(decoded.problem);
  const { signature: _, ...unsigned } = { ...decoded.anchor, ...edit };
  writeFileSync(
    join(dir, 'anchor.json'),
    encodeAnchor(signAnchor({ ...unsigned, producer: producerOf(key) }, key)),
  );
};

const payloadOf = async (dir: string, index: number): Promise<Buffer> => {
  let payload: Buffer = Buffer.alloc(0);
  await tamper(dir, async (raw) => {
    payload = await raw.get('payload', blockKey(index));
  });
  return payload;
};

const forgedPayload = (edit: (payload: string) => string | Buffer) => async (dir: string) => {
  const payload = Buffer.from(edit((await payloadOf(dir, 5)).toString()) as string);
  await forge(dir, { 5: { payload } });
};

/** Canonicalizing it takes more work than any limit allows: a clique of blank nodes that all look alike. */
function clique(size: number): string {
  const lines: string[] = [];
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) if (i !== j) lines.push(`_:n${i} <http://example.org/p> _:n${j} .`);
  }
  return `${lines.join('\n')}\n`;
}

const CASES: readonly Case[] = [
  {
    damage: 'a header deleted',
    code: 'HEADER_MISSING',
    block: 5,
    level: 'Minimal',
    apply: store((raw) => raw.delete('header', blockKey(5))),
  },
  {
    damage: 'a bit of the stored block hash flipped',
    code: 'HEADER_HASH_MISMATCH',
    block: 5,
    level: 'Minimal',
    apply: change('header', 5, (value) => {
      value[3] ^= 1;
      return value;
    }),
  },
  {
    damage: 'a header replaced by other JSON with its right hash',
    code: 'HEADER_INVALID',
    block: 5,
    level: 'Minimal',
    apply: change('header', 5, () => encodeStoredHeader(blockHash(Buffer.from('{}')), Buffer.from('{}'))),
  },
  {
    damage: 'a header value too short for a hash',
    code: 'HEADER_INVALID',
    block: 5,
    level: 'Minimal',
    apply: change('header', 5, (value) => value.subarray(0, 20)),
  },
  {
    damage: 'a signed header that names another height',
    code: 'INDEX_MISMATCH',
    block: 5,
    level: 'Minimal',
    apply: forged({ header: { index: 7 } }),
  },
  {
    damage: 'a signed header of another chain',
    code: 'CHAIN_ID_MISMATCH',
    block: 5,
    level: 'Minimal',
    apply: forged({ header: { chainId: 'another-chain' } }),
  },
  {
    damage: 'the chain record deleted',
    code: 'CHAIN_ID_MISMATCH',
    block: null,
    level: 'Minimal',
    apply: store((raw) => raw.delete('default', Buffer.from('chain'))),
  },
  {
    damage: 'a signed header with another previousHash',
    code: 'LINK_BROKEN',
    block: 5,
    level: 'Minimal',
    apply: forged({ header: { previousHash: HEX } }),
  },
  {
    damage: 'a header swapped for that of another block',
    code: 'LINK_BROKEN',
    block: 6,
    level: 'Minimal',
    apply: store(async (raw) => raw.put('header', blockKey(5), await raw.get('header', blockKey(4)))),
  },
  {
    damage: 'a signed header from before its predecessor',
    code: 'TIMESTAMP_REGRESSION',
    block: 5,
    level: 'Minimal',
    apply: forged({ header: { timestamp: '2001-01-01T00:00:00.000Z' } }),
  },
  {
    damage: 'a chain that is another from genesis on',
    code: 'GENESIS_MISMATCH',
    block: 0,
    level: 'Minimal',
    apply: forged({ header: { timestamp: '2001-01-01T00:00:00.000Z' } }, 0),
  },
  {
    damage: 'the head record deleted',
    code: 'HEAD_MISMATCH',
    block: null,
    level: 'Minimal',
    apply: store((raw) => raw.delete('default', HEAD_KEY)),
  },
  {
    damage: 'the head record with another hash',
    code: 'HEAD_MISMATCH',
    block: null,
    level: 'Minimal',
    apply: store((raw) => raw.put('default', HEAD_KEY, encodeHeadRecord({ hash: HEX, index: LAST }))),
  },
  {
    damage: 'the head record ahead of the blocks',
    code: 'HEAD_MISMATCH',
    block: null,
    level: 'Minimal',
    apply: store((raw) => raw.put('default', HEAD_KEY, encodeHeadRecord({ hash: HEX, index: LAST + 9 }))),
  },
  {
    damage: 'the last two blocks and the head record cut off',
    code: 'TRUNCATED',
    block: LAST - 1,
    level: 'Minimal',
    apply: store(async (raw) => {
      for (const index of [LAST - 1, LAST]) {
        await raw.delete('header', blockKey(index));
        await raw.delete('payload', blockKey(index));
      }
      const hash = (await raw.get('header', blockKey(LAST - 2))).toString('hex', 0, 32);
      await raw.put('default', HEAD_KEY, encodeHeadRecord({ hash, index: LAST - 2 }));
    }),
  },
  {
    damage: 'the head record set back over blocks that are still there',
    code: 'TRUNCATED',
    block: LAST - 1,
    level: 'Minimal',
    apply: store(async (raw) => {
      const hash = (await raw.get('header', blockKey(LAST - 2))).toString('hex', 0, 32);
      await raw.put('default', HEAD_KEY, encodeHeadRecord({ hash, index: LAST - 2 }));
    }),
  },
  {
    damage: 'the anchor deleted',
    code: 'ANCHOR_INVALID',
    block: null,
    level: 'Minimal',
    apply: (dir) => rmSync(join(dir, 'anchor.json')),
  },
  {
    damage: 'the anchor replaced by text',
    code: 'ANCHOR_INVALID',
    block: null,
    level: 'Minimal',
    apply: (dir) => writeFileSync(join(dir, 'anchor.json'), 'healthy'),
  },
  {
    damage: 'an anchor signed by a stranger',
    code: 'ANCHOR_INVALID',
    block: null,
    level: 'Minimal',
    apply: (dir) => reanchor(dir, {}, generateProducerKey()),
  },
  {
    damage: 'an anchor of another chain',
    code: 'ANCHOR_INVALID',
    block: null,
    level: 'Minimal',
    apply: (dir) => reanchor(dir, { chainId: 'another-chain' }),
  },
  {
    damage: 'an anchor with a byte of its signature changed',
    code: 'ANCHOR_INVALID',
    block: null,
    level: 'Minimal',
    apply: (dir) => {
      const path = join(dir, 'anchor.json');
      const text = readFileSync(path, 'utf8');
      const at = text.indexOf('"signature":"') + 15;
      writeFileSync(path, text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1));
    },
  },
  {
    damage: 'a signed anchor with another hash',
    code: 'ANCHOR_MISMATCH',
    block: LAST,
    level: 'Minimal',
    apply: (dir) => reanchor(dir, { hash: HEX }),
  },
  {
    damage: 'a signed anchor with another history root',
    code: 'ANCHOR_MISMATCH',
    block: LAST,
    level: 'Minimal',
    apply: (dir) => reanchor(dir, { historyRoot: HEX }),
  },
  {
    damage: 'a signed header with another history root',
    code: 'HISTORY_ROOT_MISMATCH',
    block: 5,
    level: 'Full',
    apply: forged({ header: { historyRoot: HEX } }),
  },
  {
    damage: 'a payload deleted',
    code: 'PAYLOAD_MISSING',
    block: 5,
    level: 'Standard',
    apply: store((raw) => raw.delete('payload', blockKey(5))),
  },
  {
    damage: 'one character of one literal changed',
    code: 'PAYLOAD_DIGEST_MISMATCH',
    block: 5,
    level: 'Standard',
    apply: change('payload', 5, (value) => Buffer.from(value.toString().replace('BATCH-', 'BATCH+'))),
  },
  {
    damage: 'a quad taken out',
    code: 'PAYLOAD_DIGEST_MISMATCH',
    block: 5,
    level: 'Standard',
    apply: rewrite((lines) => lines.slice(1)),
  },
  {
    damage: 'a quad taken out, as counted',
    code: 'QUAD_COUNT_MISMATCH',
    block: 5,
    level: 'Standard',
    apply: rewrite((lines) => lines.slice(1)),
  },
  {
    damage: 'a payload cut short',
    code: 'PAYLOAD_SIZE_MISMATCH',
    block: 5,
    level: 'Standard',
    apply: change('payload', 5, (value) => value.subarray(0, value.length - 7)),
  },
  {
    damage: 'a signed header with another payload size',
    code: 'PAYLOAD_SIZE_MISMATCH',
    block: 5,
    level: 'Standard',
    apply: forged({ header: { payloadBytes: 1 } }),
  },
  {
    damage: 'a byte of a payload that is no UTF-8',
    code: 'PAYLOAD_ENCODING',
    block: 5,
    level: 'Standard',
    apply: change('payload', 5, (value) => {
      value[value.indexOf('BATCH')] = 0xff;
      return value;
    }),
  },
  {
    damage: 'a signed payload that is no UTF-8',
    code: 'PAYLOAD_ENCODING',
    block: 5,
    level: 'Full',
    apply: forged({
      payload: Buffer.from([0x3c, 0xff, 0x3e, 0x0a]),
      header: { quadCount: 1, transactionCount: 1 },
    }),
  },
  {
    damage: 'a payload that is no N-Quads',
    code: 'PAYLOAD_SYNTAX',
    block: 5,
    level: 'Standard',
    apply: change('payload', 5, () => Buffer.from('no quads at all\n')),
  },
  {
    damage: 'a signed payload that is no N-Quads',
    code: 'PAYLOAD_SYNTAX',
    block: 5,
    level: 'Full',
    apply: forged({ payload: Buffer.from('no quads\n'), header: { quadCount: 1, transactionCount: 1 } }),
  },
  {
    damage: 'a signed header that counts one quad more',
    code: 'QUAD_COUNT_MISMATCH',
    block: 5,
    level: 'Standard',
    apply: forged({ header: { quadCount: 17 } }),
  },
  {
    damage: 'a signed header that counts one transaction more',
    code: 'TRANSACTION_COUNT_MISMATCH',
    block: 5,
    level: 'Standard',
    apply: forged({ header: { transactionCount: 2 } }),
  },
  {
    damage: 'a signature of another block',
    code: 'SIGNATURE_INVALID',
    block: 5,
    level: 'Comprehensive',
    apply: forged({ header: { signature: `${'A'.repeat(85)}A` } }),
  },
  {
    damage: 'a block above the anchor that is not signed',
    code: 'SIGNATURE_INVALID',
    block: LAST,
    level: 'Minimal',
    apply: async (dir) => {
      await forge(dir, { [LAST]: { header: { signature: `${'A'.repeat(85)}A` } } });
      let hash = '';
      let historyRoot = '';
      await tamper(dir, async (raw) => {
        const value = await raw.get('header', blockKey(LAST - 1));
        hash = value.toString('hex', 0, 32);
        historyRoot = JSON.parse(value.toString('utf8', 32)).historyRoot;
      });
      reanchor(dir, { index: LAST - 1, hash, historyRoot });
    },
  },
  {
    damage: 'a block signed by a stranger',
    code: 'SIGNER_UNTRUSTED',
    block: 5,
    level: 'Minimal',
    apply: forged({ key: generateProducerKey() }),
  },
  {
    damage: 'a signed payload with its lines out of order',
    code: 'CANONICAL_MISMATCH',
    block: 5,
    level: 'Comprehensive',
    apply: forgedPayload((payload) => `${payload.trimEnd().split('\n').reverse().join('\n')}\n`),
  },
  {
    damage: 'a signed payload that takes too much work',
    code: 'CANONICAL_LIMIT',
    block: 5,
    level: 'Comprehensive',
    status: 'Incomplete',
    apply: forged({ payload: Buffer.from(clique(12)), header: { quadCount: 132, transactionCount: 1 } }),
  },
  {
    damage: 'the lines of a payload in another order',
    code: 'PAYLOAD_NOT_CANONICAL',
    block: 5,
    level: 'Standard',
    status: 'Warning',
    apply: rewrite((lines) => lines.toReversed()),
  },
  {
    damage: 'a payload with CRLF',
    code: 'PAYLOAD_NOT_CANONICAL',
    block: 5,
    level: 'Standard',
    status: 'Warning',
    apply: rewrite((lines) => lines, '\r\n'),
  },
  {
    damage: 'a payload with a line twice',
    code: 'PAYLOAD_NOT_CANONICAL',
    block: 5,
    level: 'Standard',
    status: 'Warning',
    apply: rewrite((lines) => [...lines, lines[0]]),
  },
  {
    damage: 'a payload with its blank nodes renamed',
    code: 'PAYLOAD_NOT_CANONICAL',
    block: 5,
    level: 'Standard',
    status: 'Warning',
    apply: rewrite((lines) => lines.map((line) => line.replaceAll('_:c14n', '_:other'))),
  },
  ...(['default', 'header', 'payload'] as const).map(
    (column): Case => ({
      damage: `a key of nobody's in the column family ${column}`,
      code: 'UNKNOWN_KEY',
      block: null,
      level: 'Standard',
      status: 'Warning',
      apply: store((raw) => raw.put(column, Buffer.from('t-nobody'.slice(0, 7)), Buffer.from('x'))),
    }),
  ),
  {
    damage: 'a key between two blocks',
    code: 'UNKNOWN_KEY',
    block: null,
    level: 'Standard',
    status: 'Warning',
    apply: store((raw) =>
      raw.put('payload', Buffer.concat([blockKey(5), Buffer.from([0])]), Buffer.from('x')),
    ),
  },
  {
    damage: 'a tree record of blocks that do not exist',
    code: 'UNKNOWN_KEY',
    block: null,
    level: 'Standard',
    status: 'Warning',
    apply: store((raw) => raw.put('default', treeKey(1, 1000), Buffer.alloc(32))),
  },
  {
    damage: 'a payload behind the head',
    code: 'ORPHAN_PAYLOAD',
    block: 500,
    level: 'Standard',
    status: 'Warning',
    apply: store((raw) => raw.put('payload', blockKey(500), Buffer.from('x'))),
  },
  {
    damage: 'a tree record changed',
    code: 'TREE_RECORD_MISMATCH',
    block: 5,
    level: 'Full',
    status: 'Warning',
    apply: store((raw) => raw.put('default', treeKey(1, 2), Buffer.alloc(32))),
  },
  {
    damage: 'a tree record deleted',
    code: 'TREE_RECORD_MISMATCH',
    block: 7,
    level: 'Full',
    status: 'Warning',
    apply: store((raw) => raw.delete('default', treeKey(3, 0))),
  },
  {
    damage: 'a signed header that counts one quad more, as SPARQL counts',
    code: 'SPARQL_COUNT_MISMATCH',
    block: 5,
    level: 'Comprehensive',
    apply: forged({ header: { quadCount: 17 } }),
  },
  {
    damage: 'a signed payload with its labels exchanged',
    code: 'ENGINE_DISAGREEMENT',
    block: 5,
    level: 'Full',
    apply: forgedPayload((payload) => {
      const exchanged = payload.replaceAll('_:c14n0 ', '_:c14n9 ').replaceAll('_:c14n1 ', '_:c14n0 ');
      return `${exchanged.replaceAll('_:c14n9 ', '_:c14n1 ').trimEnd().split('\n').sort().join('\n')}\n`;
    }),
  },
  {
    damage: 'a signed payload with a line twice',
    code: 'ENGINE_DISAGREEMENT',
    block: 5,
    level: 'Full',
    apply: forgedPayload((payload) => payload.split('\n')[0].concat('\n', payload)),
  },
];

const folder = temporaryFolder();
const base = join(folder.path, 'base');
let copies = 0;
const copy = () => copyChain(base, join(folder.path, `copy-${copies++}`));

beforeAll(() => smallChain(base, LAST, 16));
afterAll(folder.remove);

describe('validate', () => {
  it.each(LEVELS)('finds nothing on the clean twin at level %s', async (level) => {
    const report = await validateChain(base, { level });
    expect(report).toMatchObject({ status: 'Healthy', complete: true, findings: [], findingCounts: {} });
    expect(report.checked.headers).toBe(LAST + 1);
  });

  it.each(LEVELS)(
    'finds nothing on a chain signed anew from block 5 without any lie, at level %s',
    async (level) => {
      const dir = copy();
      await forge(dir, { 5: {} });
      expect(await validateChain(dir, { level })).toMatchObject({ status: 'Healthy', findings: [] });
    },
  );

  it.each(CASES)('reports $code at block $block for $damage, from level $level on', async (test) => {
    const dir = copy();
    await test.apply(dir);
    for (const level of LEVELS.slice(LEVELS.indexOf(test.level))) {
      const report = await validateChain(dir, { level });
      const found = report.findings.map(({ code, block }) => `${code} ${block}`);
      expect(found, `${level}: ${JSON.stringify(report.findings)}`).toContain(`${test.code} ${test.block}`);
      expect(report.status).toBe(test.status ?? 'Critical');
      expect(report.findingCounts[test.code]).toBeGreaterThan(0);
    }
  });

  it('finds the same with shards of one block and of all blocks', { timeout: 180_000 }, async () => {
    for (const test of CASES) {
      const dir = copy();
      await test.apply(dir);
      const digests = new Set<string>();
      for (const batchSize of [1, 5, 1000]) {
        const report = await validateChain(dir, { level: 'Full', batchSize, canonicalWorkLimit: 2000 });
        digests.add(report.reportDigest);
      }
      expect([...digests], test.damage).toHaveLength(1);
    }
  });

  it('passes a chain without its anchor only when told to go without, and says so', async () => {
    const dir = copy();
    rmSync(join(dir, 'anchor.json'));
    const report = await validateChain(dir, { level: 'Full', requireAnchor: false });
    expect(report).toMatchObject({ status: 'Healthy', anchored: false });
  });

  it('accepts a chain ahead of its anchor when the blocks above it are signed', async () => {
    const dir = copy();
    const { anchor } = await chainFiles(dir);
    const grown = copy();
    await forge(grown, { [LAST]: {} });
    expect(anchor).not.toBeNull();
    let hash = '';
    let historyRoot = '';
    await tamper(grown, async (raw) => {
      const value = await raw.get('header', blockKey(7));
      hash = value.toString('hex', 0, 32);
      historyRoot = JSON.parse(value.toString('utf8', 32)).historyRoot;
    });
    reanchor(grown, { index: 7, hash, historyRoot });
    const report = await validateChain(grown, { level: 'Minimal' });
    expect(report).toMatchObject({ status: 'Healthy', verifiedAboveAnchor: LAST - 7 });
  });
});
