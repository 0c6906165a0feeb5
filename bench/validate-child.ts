import type { Check, Level, Report } from '../src/validation/index.js';
import { answerParent } from './child-process.js';

/** What a child is to validate, and on how many threads (0: its main thread). */
export interface ValidateJob {
  readonly dir: string;
  readonly level?: Level;
  readonly checks?: readonly Check[];
  readonly workers: number;
}

export type Validated = Pick<
  Report,
  'status' | 'complete' | 'checked' | 'findingCounts' | 'reportDigest' | 'durationMs'
>;

// Loaded inside, so that the clock of the process covers it.
await answerParent(async ({ dir, ...options }: ValidateJob): Promise<Validated> => {
  const { validateDirectory } = await import('../src/pool/index.js');
  const { status, complete, checked, findingCounts, reportDigest, durationMs } = await validateDirectory(
    dir,
    options,
  );
  return { status, complete, checked, findingCounts, reportDigest, durationMs };
});
