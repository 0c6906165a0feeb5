/** A line that only one of two texts has. */
export interface LineChange {
  readonly change: 'removed' | 'added';
  readonly line: string;
}

/**
 * What turns the lines of one text into those of another, each as often as it occurs, without regard to their order:
 * N-Quads are a set. Removed lines come where they stood in `before`, with the added ones after them.
 */
export function differLines(before: string, after: string): LineChange[] {
  const beforeLines = linesOf(before);
  const afterLines = linesOf(after);
  return [
    ...without(beforeLines, afterLines).map((line) => ({ change: 'removed', line }) as const),
    ...without(afterLines, beforeLines).map((line) => ({ change: 'added', line }) as const),
  ];
}

function without(lines: readonly string[], others: readonly string[]): string[] {
  const left = new Map<string, number>();
  for (const line of others) left.set(line, (left.get(line) ?? 0) + 1);
  return lines.filter((line) => {
    const count = left.get(line) ?? 0;
    if (count > 0) left.set(line, count - 1);
    return count === 0;
  });
}

function linesOf(text: string): string[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}
