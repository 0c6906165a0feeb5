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

/** One line of a comparison that keeps the order of both texts. */
export interface AlignedLine {
  readonly op: 'same' | 'removed' | 'added';
  /** Without its line end. */
  readonly line: string;
}

/**
 * The lines of both texts in one list, with as many kept as possible where no line of `after` is there twice, as in any
 * canonical form: then the longest common subsequence of both is the longest rising sequence of the places that the
 * lines of `before` have in `after`, which is found in n log n steps. A line that lacks its line end is another line.
 */
export function alignLines(before: string, after: string): AlignedLine[] {
  const beforeLines = linesWithEnds(before);
  const afterLines = linesWithEnds(after);
  const placeOf = new Map(afterLines.map((line, place) => [line, place]));
  const places = beforeLines.map((line) => placeOf.get(line));
  const kept = longestRise(places);
  const aligned: AlignedLine[] = [];
  let next = 0;
  const addUpTo = (place: number) => {
    while (next < place) aligned.push({ op: 'added', line: withoutEnd(afterLines[next++]!) });
  };
  beforeLines.forEach((text, at) => {
    const line = withoutEnd(text);
    if (!kept.has(at)) {
      aligned.push({ op: 'removed', line });
      return;
    }
    addUpTo(places[at]!);
    aligned.push({ op: 'same', line });
    next++;
  });
  addUpTo(afterLines.length);
  return aligned;
}

/** Indexes of a longest strictly rising sequence of numbers, by patience sorting; undefined ones are in none. */
function longestRise(values: readonly (number | undefined)[]): Set<number> {
  /** For each length, where the sequence of that length with the lowest end ends. */
  const ends: number[] = [];
  const before = new Map<number, number | undefined>();
  values.forEach((value, at) => {
    if (value === undefined) return;
    let low = 0;
    let high = ends.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (values[ends[middle]!]! < value) low = middle + 1;
      else high = middle;
    }
    before.set(at, ends[low - 1]);
    ends[low] = at;
  });
  const rise = new Set<number>();
  for (let at = ends.at(-1); at !== undefined; at = before.get(at)) rise.add(at);
  return rise;
}

const linesWithEnds = (text: string): string[] => (text === '' ? [] : text.split(/(?<=\n)/));
const withoutEnd = (line: string): string => (line.endsWith('\n') ? line.slice(0, -1) : line);
