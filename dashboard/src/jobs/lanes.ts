import type { Report } from '../api/answers.js';

export type ShardTime = Report['shards'][number];

/** A shard with its place on the time axis, in milliseconds since the first one of the job began. */
export interface PlacedShard {
  readonly shard: ShardTime;
  readonly fromMs: number;
}

/** What one worker of one node did. */
export interface Lane {
  readonly node: string;
  /** Null where the report does not say, as of a shard that nobody answered. */
  readonly worker: number | null;
  readonly shards: readonly PlacedShard[];
  readonly totalMs: number;
  readonly blocks: number;
}

/**
 * The shards of each worker in the order in which it took them, by node and worker. When a shard began is told by the clock
 * of its node, so that lanes of different nodes may be off by what those clocks differ. One without a time comes after the
 * one before it.
 */
export function lanesOf(shards: readonly ShardTime[]): Lane[] {
  const starts = shards.flatMap(({ startedAt }) => (startedAt === null ? [] : [Date.parse(startedAt)]));
  const first = starts.reduce((least, start) => Math.min(least, start), Number.POSITIVE_INFINITY);
  const byWorker = new Map<string, ShardTime[]>();
  for (const shard of shards) {
    const worker = JSON.stringify([shard.node, shard.worker]);
    byWorker.set(worker, [...(byWorker.get(worker) ?? []), shard]);
  }
  return [...byWorker.values()]
    .map((own) => {
      const { node, worker } = own[0]!;
      return { node, worker, shards: place(own, first), ...sums(own) };
    })
    .sort((a, b) => (a.node === b.node ? (a.worker ?? 0) - (b.worker ?? 0) : a.node < b.node ? -1 : 1));
}

function place(own: readonly ShardTime[], first: number): PlacedShard[] {
  const begin = ({ startedAt }: ShardTime) =>
    startedAt === null ? undefined : Date.parse(startedAt) - first;
  let end = 0;
  return [...own]
    .sort((a, b) => (begin(a) ?? 0) - (begin(b) ?? 0) || a.from - b.from)
    .map((shard) => {
      // Times are in whole milliseconds: short shards would overlap by less than one.
      const fromMs = Math.max(begin(shard) ?? end, end);
      end = fromMs + shard.durationMs;
      return { shard, fromMs };
    });
}

const sums = (own: readonly ShardTime[]) => ({
  totalMs: own.reduce((sum, { durationMs }) => sum + durationMs, 0),
  blocks: own.reduce((sum, { from, to }) => sum + to - from, 0),
});

/** The length of the time axis. */
export function spanOf(lanes: readonly Lane[]): number {
  const ends = lanes.flatMap(({ shards }) => shards.map(({ shard, fromMs }) => fromMs + shard.durationMs));
  return ends.reduce((most, end) => Math.max(most, end), 1);
}
