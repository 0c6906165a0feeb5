import { z } from 'zod';
import { countSchema, levelNameSchema, measuredSchema, timeSchema } from './report-schemas.js';
import { type Route, route } from './route.js';
import type { CacheCounts, CacheStats, LevelFigures, PerformanceSnapshot } from './snapshots.js';

const tag = 'Figures';

/** A figure as it was measured; one that is missing or is no number was not. */
const measured = (value: number | undefined): number | null =>
  value !== undefined && Number.isFinite(value) ? value : null;

const share = (part: number, whole: number): number | null => (whole > 0 ? part / whole : null);

const rateSchema = z.number().nullable().meta({ description: 'From 0 to 1; null: nothing was counted yet.' });
const hitsSchema = z.object({ hits: countSchema, misses: countSchema, hitRate: rateSchema });

const cacheSchema = hitsSchema
  .extend({
    entries: countSchema,
    bytes: countSchema,
    levels: z.record(z.string(), hitsSchema),
  })
  .meta({ id: 'CacheStats' });

const timesSchema = z.object({
  level: levelNameSchema,
  completed: countSchema,
  failed: countSchema,
  averageMs: measuredSchema,
  p50Ms: measuredSchema,
  p95Ms: measuredSchema,
  lastMs: measuredSchema,
  trend: measuredSchema.meta({
    description: 'Average of the newer half of the window over that of the older; above 1 it gets slower.',
  }),
  blocksPerSecond: measuredSchema,
});

const usageSchema = z.object({
  node: z.object({
    rssBytes: measuredSchema,
    heapUsedBytes: measuredSchema,
    cpuPercent: measuredSchema,
    eventLoopDelayP99Ms: measuredSchema,
  }),
  validator: z.object({
    rssBytes: measuredSchema,
    cpuPercent: measuredSchema,
    threads: measuredSchema,
    busyThreads: measuredSchema,
    restarts: measuredSchema,
  }),
});

const metricsSchema = z
  .object({
    since: timeSchema,
    validationTimes: z.array(timesSchema),
    cache: cacheSchema,
    resources: usageSchema,
    throughput: z.object({ validationsPerSecond: measuredSchema }),
    errors: z.object({ completed: countSchema, failed: countSchema, failedRate: rateSchema }),
    queue: z.object({ queued: measuredSchema, active: measuredSchema }),
  })
  .meta({ id: 'Metrics' });

const summarySchema = z
  .object({
    since: timeSchema,
    validations: countSchema,
    averageMs: measuredSchema,
    slowestLevel: levelNameSchema.nullable(),
    failedRate: rateSchema,
    cacheHitRate: rateSchema,
    validationsPerSecond: measuredSchema,
    memoryBytes: measuredSchema.meta({ description: 'Resident memory of the node and its validator.' }),
    cpuPercent: measuredSchema.meta({ description: 'Of one core, node and validator.' }),
    threads: z.object({ busy: measuredSchema, all: measuredSchema }),
    settings: z.object({
      validation_level: z.string(),
      enable_caching: z.boolean(),
      enable_parallel_validation: z.boolean(),
      enable_incremental_validation: z.boolean(),
      max_concurrent_validations: z.number(),
    }),
  })
  .meta({ id: 'PerformanceSummary' });

const hitsView = ({ hits, misses }: CacheCounts) => ({ hits, misses, hitRate: share(hits, hits + misses) });

const cacheView = (stats: CacheStats): z.output<typeof cacheSchema> => ({
  ...hitsView(stats),
  entries: stats.entries,
  bytes: stats.bytes,
  levels: Object.fromEntries(
    Object.entries(stats.perLevel).map(([level, counts]) => [level, hitsView(counts)]),
  ),
});

const timesView = (figures: LevelFigures): z.output<typeof timesSchema> => ({
  level: figures.level,
  completed: figures.completed,
  failed: figures.failed,
  averageMs: measured(figures.averageMs),
  p50Ms: measured(figures.p50Ms),
  p95Ms: measured(figures.p95Ms),
  lastMs: measured(figures.lastMs),
  trend: measured(figures.trend),
  blocksPerSecond: measured(figures.blocksPerSecond),
});

const usageView = ({ process: node, validator }: PerformanceSnapshot): z.output<typeof usageSchema> => ({
  node: {
    rssBytes: measured(node?.rssBytes),
    heapUsedBytes: measured(node?.heapUsedBytes),
    cpuPercent: measured(node?.cpuPercent),
    eventLoopDelayP99Ms: measured(node?.eventLoopDelayP99Ms),
  },
  validator: {
    rssBytes: measured(validator?.rssBytes),
    cpuPercent: measured(validator?.cpuPercent),
    threads: measured(validator?.threads),
    busyThreads: measured(validator?.busyThreads),
    restarts: measured(validator?.restarts),
  },
});

