import type { Report } from '../api/index.js';
import { formatCount, formatDuration, formatPercent, formatRange } from '../show/index.js';
import { lanesOf, type PlacedShard, spanOf } from './lanes.js';

const DRAWN = 600;

/** Which worker of which node checked which blocks, and when. */
export function Timeline({ shards, durationMs }: { shards: Report['shards']; durationMs: number }) {
  const lanes = lanesOf(shards.slice(0, DRAWN));
  const span = spanOf(lanes);
  return (
    <div class="timeline">
      {lanes.map(({ node, worker, shards: own, totalMs, blocks }) => (
        <div key={`${node} ${worker}`} class="lane">
          <p class="lane-name">
            <strong>
              {node}
              {worker !== null && (
                <span class="muted"> · {worker === 0 ? 'coordinator' : `worker ${worker}`}</span>
              )}
            </strong>
            <span class="muted">
              {formatCount(own.length)} {own.length === 1 ? 'shard' : 'shards'}, {formatCount(blocks)} blocks,{' '}
              {formatDuration(totalMs)} of work
            </span>
          </p>
          <div
            class="lane-bar"
            role="img"
            aria-label={`${node}${worker === null ? '' : `, worker ${worker}`}: ${own.length} shards`}
          >
            {own.map((placed) => (
              <Shard key={placed.shard.from} placed={placed} span={span} />
            ))}
          </div>
        </div>
      ))}
      <p class="muted small">
        From the first shard to the last: {formatDuration(span)}. Hatched shards took evidence from an earlier
        job. The whole job took {formatDuration(durationMs)}, so on average{' '}
        {formatPercent(lanes.reduce((sum, { totalMs }) => sum + totalMs, 0) / Math.max(1, durationMs))} of one
        worker was busy.
        {shards.length > DRAWN && ` The first ${DRAWN} of ${formatCount(shards.length)} shards are drawn.`}
      </p>
    </div>
  );
}

function Shard({ placed: { shard, fromMs }, span }: { placed: PlacedShard; span: number }) {
  const { from, to, status, durationMs, cached } = shard;
  const after = `after ${formatDuration(fromMs)}`;
  const words = `${formatRange(from, to)}: ${status}, ${formatDuration(durationMs)}, ${after}${cached ? ', with earlier evidence' : ''}`;
  const share = (ms: number) => `${((ms / span) * 100).toFixed(3)}%`;
  return (
    <span
      class={`shard shard-${status}${cached ? ' cached' : ''}`}
      title={words}
      style={{ left: share(fromMs), width: share(durationMs) }}
    />
  );
}
