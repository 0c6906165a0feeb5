import type { Report } from '../api/index.js';
import { formatCount, formatDuration, formatPercent, formatRange } from '../show/index.js';
import { lanesOf, type ShardTime } from './lanes.js';

const DRAWN = 600;

/**
 * Which node checked which blocks, and what that took. A report keeps how long a shard took, not when it began, so the
 * lanes are laid out by the time that each node worked.
 */
export function Timeline({ shards, durationMs }: { shards: Report['shards']; durationMs: number }) {
  const lanes = lanesOf(shards.slice(0, DRAWN));
  const longest = Math.max(...lanes.map(({ totalMs }) => totalMs), 1);
  return (
    <div class="timeline">
      {lanes.map(({ node, shards: own, totalMs, blocks }) => (
        <div key={node} class="lane">
          <p class="lane-name">
            <strong>{node}</strong>
            <span class="muted">
              {formatCount(own.length)} shards, {formatCount(blocks)} blocks, {formatDuration(totalMs)} of
              work
            </span>
          </p>
          <div class="lane-bar" role="img" aria-label={`${node}: ${own.length} shards`}>
            {own.map((shard) => (
              <Shard key={shard.from} shard={shard} longest={longest} />
            ))}
          </div>
        </div>
      ))}
      <p class="muted small">
        The width of a shard is the time it took; hatched ones took evidence from an earlier job. The whole
        job took {formatDuration(durationMs)}, so on average{' '}
        {formatPercent(lanes.reduce((sum, { totalMs }) => sum + totalMs, 0) / Math.max(1, durationMs))} of one
        worker was busy.
        {shards.length > DRAWN && ` The first ${DRAWN} of ${formatCount(shards.length)} shards are drawn.`}
      </p>
    </div>
  );
}

function Shard({ shard, longest }: { shard: ShardTime; longest: number }) {
  const { from, to, status, durationMs, cached } = shard;
  const words = `${formatRange(from, to)}: ${status}, ${formatDuration(durationMs)}${cached ? ', with earlier evidence' : ''}`;
  return (
    <span
      class={`shard shard-${status}${cached ? ' cached' : ''}`}
      title={words}
      style={{ flexBasis: `${((durationMs / longest) * 100).toFixed(3)}%` }}
    />
  );
}
