/** What one measurement must reach: DESIGN §10 judges everything as a ratio to a peer measured in the same run. */
export type Bar =
  /** The peer takes at least this many times as long. */
  | { readonly fasterBy: number }
  /** It takes at most this many times what the peer takes. */
  | { readonly atMostTimes: number }
  /** It takes at most this much more than the peer, and in any case less than `below`; in the row's unit. */
  | { readonly atMostMore: number; readonly below: number }
  /** It reaches at least this share of the peer, where more is better. */
  | { readonly atLeastShare: number }
  /** Nothing is asked for: the ratio is for the reader. */
  | { readonly none: true };

/** Which table of README.md a row goes to: the engine's, which is the default, or one of the others. */
export type Table = 'engine' | 'load' | 'guide';

export interface BenchRow {
  /** Unique among all rows; begins with the name of its group, e.g. "canonicalize trace shuffled". */
  readonly name: string;
  /** What is measured against what, as a sentence without a full stop. */
  readonly title: string;
  readonly unit: 'ms' | 'MB' | 'req/s' | 'jobs' | '%';
  /** Medians, in `unit`. */
  readonly ours: number;
  readonly peer: number;
  readonly bar: Bar;
  /** Sizes, threads, number of pairs: all that is needed to run it again. */
  readonly settings: Readonly<Record<string, string | number | boolean>>;
  readonly table?: Table;
  /** Of a figure of the guide: on which chain it holds. */
  readonly place?: string;
  /** Further figures of the same runs, and what to know when reading them. */
  readonly notes?: readonly string[];
}

export interface Judgement {
  /** `peer / ours` for {@link Bar} `fasterBy`, `ours - peer` for `atMostMore`, `ours / peer` for all others. */
  readonly value: number;
  /** The value and the bar in words. */
  readonly text: string;
  readonly pass: boolean;
}

export function judge({
  ours,
  peer,
  bar,
  unit,
}: Pick<BenchRow, 'ours' | 'peer' | 'bar' | 'unit'>): Judgement {
  if ('fasterBy' in bar) {
    const value = peer / ours;
    return { value, text: `${value.toFixed(2)}× as fast (≥ ${bar.fasterBy}×)`, pass: value >= bar.fasterBy };
  }
  if ('atMostTimes' in bar) {
    const value = ours / peer;
    return { value, text: `${value.toFixed(2)}× (≤ ${bar.atMostTimes}×)`, pass: value <= bar.atMostTimes };
  }
  if ('atLeastShare' in bar) {
    const value = ours / peer;
    const text = `${percent(value)} of it (≥ ${percent(bar.atLeastShare)})`;
    return { value, text, pass: value >= bar.atLeastShare };
  }
  if ('none' in bar) {
    const value = ours / peer;
    return { value, text: `${percent(value)} of it`, pass: true };
  }
  const value = ours - peer;
  return {
    value,
    text: `${value < 0 ? '' : '+'}${value.toFixed(0)} ${unit} (≤ ${bar.atMostMore} ${unit}, < ${bar.below} ${unit})`,
    pass: value <= bar.atMostMore && ours < bar.below,
  };
}

const percent = (share: number): string => `${(share * 100).toFixed(0)} %`;

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
