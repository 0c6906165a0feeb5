import { formatCount, formatDuration } from './format.js';

interface BarProps {
  readonly done: number;
  readonly total: number;
  readonly label: string;
}

/** How far something is. The width is set through the object model: the policy of the page allows no style attributes. */
export function Bar({ done, total, label }: BarProps) {
  const share = total > 0 ? Math.min(1, done / total) : 0;
  return (
    <div
      class="bar"
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={total}
      aria-valuenow={done}
    >
      <span style={{ transform: `scaleX(${share.toFixed(4)})` }} />
    </div>
  );
}

interface Progress {
  readonly blocks: number;
  readonly totalBlocks: number;
  readonly etaSeconds: number | null;
}

export const progressText = ({ blocks, totalBlocks, etaSeconds }: Progress): string =>
  `${formatCount(blocks)} of ${formatCount(totalBlocks)} blocks${etaSeconds === null ? '' : ` · ${formatDuration(etaSeconds * 1000)} left`}`;
