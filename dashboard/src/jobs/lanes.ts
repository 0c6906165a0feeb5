import type { Report } from '../api/answers.js';

export type ShardTime = Report['shards'][number];

export interface Lane {
  /** Who checked the shards: the node, and its worker where the report names one. */
  readonly node: string;
  readonly shards: readonly ShardTime[];
  readonly totalMs: number;
  readonly blocks: number;
}

/** The shards of each node in the order of their blocks; the node with the most work first. */
export function lanesOf(shards: readonly ShardTime[]): Lane[] {
  const byNode = new Map<string, ShardTime[]>();
  for (const shard of shards) {
    const own = byNode.get(shard.node);
    if (own === undefined) byNode.set(shard.node, [shard]);
    else own.push(shard);
  }
  return [...byNode]
    .map(([node, own]) => ({
      node,
      shards: own.sort((a, b) => a.from - b.from),
      totalMs: own.reduce((sum, { durationMs }) => sum + durationMs, 0),
      blocks: own.reduce((sum, { from, to }) => sum + to - from, 0),
    }))
    .sort((a, b) => b.totalMs - a.totalMs);
}
