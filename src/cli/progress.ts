import { type Options, SingleBar } from 'cli-progress';
import { formatCount, formatMegabytes, formatSeconds } from './format.js';

/** A running count of blocks on stderr. On anything but a terminal it says nothing. */
export interface ProgressBar {
  update(blocks: number, bytes: number, total?: number): void;
  stop(): void;
}

const REDRAWS_PER_SECOND = 10;

/**
 * @param label what is being done, shown before the bar
 * @param total blocks to do, if known from the start
 */
export function startProgress(label: string, total = 0): ProgressBar {
  if (!process.stderr.isTTY) return { update: () => {}, stop: () => {} };
  // Before the first word of progress threads start and files open; that is no part of the rate.
  let first: { readonly atMs: number; readonly blocks: number } | undefined;
  let bytes = 0;
  const bar = new SingleBar({
    stream: process.stderr,
    fps: REDRAWS_PER_SECOND,
    clearOnComplete: true,
    // An interrupt may end the process at any moment; the terminal must not need mending then.
    hideCursor: false,
    linewrap: true,
    // The signal handlers of the commands decide what an interrupt means.
    gracefulExit: false,
    format: (_options, { value, total: all }) => {
      const elapsedMs = first ? performance.now() - first.atMs : 0;
      const rate = first && elapsedMs > 0 ? ((value - first.blocks) / elapsedMs) * 1000 : 0;
      return describe(label, { value, all, bytes, rate, columns: process.stderr.columns ?? 80 });
    },
  } satisfies Options);
  bar.start(total, 0);
  return {
    update: (blocks, done, newTotal) => {
      first ??= { atMs: performance.now(), blocks };
      bytes = done;
      if (newTotal !== undefined && newTotal !== bar.getTotal()) bar.setTotal(newTotal);
      bar.update(blocks);
    },
    stop: () => bar.stop(),
  };
}

interface Moment {
  readonly value: number;
  readonly all: number;
  readonly bytes: number;
  /** Blocks a second. */
  readonly rate: number;
  readonly columns: number;
}

/** One line: label, bar, share, blocks, blocks a second, megabytes, and the time left at the average rate so far. */
function describe(label: string, { value, all, bytes, rate, columns }: Moment): string {
  if (all === 0) return `${label} starting…`;
  const share = Math.min(1, value / all);
  const left = rate > 0 ? formatSeconds(((all - value) / rate) * 1000) : '–';
  const text =
    ` ${String(Math.floor(share * 100)).padStart(3)} %  ${formatCount(value)}/${formatCount(all)} blocks` +
    `  ${formatCount(rate)} blocks/s  ${formatMegabytes(bytes)}  ETA ${left}`;
  const room = columns - label.length - text.length - 4;
  if (room < 6) return `${label}${text}`.slice(0, columns - 1);
  const width = Math.min(30, room);
  const full = Math.round(share * width);
  return `${label} ${'█'.repeat(full)}${'░'.repeat(width - full)}${text}`;
}
