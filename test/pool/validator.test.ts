import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blockHashHex, blockKey, encodeProof, verifyProof } from '../../src/chain/index.js';
import { chainFiles, openSource, openWriter } from '../../src/ledger/index.js';
import { silentLog } from '../../src/logging/index.js';
import {
  createValidator,
  type RunOptions,
  type RunSpec,
  type Validator,
  validateDirectory,
} from '../../src/pool/index.js';
import { workloadDocument } from '../../src/rdf/index.js';
import { LEVELS, type Plan, type Progress, pinChain, planValidation } from '../../src/validation/index.js';
import { copyChain, smallChain, temporaryFolder } from '../support/chains.js';
import { tamper } from '../support/raw-store.js';

const BLOCKS = 300;
const HEIGHT = BLOCKS + 1;
const folder = temporaryFolder();
const chain = join(folder.path, 'chain');
const never = new AbortController().signal;
const SLOW: RunSpec = { level: 'Full', batchSize: 1, parallel: false };

let validator: Validator;
beforeAll(async () => {
  await smallChain(chain, BLOCKS, 16);
  validator = createValidator({ workers: 2, log: silentLog });
  await validator.ready();
});
afterAll(async () => {
  await validator.close();
  folder.remove();
});

const run = (spec: RunSpec, options: Partial<RunOptions> = {}, dir = chain) =>
  validator.run(dir, spec, { signal: never, ...options });

/** Something that a callback tells and the test waits for. */
function milestone() {
  let reach = () => {};
  const reached = new Promise<void>((resolve) => {
    reach = resolve;
  });
  return { reached, reach };
}

async function planOf(dir: string, spec: Partial<RunSpec> = {}): Promise<Plan> {
  const evidence = await chainFiles(dir);
  const source = await openSource(dir);
  const { pin, anchorIndex } = await pinChain(source, evidence);
  await source.close();
  return planValidation(evidence, spec.pin ?? pin, anchorIndex, { jobId: 'far', node: 'n', ...spec });
}

