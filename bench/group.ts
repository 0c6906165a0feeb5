import type { BenchRow } from './row.js';

export interface BenchOptions {
  /** Fewer blocks and pairs: shows that everything runs and verifies; the bars are for the full size. */
  readonly quick: boolean;
  /** What is going on, for a person. */
  readonly note: (text: string) => void;
}

/** Rows that are measured together, under the name that `--only` takes. */
export interface BenchGroup {
  readonly name: string;
  readonly describe: string;
  /** Left out of `--quick` unless it is named. */
  readonly slow?: boolean;
  run(options: BenchOptions): Promise<readonly BenchRow[]>;
}
