/** One thing that was looked at: `ok`, `warn` (works, with a drawback) or `fail` (validating will not work). */
export interface Diagnosis {
  readonly name: string;
  readonly state: 'ok' | 'warn' | 'fail';
  readonly value: string;
  /** What to do, unless all is well. */
  readonly action?: string;
}