describe('run', () => {
  it.each(LEVELS)('gives the digest of validateDirectory at %s, on all threads and on one', async (level) => {
    const expected = await validateDirectory(chain, { level, workers: 1 });
    const specs: RunSpec[] = [{ level }, { level, batchSize: 17 }, { level, batchSize: 64, parallel: false }];
    const results = await Promise.all(specs.map((spec) => run(spec)));
    for (const { report } of results) {
      expect(report).toMatchObject({ status: 'Healthy', complete: true });
      expect(report.reportDigest).toBe(expected.reportDigest);
    }
  });

  it('reports damage, and what it was told to name', async () => {
    const altered = copyChain(chain, join(folder.path, 'altered'));
    await tamper(altered, async (store) => {
      await store.put('payload', blockKey(250), await store.get('payload', blockKey(7)));
    });
    const { report } = await run({ jobId: 'given', node: 'here' }, {}, altered);
    expect(report).toMatchObject({ status: 'Critical', jobId: 'given', node: 'here' });
    expect(report.findings[0]).toMatchObject({ code: 'PAYLOAD_DIGEST_MISMATCH', block: 250 });
  });

  it('tells progress up to the last block', async () => {
    const seen: Progress[] = [];
    await run(SLOW, { onProgress: (progress) => seen.push(progress) });
    expect(seen.length).toBeGreaterThan(1);
    expect(seen.at(-1)).toMatchObject({ blocks: HEIGHT, totalBlocks: HEIGHT });
  });

  it.each([
    ['cancelled', 'CANCELLED'],
    ['time-limit', 'TIME_LIMIT'],
  ] as const)('ends with what was covered when it is stopped: %s', async (reason, code) => {
    const stop = new AbortController();
    const { report } = await run(SLOW, {
      signal: stop.signal,
      onProgress: ({ blocks }) => {
        if (blocks > 0) stop.abort(reason);
      },
    });
    expect(report).toMatchObject({ status: 'Incomplete', findingCounts: { [code]: 1 } });
    expect(report.checked.headers).toBeGreaterThan(0);
    expect(report.checked.headers).toBeLessThan(HEIGHT);
  });

  it('covers nothing when it was stopped before it began', async () => {
    const { report } = await run(SLOW, { signal: AbortSignal.abort() });
    expect(report).toMatchObject({ findingCounts: { CANCELLED: 1 }, checked: { headers: 0 } });
  });

  it('ends a small job while a large one that began before is under way', async () => {
    let largeEnded = false;
    const stop = new AbortController();
    const begun = milestone();
    const large = run(
      { level: 'Full', batchSize: 1 },
      { signal: stop.signal, onProgress: ({ blocks }) => blocks > 0 && begun.reach() },
    ).then(() => {
      largeEnded = true;
    });
    await begun.reached;
    const { report } = await run({ level: 'Standard', from: 0, to: 20 });
    expect(report.status).toBe('Healthy');
    expect(largeEnded).toBe(false);
    stop.abort();
    await large;
  });

  it('throws NOT_A_CHAIN and OUT_OF_RANGE as such', async () => {
    await expect(run({}, {}, folder.path)).rejects.toMatchObject({ code: 'NOT_A_CHAIN' });
    await expect(run({ from: 0, to: HEIGHT + 1 })).rejects.toMatchObject({ code: 'OUT_OF_RANGE' });
  });

  it('says that the pin is not seen beside an Incomplete report', async () => {
    const { report, unseen } = await run({ pin: { height: 10, headHash: 'f'.repeat(64) } });
    expect(report.findingCounts).toEqual({ STORE_UNAVAILABLE: 1 });
    expect(unseen).toBe('pin');
  });

  it('tells the hash at a common height, and null where the chain does not reach it', async () => {
    const [header] = await validator.readHeaders(chain, 41, 42);
    expect(await run({ level: 'Minimal', commonHeight: 42 })).toMatchObject({ commonHash: header?.hash });
    expect(await run({ level: 'Minimal', commonHeight: HEIGHT + 1 })).toMatchObject({ commonHash: null });
    expect((await run({ level: 'Minimal' })).commonHash).toBeUndefined();
  });

  it('attaches stage timings and a CPU profile when profiling, and neither otherwise', async () => {
    const { stages, cpuProfile } = await run({ level: 'Full', batchSize: 50, profiling: true });
    expect(Object.keys(stages ?? {}).sort()).toEqual(['ends', 'history', 'open', 'report', 'shards']);
    const profile = JSON.parse(cpuProfile ?? '');
    const ids = new Set(profile.nodes.map(({ id }: { id: number }) => id));
    expect(ids.size).toBe(profile.nodes.length);
    expect(profile.samples.length).toBe(profile.timeDeltas.length);
    expect(profile.samples.every((id: number) => ids.has(id))).toBe(true);
    const urls = profile.nodes.map(({ callFrame }: { callFrame: { url: string } }) => callFrame.url);
    expect(urls.some((url: string) => url.includes('check-shard'))).toBe(true);
    const plain = await run({ level: 'Minimal' });
    expect(plain.stages).toBeUndefined();
    expect(plain.cpuProfile).toBeUndefined();
  });
});

describe('run with evidence', () => {
  function evidenceIn(store: Map<string, string>) {
    return {
      read: async (keys: readonly string[]) => keys.map((key) => store.get(key)),
      write: async (keys: readonly string[], at: string) => {
        for (const key of keys) store.set(key, at);
      },
    };
  }

  it('takes over what an earlier job has shown, with the age of it and the same digest', async () => {
    const store = new Map<string, string>();
    const evidence = evidenceIn(store);
    const spec: RunSpec = { level: 'Full', batchSize: 50, incremental: true };
    const first = await run(spec, { evidence });
    expect(store.size).toBe(6);
    const second = await run(spec, { evidence });
    expect(second.report.shards.map(({ cached }) => cached)).toEqual([...Array(6).fill(true), false]);
    expect(second.report.asOf).toBe(first.report.startedAt);
    expect(second.report.reportDigest).toBe(first.report.reportDigest);
    const fresh = await run({ ...spec, incremental: false }, { evidence });
    expect(fresh.report.shards.some(({ cached }) => cached)).toBe(false);
    expect(fresh.report.reportDigest).toBe(first.report.reportDigest);
  });

  it('checks everything when the store of evidence fails', async () => {
    const refuse = () => Promise.reject(new Error('away'));
    const { report } = await run(
      { level: 'Full', incremental: true, batchSize: 50 },
      { evidence: { read: refuse, write: refuse } },
    );
    expect(report).toMatchObject({ status: 'Healthy', complete: true });
    expect(report.shards.some(({ cached }) => cached)).toBe(false);
  });
});

