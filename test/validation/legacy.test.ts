import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  blockHash,
  blockKey,
  encodeHeadRecord,
  encodeLegacyHeader,
  encodeStoredHeader,
  HEAD_KEY,
} from '../../src/chain/index.js';
import { importLegacyDump } from '../../src/ledger/index.js';
import { LEVELS } from '../../src/validation/index.js';
import { copyChain, temporaryFolder, validateChain } from '../support/chains.js';
import { fixtures } from '../support/project.js';
import { tamper } from '../support/raw-store.js';

const dumps = fixtures('provchain-org');
if (!dumps)
  console.warn('skipped: the stores of the predecessor are not in ../shared/fixtures (PROVCHAIN_FIXTURES)');

const folder = temporaryFolder();
afterAll(folder.remove);

/** What FORMAT.md of the fixtures says of each store, and what validation makes of it. */
const STORES = [
  { file: 'node1.nq', heights: 955, ambiguous: 115 },
  { file: 'four-runs.nq', heights: 5, ambiguous: 4 },
  { file: 'persistence.nq', heights: 3, ambiguous: 0 },
  { file: 'demo.nq', heights: 2, ambiguous: 0 },
];

describe.skipIf(!dumps)('validate on an imported chain', () => {
  beforeAll(async () => {
    for (const { file } of STORES) {
      await importLegacyDump(join(folder.path, file), readFileSync(join(dumps ?? '', file)));
    }
  });

  it.each(STORES)(
    'warns, and accuses nothing, in $file at every level',
    async ({ file, heights, ambiguous }) => {
      for (const level of LEVELS) {
        const report = await validateChain(join(folder.path, file), { level });
        const { LEGACY_HASH = 0, HEADER_AMBIGUOUS = 0, ...others } = report.findingCounts;
        expect(others, level).toEqual({});
        expect(HEADER_AMBIGUOUS).toBe(ambiguous);
        expect(LEGACY_HASH).toBe(level === 'Minimal' ? 0 : heights - ambiguous);
        expect(report).toMatchObject({ complete: true, checked: { headers: heights } });
      }
    },
  );

  it('says the same for every sharding', async () => {
    const digests = new Set<string>();
    for (const batchSize of [7, 100, 1000]) {
      digests.add(
        (await validateChain(join(folder.path, 'node1.nq'), { level: 'Full', batchSize })).reportDigest,
      );
    }
    expect(digests.size).toBe(1);
  });

  it('reports ANCHOR_MISMATCH at every level when a header was rewritten together with its hash', async () => {
    const dir = copyChain(join(folder.path, 'node1.nq'), join(folder.path, 'rewritten'));
    await tamper(dir, async (raw) => {
      const value = await raw.get('header', blockKey(500));
      const bytes = Buffer.from(value.toString('utf8', 32).replace('"quadCount":', '"quadCount":1'));
      await raw.put('header', blockKey(500), encodeStoredHeader(blockHash(bytes), bytes));
    });
    for (const level of LEVELS) {
      const report = await validateChain(dir, { level });
      expect(report.status, level).toBe('Critical');
      expect(report.findings.map(({ code }) => code)).toContain('ANCHOR_MISMATCH');
    }
  });

  it('reports ANCHOR_MISMATCH in every part of the chain when a second value was added to a header', async () => {
    const dir = copyChain(join(folder.path, 'node1.nq'), join(folder.path, 'ambiguous'));
    await tamper(dir, async (raw) => {
      const header = JSON.parse((await raw.get('header', blockKey(500))).toString('utf8', 32));
      header.block.hash.push('f'.repeat(65));
      const bytes = encodeLegacyHeader(header);
      await raw.put('header', blockKey(500), encodeStoredHeader(blockHash(bytes), bytes));
    });
    for (const level of LEVELS) {
      for (const [from, to] of [
        [0, 510],
        [490, 510],
        [600, 955],
      ]) {
        const { status, findingCounts } = await validateChain(dir, { level, from, to });
        expect(status, `${level} ${from}`).toBe('Critical');
        expect(findingCounts.ANCHOR_MISMATCH).toBe(1);
      }
    }
  });

  it('reports ANCHOR_MISMATCH at a block that was added, at every level, because nothing signs it', async () => {
    const dir = copyChain(join(folder.path, 'demo.nq'), join(folder.path, 'added'));
    await tamper(dir, async (raw) => {
      const header = JSON.parse((await raw.get('header', blockKey(1))).toString('utf8', 32));
      const { block } = header;
      const next = { ...header, block: { ...block, index: ['2'], previousHash: block.hash } };
      const bytes = encodeLegacyHeader(next);
      const hash = blockHash(bytes);
      await raw.put('header', blockKey(2), encodeStoredHeader(hash, bytes));
      await raw.put('payload', blockKey(2), await raw.get('payload', blockKey(1)));
      await raw.put('default', HEAD_KEY, encodeHeadRecord({ hash: hash.toString('hex'), index: 2 }));
    });
    for (const level of LEVELS) {
      const { status, findings } = await validateChain(dir, { level });
      expect(status, level).toBe('Critical');
      expect(findings.map(({ code, block }) => `${code} ${block}`)).toContain('ANCHOR_MISMATCH 2');
    }
  });

  it('says the same for every sharding when payloads were changed', async () => {
    const dir = copyChain(join(folder.path, 'node1.nq'), join(folder.path, 'payloads'));
    await tamper(dir, async (raw) => {
      for (const index of [99, 199, 300]) {
        const value = (await raw.get('payload', blockKey(index))).toString();
        await raw.put('payload', blockKey(index), Buffer.from(value.replace('> "', '> "x')));
      }
    });
    const digests = new Set<string>();
    for (const batchSize of [1, 100, 1000]) {
      const report = await validateChain(dir, { level: 'Standard', batchSize });
      expect(report.findingCounts.PAYLOAD_DIGEST_MISMATCH).toBe(3);
      digests.add(report.reportDigest);
    }
    expect(digests.size).toBe(1);
  });

  it('reports PAYLOAD_DIGEST_MISMATCH when the data of an ambiguous height was changed', async () => {
    const dir = copyChain(join(folder.path, 'four-runs.nq'), join(folder.path, 'changed'));
    await tamper(dir, async (raw) => {
      const value = await raw.get('payload', blockKey(2));
      await raw.put('payload', blockKey(2), Buffer.from(value.toString().replace('>', 'x>')));
    });
    const report = await validateChain(dir, { level: 'Standard' });
    expect(report.findings.map(({ code, block }) => `${code} ${block}`)).toContain(
      'PAYLOAD_DIGEST_MISMATCH 2',
    );
  });
});
