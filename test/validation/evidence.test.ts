import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blockKey } from '../../src/chain/index.js';
import { chainFiles, openSource } from '../../src/ledger/index.js';
import {
  type BlockSource,
  canReuse,
  checkShard,
  identifyShards,
  KnownShards,
  LEVELS,
  type Plan,
  type PlanOptions,
  pinChain,
  planValidation,
  type Report,
  runnerInThread,
  type ShardIdentity,
  type ShardRunner,
  validate,
} from '../../src/validation/index.js';
import { copyChain, smallChain, temporaryFolder } from '../support/chains.js';
import { forge } from '../support/forge.js';
import { tamper } from '../support/raw-store.js';

const folder = temporaryFolder();
const base = join(folder.path, 'base');
const BATCH = 10;
const ENGINE = 'test';
const clocks = { clock: () => performance.now(), now: () => new Date(), engineVersion: ENGINE };

beforeAll(() => smallChain(base, 44));
afterAll(() => folder.remove());

interface Pass {
  readonly report: Report;
  readonly plan: Plan;
  readonly identities: readonly ShardIdentity[];
  readonly clean: readonly string[];
}

/** Validates `dir` with what is known, in this thread. */
async function pass(
  dir: string,
  known: ReadonlyMap<string, string>,
  options: Partial<PlanOptions> & { wrap?: (runner: ShardRunner, source: BlockSource) => ShardRunner } = {},
): Promise<Pass> {
  const evidence = await chainFiles(dir);
  const source = await openSource(dir);
  try {
    const { pin, anchorIndex } = await pinChain(source, evidence);
    const { wrap = (runner) => runner, ...rest } = options;
    const planned = { jobId: 'j', node: 'n', level: 'Full', batchSize: BATCH, ...rest } as const;
    const plan = planValidation(evidence, pin, anchorIndex, planned);
    const identities = await identifyShards(source, plan, ENGINE);
    const runner = new KnownShards(wrap(runnerInThread(source, plan, clocks), source), identities, known);
    const report = await validate(source, plan, { ...clocks, runner });
    return { report, plan, identities, clean: runner.clean };
  } finally {
    await source.close();
  }
}

const EARLIER = '2020-01-01T00:00:00.000Z';
const remember = ({ clean }: Pass, at = EARLIER) => new Map(clean.map((key) => [key, at]));
const cached = ({ report }: Pass) => report.shards.map((shard) => shard.cached);

