/** Numbers as people read them. All output is in English, whatever the locale of the machine. */
const GROUPED = new Intl.NumberFormat('en-US');

export function formatCount(value: number): string {
  return GROUPED.format(Math.round(value));
}

/** "1 block", "2 blocks". */
export function formatAmount(value: number, noun: string): string {
  return `${formatCount(value)} ${noun}${value === 1 ? '' : 's'}`;
}

/** Megabytes of 1,000,000 bytes, as disks are sold. */
export function formatMegabytes(bytes: number): string {
  const megabytes = bytes / 1e6;
  return `${megabytes < 10 ? megabytes.toFixed(megabytes < 1 ? 2 : 1) : formatCount(megabytes)} MB`;
}

export function formatSeconds(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 60_000) return `${(milliseconds / 1000).toFixed(milliseconds < 10_000 ? 2 : 1)} s`;
  const seconds = Math.round(milliseconds / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** Block numbers, at most `limit` of them, runs joined: "3, 7–9 and 120 more". */
export function formatBlocks(blocks: readonly number[], limit = 8): string {
  const runs: [number, number][] = [];
  for (const block of blocks) {
    const last = runs.at(-1);
    if (last && block <= last[1] + 1) last[1] = block;
    else runs.push([block, block]);
  }
  const shown = runs.slice(0, limit).map(([from, to]) => (from === to ? `${from}` : `${from}–${to}`));
  const hidden = runs.slice(limit).reduce((sum, [from, to]) => sum + to - from + 1, 0);
  return hidden === 0 ? shown.join(', ') : `${shown.join(', ')} and ${formatCount(hidden)} more`;
}
