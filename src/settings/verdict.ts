/** A rule between settings that is broken, or a remark. */
export interface Verdict {
  readonly path: readonly string[];
  /** Goes after the name of the key. */
  readonly message: string;
  readonly only?: 'warning';
  /** Other keys that it comes from. */
  readonly given?: readonly (readonly string[])[];
}