describe('run with shards elsewhere', () => {
  it('gives the same digest when other validators run them', async () => {
    const other = createValidator({ workers: 1, log: silentLog });
    try {
      const expected = await validateDirectory(chain, { level: 'Full', workers: 1 });
      const ran: number[] = [];
      const seen: Progress[] = [];
      const { report } = await run(
        { level: 'Full', batchSize: 40 },
        {
          onProgress: (progress) => seen.push(progress),
          shards: (plan) => ({
            concurrency: 3,
            run: (task, signal) => {
              const at = ran.push(task.range.from);
              return (at % 2 ? other : validator).runShard(chain, plan, task, signal);
            },
          }),
        },
      );
      expect(report.reportDigest).toBe(expected.reportDigest);
      // Eight shards and the sample.
      expect(ran).toHaveLength(9);
      expect(seen.at(-1)).toMatchObject({ blocks: HEIGHT });
    } finally {
      await other.close();
    }
  });

  it('is Incomplete when a shard cannot be run, and passes a stop on to those under way', async () => {
    const failing = await run(
      { batchSize: 100 },
      {
        shards: () => ({ concurrency: 1, run: () => Promise.reject(new Error('nobody there')) }),
      },
    );
    expect(failing.report).toMatchObject({ status: 'Incomplete', findingCounts: { SHARD_FAILED: 4 } });
    const stop = new AbortController();
    const reasons: unknown[] = [];
    const stopped = await run(
      { batchSize: 100 },
      {
        signal: stop.signal,
        shards: () => ({
          concurrency: 1,
          run: (_, signal) =>
            new Promise((resolve) => {
              signal.addEventListener('abort', () => {
                reasons.push(signal.reason);
                resolve({ failed: { code: 'INTERNAL', message: 'told to stop' } });
              });
              stop.abort('cancelled');
            }),
        }),
      },
    );
    expect(reasons).toEqual(['cancelled']);
    expect(stopped.report.findingCounts).toEqual({ CANCELLED: 1 });
  });
});

describe('runShard', () => {
  it('says that another worker may see what this one does not', async () => {
    const plan = await planOf(chain);
    const task = { range: { from: 0, to: 10 } };
    expect(await validator.runShard(chain, plan, task, never)).toMatchObject({ result: { coveredTo: 10 } });
    const elsewhere = join(folder.path, 'not-mounted');
    expect(await validator.runShard(elsewhere, plan, task, never)).toMatchObject({
      failed: { code: 'NOT_A_CHAIN' },
      unseen: 'replica',
    });
    const other = { ...plan, evidence: { ...plan.evidence, replicaId: 'another' } };
    expect(await validator.runShard(chain, other, task, never)).toMatchObject({
      failed: { code: 'STORE_UNAVAILABLE' },
      unseen: 'replica',
    });
    const ahead = { ...plan, jobId: 'ahead', pin: { height: HEIGHT + 1, headHash: 'a'.repeat(64) } };
    expect(await validator.runShard(chain, ahead, task, never)).toMatchObject({
      failed: { code: 'STORE_UNAVAILABLE', place: { block: HEIGHT } },
      unseen: 'pin',
    });
  });

  it('reads through a handle opened anew for each run of a job', async () => {
    const dir = copyChain(chain, join(folder.path, 'rerun'));
    const plan = await planOf(dir, { runId: 'one' } as Partial<RunSpec>);
    const task = { range: { from: 0, to: 10 } };
    expect(await validator.runShard(dir, plan, task, never)).toMatchObject({ result: { facts: [] } });
    await tamper(dir, (store) => store.delete('payload', blockKey(5)));
    const again = { ...plan, runId: 'two' };
    expect(await validator.runShard(dir, again, task, never)).toMatchObject({
      result: { facts: [{ code: 'PAYLOAD_MISSING', block: 5 }] },
    });
  });
});

