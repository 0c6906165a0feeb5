/** What may stand in one place of a command line. */
export type Expected =
  | { readonly kind: 'directory' | 'file' | 'nothing' }
  | { readonly kind: 'words'; readonly words: readonly string[] };

export interface CompletionOption {
  readonly flags: readonly string[];
  readonly description: string;
  /** What its value may be; undefined when it takes none. */
  readonly value?: Expected;
}

export interface CompletionCommand {
  /** With the name of its group in front, if it is in one: "proof make". */
  readonly name: string;
  readonly description: string;
  readonly options: readonly CompletionOption[];
  readonly places: readonly { readonly expected: Expected; readonly repeats: boolean }[];
  /** Names of the commands in it; they follow in the list. */
  readonly members?: readonly string[];
}
