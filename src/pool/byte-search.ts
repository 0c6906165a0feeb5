/** Below it, the bytes that can be skipped are too few. */
const SHORTEST_SKIPPING = 4;
/** Comparisons for each byte of the text, above which the text was made for the needle. */
const MOST_COMPARISONS = 4;

/**
 * Finds the same bytes in many texts, by Horspool's algorithm: most bytes of a text are skipped.
 *
 * An attacker may control needle and text, and by both make this compare each byte of the one with each of the other, as
 * `Buffer.indexOf` does as well (7 s for 16 MB and 2,048 bytes). Where that begins, the algorithm of Knuth, Morris and
 * Pratt goes on, which looks at each byte of the text at most twice.
 */
export class ByteSearch {
  readonly #needle: Buffer;
  readonly #skips: Int32Array;
  #borders: Int32Array | undefined;

  constructor(needle: Buffer) {
    this.#needle = needle;
    const last = needle.length - 1;
    this.#skips = new Int32Array(256).fill(needle.length);
    for (let at = 0; at < last; at++) this.#skips[needle[at]!] = last - at;
  }

  /** Offset of the first occurrence that begins at `from` or behind it, or -1. */
  indexIn(text: Buffer, from = 0): number {
    const needle = this.#needle;
    const skips = this.#skips;
    const last = needle.length - 1;
    if (needle.length < SHORTEST_SKIPPING) return text.indexOf(needle, from);
    let left = MOST_COMPARISONS * (text.length - from);
    for (let end = from + last; end < text.length; ) {
      const byte = text[end]!;
      if (byte === needle[last]) {
        let matched = 1;
        while (matched <= last && text[end - matched] === needle[last - matched]) matched++;
        if (matched > last) return end - last;
        left -= matched;
        if (left < 0) return this.#withoutSkipping(text, end - last);
      }
      end += skips[byte]!;
    }
    return -1;
  }

  #withoutSkipping(text: Buffer, from: number): number {
    const needle = this.#needle;
    this.#borders ??= bordersOf(needle);
    let matched = 0;
    for (let at = from; at < text.length; at++) {
      while (matched > 0 && text[at] !== needle[matched]) matched = this.#borders[matched - 1]!;
      if (text[at] === needle[matched]) matched++;
      if (matched === needle.length) return at + 1 - matched;
    }
    return -1;
  }
}

/** For each beginning of the needle, the length of the longest shorter one that it ends with. */
function bordersOf(needle: Buffer): Int32Array {
  const borders = new Int32Array(needle.length);
  let border = 0;
  for (let at = 1; at < needle.length; at++) {
    while (border > 0 && needle[at] !== needle[border]) border = borders[border - 1]!;
    if (needle[at] === needle[border]) border++;
    borders[at] = border;
  }
  return borders;
}
