import type { BenchRow } from '../row.js';
import type { LoadOptions, Mode } from './load-options.js';

/** One thing that is measured, under the name that `--only` takes. */
export interface Scenario {
  readonly name: string;
  readonly describe: string;
  run(mode: Mode, options: LoadOptions): Promise<readonly BenchRow[]>;
}
