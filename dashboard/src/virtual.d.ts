declare module 'virtual:runbook-pages' {
  /** Paths of the pages of docs/runbook that were there when the dashboard was built, by finding code. */
  export const runbookPages: Readonly<Record<string, string>>;
}