describe('reads', () => {
  it('show what is stored now, each call anew', async () => {
    const growing = copyChain(chain, join(folder.path, 'growing'));
    const before = await validator.head(growing);
    expect(before).toMatchObject({ chainId: 'test-chain', format: 'provchain/1', height: HEIGHT });
    expect(before.anchorIndex).toBe(HEIGHT - 1);
    const writer = await openWriter(growing);
    await writer.append(Buffer.from(workloadDocument('trace', BLOCKS, { quads: 8 })));
    const after = await validator.head(growing);
    const [header] = await validator.readHeaders(growing, HEIGHT, HEIGHT + 1);
    await writer.close();
    expect(after).toMatchObject({ height: HEIGHT + 1, headHash: header?.hash, anchorIndex: HEIGHT });
    expect(after.timestamp).toBe(header?.header?.timestamp);
    expect(header?.header?.previousHash).toBe(before.headHash);
    expect(blockHashHex(header?.bytes ?? Buffer.of())).toBe(header?.storedHash);
  });

  it('tell what is missing or no header, and refuse what is out of range', async () => {
    const damaged = copyChain(chain, join(folder.path, 'damaged'));
    await tamper(damaged, async (store) => {
      await store.delete('header', blockKey(3));
      await store.put('header', blockKey(4), Buffer.from('x'.repeat(40)));
      await store.delete('payload', blockKey(5));
    });
    const [gone, garbled, sound] = await validator.readHeaders(damaged, 3, 6);
    expect(gone).toMatchObject({ index: 3, hash: '', problem: 'no header is stored' });
    expect(garbled).toMatchObject({ index: 4, bytes: new TextEncoder().encode('x'.repeat(8)) });
    expect(garbled?.problem).toBeDefined();
    expect(sound?.problem).toBeUndefined();
    const outOfRange = { code: 'OUT_OF_RANGE' };
    await expect(validator.readPayload(damaged, 5)).rejects.toMatchObject({
      ...outOfRange,
      place: { block: 5 },
    });
    await expect(validator.readPayload(damaged, -1)).rejects.toMatchObject(outOfRange);
    await expect(validator.readHeaders(damaged, 0, 5000)).rejects.toMatchObject(outOfRange);
    await expect(validator.readHeaders(damaged, 5, 1.5)).rejects.toMatchObject(outOfRange);
    await expect(validator.inclusionProof(damaged, HEIGHT)).rejects.toMatchObject(outOfRange);
    await expect(validator.inclusionProof(damaged, 0, HEIGHT + 1)).rejects.toMatchObject(outOfRange);
    await expect(validator.head(folder.path)).rejects.toMatchObject({ code: 'NOT_A_CHAIN' });
  });

  it('give a proof that verifies against chain.json, also at an earlier height', async () => {
    const { trust } = await chainFiles(chain);
    for (const [index, height] of [
      [17, undefined],
      [17, 18],
      [17, 200],
      [HEIGHT - 1, undefined],
    ] as const) {
      const proof = await validator.inclusionProof(chain, index, height);
      const payload = await validator.readPayload(chain, index);
      const statement = verifyProof(encodeProof(proof), trust, payload);
      expect(statement.block.index).toBe(index);
      expect(statement.head.index).toBe((height ?? HEIGHT) - 1);
    }
  });

  it('do not wait for a job that has all threads', async () => {
    let ended = false;
    const stop = new AbortController();
    const begun = milestone();
    const job = run(
      { level: 'Full', batchSize: 1 },
      { signal: stop.signal, onProgress: ({ blocks }) => blocks > 0 && begun.reach() },
    ).then(() => {
      ended = true;
    });
    await begun.reached;
    const heads = await Promise.all(Array.from({ length: 100 }, () => validator.head(chain)));
    const payloads = await Promise.all(
      Array.from({ length: 100 }, (_, i) => validator.readPayload(chain, i)),
    );
    expect(ended).toBe(false);
    stop.abort();
    await job;
    expect(new Set(heads.map(({ headHash }) => headHash)).size).toBe(1);
    expect(payloads.every(({ length }) => length > 0)).toBe(true);
  });
});

describe('stats', () => {
  it('are measured', () => {
    const { pid, rssBytes, threads, restarts } = validator.stats();
    expect(pid).not.toBe(process.pid);
    expect(rssBytes).toBeGreaterThan(30e6);
    expect(threads).toBe(2);
    expect(restarts).toBe(0);
  });
});
