import { execFile } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blockKey } from '../../src/chain/index.js';
import { openWriter } from '../../src/ledger/index.js';
import { type DirectoryOptions, validateDirectory } from '../../src/pool/index.js';
import { workloadDocument } from '../../src/rdf/index.js';
import { LEVELS } from '../../src/validation/index.js';
import { copyChain, smallChain, temporaryFolder } from '../support/chains.js';
import { tamper } from '../support/raw-store.js';

const execute = promisify(execFile);

const BLOCKS = 300;
const HEIGHT = BLOCKS + 1;
const HARD_BLOCK = 150;
/** No thread boots in it. With less than 3, V8 ends the whole process (Node 22 and 24). */
const TOO_SMALL_HEAP_MB = 4;

const folder = temporaryFolder();
const chain = join(folder.path, 'chain');

beforeAll(async () => {
  await smallChain(chain, BLOCKS, 16);
});
afterAll(() => folder.remove());

describe('validateDirectory', () => {
  for (const level of LEVELS) {
    it(`gives the same digest for any number of workers and any batch size at ${level}`, async () => {
      const ways: DirectoryOptions[] = [
        { workers: 0 },
        { workers: 1, batchSize: 1000 },
        { workers: 2, batchSize: 64 },
        { workers: 4, batchSize: 17 },
      ];
      const reports = [];
      for (const way of ways) reports.push(await validateDirectory(chain, { level, ...way }));
      const [first] = reports;
      expect(first).toMatchObject({ status: 'Healthy', complete: true, checked: { headers: HEIGHT } });
      expect(first?.scope).toEqual({ from: 0, to: HEIGHT, partial: false });
      expect(new Set(reports.map((report) => report.reportDigest)).size).toBe(1);
    });
  }

  it('reports PAYLOAD_DIGEST_MISMATCH at its block, the same from threads and without', async () => {
    const altered = copyChain(chain, join(folder.path, 'altered'));
    await tamper(altered, async (store) => {
      const other = await store.get('payload', blockKey(7));
      await store.put('payload', blockKey(250), other);
    });
    const reports = [
      await validateDirectory(altered, { workers: 0 }),
      await validateDirectory(altered, { workers: 2, batchSize: 50 }),
    ];
    for (const report of reports) {
      expect(report.status).toBe('Critical');
      expect(report.findings).toContainEqual(
        expect.objectContaining({ code: 'PAYLOAD_DIGEST_MISMATCH', block: 250 }),
      );
    }
    expect(reports[0]?.reportDigest).toBe(reports[1]?.reportDigest);
  });

  it('reports the pinned state although the chain has grown', async () => {
    const growing = copyChain(chain, join(folder.path, 'growing'));
    const before = await validateDirectory(growing, { workers: 1 });
    const pin = { height: before.chain.height!, headHash: before.chain.headHash! };
    const writer = await openWriter(growing);
    await writer.append(Buffer.from(workloadDocument('trace', BLOCKS, { quads: 8 })));
    await writer.close();
    const pinned = await validateDirectory(growing, { workers: 1, pin });
    expect(pinned.chain.height).toBe(HEIGHT);
    expect(pinned.status).toBe('Healthy');
    expect((await validateDirectory(growing, { workers: 1 })).chain.height).toBe(HEIGHT + 1);
  });

  for (const workers of [0, 1, 2]) {
    it(`ends as CANCELLED with what was covered so far (${workers} workers)`, async () => {
      const stop = new AbortController();
      const report = await validateDirectory(chain, {
        level: 'Full',
        workers,
        batchSize: 1,
        signal: stop.signal,
        onProgress: ({ blocks }) => {
          if (blocks > 0) stop.abort();
        },
      });
      expect(report).toMatchObject({ status: 'Incomplete', complete: false });
      expect(report.findingCounts).toEqual({ CANCELLED: 1 });
      expect(report.checked.headers).toBeGreaterThan(0);
      expect(report.checked.headers).toBeLessThan(HEIGHT);
    });
  }

  it('covers nothing when it was cancelled before it began', async () => {
    const report = await validateDirectory(chain, { workers: 1, signal: AbortSignal.abort() });
    expect(report.findingCounts).toEqual({ CANCELLED: 1 });
    expect(report.checked.headers).toBe(0);
  });

  it('ends as TIME_LIMIT when the time is up', async () => {
    const report = await validateDirectory(chain, {
      level: 'Full',
      workers: 2,
      batchSize: 1,
      timeLimitMs: 1,
    });
    expect(report).toMatchObject({ status: 'Incomplete', complete: false });
    expect(report.findingCounts).toEqual({ TIME_LIMIT: 1 });
  });

  it('takes a time limit longer than a timer can count', async () => {
    const report = await validateDirectory(chain, { level: 'Minimal', workers: 1, timeLimitMs: 2 ** 40 });
    expect(report.status).toBe('Healthy');
  });

  it('ends the thread of a block too hard to stop in, and reports what the others covered', async () => {
    const hard = copyChain(chain, join(folder.path, 'hard'));
    await tamper(hard, (store) => store.put('payload', blockKey(HARD_BLOCK), completeGraph(11)));
    const stop = new AbortController();
    const covered = HEIGHT - 1;
    const report = await validateDirectory(hard, {
      checks: ['headers', 'payloads', 'canonical'],
      workers: 2,
      batchSize: 1,
      canonicalWorkLimit: Number.MAX_SAFE_INTEGER,
      signal: stop.signal,
      onProgress: ({ blocks }) => {
        if (blocks === covered) stop.abort();
      },
    });
    expect(report.findingCounts).toEqual({ CANCELLED: 1 });
    expect(report.findings[0]?.details).toEqual({ coveredBlocks: covered, plannedBlocks: HEIGHT });
  });

  it('fails only the task that goes over the memory limit', async () => {
    const large = join(folder.path, 'large');
    await smallChain(large, 30);
    const writer = await openWriter(large);
    // Too many terms for the engines that the sample is held against, and no trouble for the shards.
    await writer.append(Buffer.from(workloadDocument('flat', 0, { quads: 40_000 })));
    await writer.close();
    const report = await validateDirectory(large, {
      level: 'Full',
      workers: 2,
      batchSize: 10,
      maxHeapMb: 32,
    });
    expect(report).toMatchObject({ status: 'Incomplete', complete: false, checked: { headers: 32 } });
    expect(report.findingCounts).toEqual({ SHARD_FAILED: 1 });
    expect(report.findings[0]).toMatchObject({ block: 0, details: { from: 0, to: 32, error: 'INTERNAL' } });
    expect(report.findings[0]?.details.reason).toMatch(/memory limit/);
    expect(report.shards.map(({ status }) => status)).toEqual(['done', 'done', 'done', 'done']);
  });

  it('reports Incomplete with STORE_UNAVAILABLE when the pinned block is not there', async () => {
    const pin = { height: 10, headHash: 'f'.repeat(64) };
    const report = await validateDirectory(chain, { workers: 1, pin });
    expect(report.status).toBe('Incomplete');
    expect(report.findingCounts).toEqual({ STORE_UNAVAILABLE: 1 });
  });

  it('throws NOT_A_CHAIN for a folder that is none', async () => {
    await expect(validateDirectory(folder.path, { workers: 1 })).rejects.toMatchObject({
      code: 'NOT_A_CHAIN',
    });
  });

  it('throws OUT_OF_RANGE for blocks that the chain does not have', async () => {
    const options = { from: 0, to: HEIGHT + 1 };
    await expect(validateDirectory(chain, options)).rejects.toMatchObject({ code: 'OUT_OF_RANGE' });
  });

  for (const level of ['Standard', 'Full'] as const) {
    it(`throws INTERNAL and does not wait when no thread can start (${level})`, async () => {
      const starved = validateDirectory(chain, {
        level,
        workers: 2,
        batchSize: 10,
        maxHeapMb: TOO_SMALL_HEAP_MB,
      });
      await expect(starved).rejects.toMatchObject({
        code: 'INTERNAL',
        message: /no worker thread could start/,
      });
    });
  }

  it('leaves nothing open behind, whatever the outcome', async () => {
    const script = `
      import { readdirSync, readlinkSync } from 'node:fs';
      import { validateDirectory } from ${JSON.stringify(new URL('../../src/pool/index.js', import.meta.url).href)};
      const dir = ${JSON.stringify(realpathSync(chain))};
      await validateDirectory(dir, { level: 'Full', workers: 2, onProgress: () => {} });
      await validateDirectory(dir, { workers: 0 });
      await validateDirectory(dir, { workers: 2, batchSize: 10, timeLimitMs: 1 });
      await validateDirectory(dir, { workers: 2, from: 1e6 }).catch(() => {});
      await validateDirectory(dir, { level: 'Full', workers: 1, maxHeapMb: ${TOO_SMALL_HEAP_MB} }).catch(() => {});
      const links = readdirSync('/proc/self/fd').map((fd) => {
        try { return readlinkSync('/proc/self/fd/' + fd); } catch { return ''; }
      });
      const files = links.filter((file) => file.startsWith(dir));
      // The pipes are the standard streams.
      const resources = process.getActiveResourcesInfo().filter((name) => name !== 'PipeWrap');
      process.stdout.write(JSON.stringify({ files, resources }));`;
    // That the process ends by itself shows that no thread, port or timer keeps it.
    const { stdout } = await execute(process.execPath, ['--input-type=module', '--eval', script]);
    expect(JSON.parse(stdout)).toEqual({ files: [], resources: [] });
  });
});

/** Blank nodes that are all linked to each other: every order of them has to be tried, whatever the limit. */
function completeGraph(nodes: number): Buffer {
  const lines: string[] = [];
  for (let a = 0; a < nodes; a++) {
    for (let b = 0; b < nodes; b++) if (a !== b) lines.push(`_:n${a} <urn:p> _:n${b} .`);
  }
  return Buffer.from(`${lines.join('\n')}\n`);
}
