/** A word as a POSIX shell reads it, so that a command line that is shown can be pasted. */
export function shellWord(text: string): string {
  return /^[\w./:@%+=,~-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