describe('KnownShards', () => {
  it('gives the same digest from evidence as without, says which shards, and how old it is', async () => {
    const first = await pass(base, new Map());
    expect(cached(first)).toEqual([false, false, false, false, false]);
    expect(first.clean).toHaveLength(4);
    const second = await pass(base, remember(first));
    expect(cached(second)).toEqual([true, true, true, true, false]);
    expect(second.report.asOf).toBe(EARLIER);
    expect(second.report.reportDigest).toBe(first.report.reportDigest);
    expect(second.report.checked).toEqual(first.report.checked);
    // It grows older: what was only taken over is no new evidence.
    expect(second.clean).toEqual([]);
    expect(first.report.asOf).toBe(first.report.startedAt);
  });

  it('reports PAYLOAD_DIGEST_MISMATCH at once for a middle block overwritten in newer files only', async () => {
    const dir = copyChain(base, join(folder.path, 'overwritten'));
    const first = await pass(dir, new Map());
    const stamps = () =>
      new Map(
        readdirSync(join(dir, 'db'))
          .filter((name) => name.endsWith('.sst'))
          .map((name) => [name, statSync(join(dir, 'db', name)).mtimeMs]),
      );
    const before = stamps();
    await tamper(dir, async (store) => {
      const other = await store.get('payload', blockKey(7));
      await store.put('payload', blockKey(25), other);
    });
    const after = stamps();
    // Otherwise this does not show what file stamps would have missed.
    for (const [name, mtime] of before) expect(after.get(name)).toBe(mtime);
    expect(after.size).toBeGreaterThan(before.size);
    const second = await pass(dir, remember(first));
    expect(second.report.status).toBe('Critical');
    expect(second.report.findings).toContainEqual(
      expect.objectContaining({ code: 'PAYLOAD_DIGEST_MISMATCH', block: 25 }),
    );
    expect(cached(second)).toEqual([true, true, false, true, false]);
    const fresh = await pass(dir, new Map());
    expect(second.report.reportDigest).toBe(fresh.report.reportDigest);
  });

  it.each([
    ['header', 'HEADER_MISSING'],
    ['payload', 'PAYLOAD_MISSING'],
  ] as const)('reports a %s that was deleted since', async (column, code) => {
    const dir = copyChain(base, join(folder.path, `no-${column}`));
    const first = await pass(dir, new Map());
    await tamper(dir, (store) => store.delete(column, blockKey(13)));
    const second = await pass(dir, remember(first));
    expect(second.report.findings).toContainEqual(expect.objectContaining({ code, block: 13 }));
    expect(second.report.reportDigest).toBe((await pass(dir, new Map())).report.reportDigest);
  });

  it('checks again what the holder of the producer key has rewritten with valid links and hashes', async () => {
    const dir = copyChain(base, join(folder.path, 'rewritten'));
    const first = await pass(dir, new Map());
    await forge(dir, { 15: { payload: Buffer.from('<urn:b> <urn:p> "1" .\n<urn:a> <urn:p> "1" .\n') } });
    const second = await pass(dir, remember(first));
    expect(second.report.findings.map(({ code }) => code)).toContain('CANONICAL_MISMATCH');
    expect(cached(second)).toEqual([true, false, false, false, false]);
  });

  it('takes nothing over for a shard whose last header is not the one of the evidence', async () => {
    const first = await pass(base, new Map());
    const stale = first.identities.map((identity) => ({ ...identity, lastHash: 'f'.repeat(64) }));
    const evidence = await chainFiles(base);
    const source = await openSource(base);
    try {
      const runner = new KnownShards(runnerInThread(source, first.plan, clocks), stale, remember(first));
      const report = await validate(source, first.plan, { ...clocks, runner });
      expect(report.shards.some((shard) => shard.cached)).toBe(false);
      expect(report.reportDigest).toBe(first.report.reportDigest);
      expect(runner.clean).toEqual([]);
      expect(evidence.replicaId).toBe(report.replica);
    } finally {
      await source.close();
    }
  });

  it('remembers no shard in which anything was found', async () => {
    const dir = copyChain(base, join(folder.path, 'warning'));
    await tamper(dir, (store) => store.put('payload', Buffer.from('stray'), Buffer.from('x')));
    await tamper(dir, async (store) => {
      const lines = (await store.get('payload', blockKey(5))).toString().trimEnd().split('\n');
      await store.put('payload', blockKey(5), Buffer.from(`${lines.reverse().join('\n')}\n`));
    });
    const { report, clean, identities } = await pass(dir, new Map());
    expect(report.findingCounts).toMatchObject({ PAYLOAD_NOT_CANONICAL: 1 });
    expect(clean).toHaveLength(3);
    expect(clean).not.toContain(identities[0]?.key);
  });

  it('remembers only full shards, which stay the same while the chain grows', async () => {
    const { identities, clean } = await pass(base, new Map(), { from: 5, to: 38 });
    expect(identities.map(({ range }) => range.from)).toEqual([10, 20]);
    expect(clean).toHaveLength(2);
  });

  it('has other keys for another policy, engine, batch size or trust', async () => {
    const evidence = await chainFiles(base);
    const source = await openSource(base);
    const { pin, anchorIndex } = await pinChain(source, evidence);
    const keysOf = async (options: Partial<PlanOptions>, engine = ENGINE, files = evidence) => {
      const planned = { jobId: 'j', node: 'n', level: 'Full', batchSize: BATCH, ...options } as const;
      const plan = planValidation(files, pin, anchorIndex, planned);
      return (await identifyShards(source, plan, engine)).map(({ key }) => key);
    };
    const producers = [...evidence.trust.producers, 'a'.repeat(64)];
    const sets = [
      await keysOf({}),
      await keysOf({ level: 'Comprehensive' }),
      await keysOf({ canonicalWorkLimit: 7 }),
      await keysOf({ requireAnchor: false }),
      await keysOf({ batchSize: 20 }),
      await keysOf({}, 'another'),
      await keysOf({}, ENGINE, { ...evidence, trust: { ...evidence.trust, producers } }),
      await keysOf({}, ENGINE, { ...evidence, replicaId: 'another' }),
    ];
    await source.close();
    const all = sets.flat();
    expect(new Set(all).size).toBe(all.length);
    expect(all.every((key) => /^[0-9a-f]{64}$/.test(key))).toBe(true);
  });

  it('is of use only where every signature or canonical form is asked for', async () => {
    const { plan } = await pass(base, new Map());
    const useful = LEVELS.filter((level) =>
      canReuse(planValidation(plan.evidence, plan.pin, null, { jobId: 'j', node: 'n', level })),
    );
    expect(useful).toEqual(['Full']);
  });
});

describe('checkShard', () => {
  it('covers nothing by evidence when it is told to stop before the end', async () => {
    const { plan, identities } = await pass(base, new Map());
    const [{ lastHash, range }] = identities;
    const source = await openSource(base);
    let asked = 0;
    try {
      const task = { range, known: { lastHash, at: EARLIER } };
      const result = await checkShard(source, plan, task, {
        stopped: () => (++asked > 4 ? 'cancelled' : undefined),
        progress: () => {},
        clock: () => performance.now(),
        breathe: () => Promise.resolve(),
      });
      expect(result).toMatchObject({ stopped: 'cancelled', coveredTo: range.from });
      expect(result.knownSince).toBeUndefined();
      expect(result.checked.canonicalized).toBe(0);
    } finally {
      await source.close();
    }
  });
});