function failures(levels: readonly LevelFigures[]) {
  const completed = levels.reduce((sum, each) => sum + each.completed, 0);
  const failed = levels.reduce((sum, each) => sum + each.failed, 0);
  return { completed, failed, failedRate: share(failed, completed + failed) };
}

/** A sum of which every part was measured. */
const sum = (one: number | null, other: number | null): number | null =>
  one === null || other === null ? null : one + other;

function averageOf(levels: readonly LevelFigures[]): number | null {
  const timed = levels.filter(({ averageMs, completed }) => measured(averageMs) !== null && completed > 0);
  const total = timed.reduce((ms, { averageMs, completed }) => ms + averageMs! * completed, 0);
  return share(
    total,
    timed.reduce((count, { completed }) => count + completed, 0),
  );
}

function slowestOf(levels: readonly LevelFigures[]): LevelFigures['level'] | null {
  const timed = levels.filter(({ averageMs }) => measured(averageMs) !== null);
  return timed.sort((one, other) => other.averageMs! - one.averageMs!)[0]?.level ?? null;
}

const metrics = route({
  id: 'metrics',
  method: 'GET',
  path: '/api/integrity/metrics',
  role: 'viewer',
  tag,
  summary: 'Validation times, cache, resources, throughput and error rates',
  description: 'Measured figures only. Prometheus has its own port.',
  responses: { 200: { description: 'The figures of this node.', schema: metricsSchema } },
  errors: [],
  async handle(_request, node) {
    const [snapshot, stats] = await Promise.all([node.performance(), node.cache.stats()]);
    return {
      status: 200,
      json: {
        since: snapshot.since,
        validationTimes: snapshot.levels.map(timesView),
        cache: cacheView(stats),
        resources: usageView(snapshot),
        throughput: { validationsPerSecond: measured(snapshot.validationsPerSecond) },
        errors: failures(snapshot.levels),
        queue: { queued: measured(snapshot.queue?.queued), active: measured(snapshot.queue?.active) },
      },
    };
  },
});

const performanceSummary = route({
  id: 'performance',
  method: 'GET',
  path: '/api/integrity/performance',
  role: 'viewer',
  tag,
  summary: 'The figures in short, beside the settings that shape them',
  responses: { 200: { description: 'The summary of this node.', schema: summarySchema } },
  errors: [],
  async handle(_request, node) {
    const parts = [node.performance(), node.cache.stats(), node.runtimeConfig.get()] as const;
    const [snapshot, stats, config] = await Promise.all(parts);
    const { completed, failed, failedRate } = failures(snapshot.levels);
    const usage = usageView(snapshot);
    const { value } = config;
    return {
      status: 200,
      json: {
        since: snapshot.since,
        validations: completed + failed,
        averageMs: averageOf(snapshot.levels),
        slowestLevel: slowestOf(snapshot.levels),
        failedRate,
        cacheHitRate: hitsView(stats).hitRate,
        validationsPerSecond: measured(snapshot.validationsPerSecond),
        memoryBytes: sum(usage.node.rssBytes, usage.validator.rssBytes),
        cpuPercent: sum(usage.node.cpuPercent, usage.validator.cpuPercent),
        threads: { busy: usage.validator.busyThreads, all: usage.validator.threads },
        settings: {
          validation_level: value.validation_level,
          enable_caching: value.enable_caching,
          enable_parallel_validation: value.enable_parallel_validation,
          enable_incremental_validation: value.enable_incremental_validation,
          max_concurrent_validations: value.max_concurrent_validations,
        },
      },
    };
  },
});

const cacheStats = route({
  id: 'cacheStats',
  method: 'GET',
  path: '/api/integrity/cache-stats',
  role: 'viewer',
  tag,
  summary: 'Hits, misses, entries and bytes of the result cache',
  responses: { 200: { description: 'Since the start of this node.', schema: cacheSchema } },
  errors: [],
  handle: async (_request, node) => ({ status: 200, json: cacheView(await node.cache.stats()) }),
});

const clearCache = route({
  id: 'clearCache',
  method: 'POST',
  path: '/api/integrity/clear-cache',
  role: 'operator',
  tag,
  summary: 'Forget every cached result',
  description: 'On all nodes that share them.',
  responses: {
    200: {
      description: 'What was cleared, as far as it could be counted.',
      schema: z.object({
        cleared: z.object({ entries: countSchema.nullable(), bytes: countSchema.nullable() }),
      }),
    },
  },
  errors: [],
  audit: 'cache.clear',
  async handle({ principal, noteForAudit }, node) {
    const { entries, bytes } = await node.cache.clear(principal.name);
    noteForAudit({ entries, bytes });
    return { status: 200, json: { cleared: { entries, bytes } } };
  },
});

export const figureRoutes: readonly Route[] = [metrics, performanceSummary, cacheStats, clearCache];
