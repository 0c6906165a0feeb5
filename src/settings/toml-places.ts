import { parse } from 'smol-toml';

/** A way into the tree of a TOML document: names of keys, and indices of arrays. */
export type Path = readonly (string | number)[];

interface Mark {
  /** Offset of the key (of an element of an array: of its value), in UTF-16 units. */
  readonly key: number;
  /** The value; absent for a table that has a header or is only part of a dotted key. */
  value?: { readonly from: number; readonly to: number };
}

interface Place {
  readonly line: number;
  readonly column: number;
}

/** Where every key and every element of a TOML document stands. */
export interface TomlPlaces {
  /** The key itself; undefined when it is not in the document. */
  keyAt(path: Path): Place | undefined;
  /** The value, or the key where that has no value of its own. */
  valueAt(path: Path): Place | undefined;
  /** The text of the value, as written. */
  valueText(path: Path): string | undefined;
}

/**
 * Finds the places in a text that smol-toml has parsed: it checks nothing itself, and stops at the first thing that it
 * does not understand. Needed because the parser gives values without places, and an error in a file of 200 lines
 * that does not say where is half an error.
 */
export function locateToml(text: string): TomlPlaces {
  const marks = new Scanner(text).scan();
  const find = (path: Path) => marks.get(keyOf(path));
  const placeOf = (offset: number | undefined) =>
    offset === undefined ? undefined : placeInText(text, offset);
  return {
    keyAt: (path) => placeOf(find(path)?.key),
    valueAt: (path) => placeOf(find(path)?.value?.from ?? find(path)?.key),
    valueText: (path) => {
      const value = find(path)?.value;
      return value && text.slice(value.from, value.to);
    },
  };
}

/** One-based line and column, the column in code points. */
function placeInText(text: string, offset: number): Place {
  const before = text.slice(0, offset);
  const lineStart = before.lastIndexOf('\n') + 1;
  return { line: before.split('\n').length, column: [...before.slice(lineStart)].length + 1 };
}

const keyOf = (path: Path) => JSON.stringify(path);

const BARE_KEY = /[A-Za-z0-9_-]+/y;
const BLANK = /(?:[ \t\r\n]|#[^\n]*)*/y;
const SPACE = /[ \t]*/y;
/** Numbers, dates and booleans end before these. */
const SCALAR = /[^,\]}\n#]*/y;

class Scanner {
  readonly #text: string;
  readonly #marks = new Map<string, Mark>();
  /** Elements so far of each array of tables. */
  readonly #tables = new Map<string, number>();
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  scan(): ReadonlyMap<string, Mark> {
    let table: Path = [];
    for (;;) {
      this.#skip(BLANK);
      const before = this.#at;
      if (this.#take('[')) table = this.#header();
      else if (before < this.#text.length) this.#keyAndValue(table);
      if (this.#at === before) return this.#marks;
    }
  }

  /** `[a.b]` or `[[a.b]]`; a name on the way that is an array of tables means its last element. */
  #header(): Path {
    const isElement = this.#take('[');
    const names = this.#keyPath();
    this.#take(']');
    if (isElement) this.#take(']');
    let path: Path = [];
    for (const [i, { name, at }] of names.entries()) {
      path = [...path, name];
      this.#mark(path, at);
      let count = this.#tables.get(keyOf(path));
      if (isElement && i === names.length - 1) {
        count = (count ?? 0) + 1;
        this.#tables.set(keyOf(path), count);
      }
      if (count === undefined) continue;
      path = [...path, count - 1];
      this.#mark(path, at);
    }
    return path;
  }

  #keyAndValue(table: Path): void {
    let path = table;
    for (const { name, at } of this.#keyPath()) {
      path = [...path, name];
      this.#mark(path, at);
    }
    this.#take('=');
    this.#skip(SPACE);
    this.#value(path);
  }

  #keyPath(): { name: string; at: number }[] {
    const names: { name: string; at: number }[] = [];
    do {
      this.#skip(SPACE);
      const at = this.#at;
      const quoted = this.#text[at] === '"' || this.#text[at] === "'";
      if (quoted) this.#string();
      else this.#skip(BARE_KEY);
      const written = this.#text.slice(at, this.#at);
      // The parser knows the escapes of a quoted key.
      names.push({ name: quoted ? (Object.keys(parse(`${written} = 0`))[0] ?? '') : written, at });
      this.#skip(SPACE);
    } while (this.#take('.'));
    return names;
  }

  #value(path: Path): void {
    const from = this.#at;
    const first = this.#text[from];
    if (first === '"' || first === "'") this.#string();
    else if (this.#take('[')) this.#array(path);
    else if (this.#take('{')) this.#inlineTable(path);
    else this.#scalar();
    const mark = this.#marks.get(keyOf(path));
    if (mark) mark.value = { from, to: this.#at };
  }

  #array(path: Path): void {
    for (let i = 0; ; i++) {
      this.#skip(BLANK);
      if (this.#take(']') || this.#at >= this.#text.length) return;
      const element = [...path, i];
      const before = this.#at;
      this.#mark(element, before);
      this.#value(element);
      this.#skip(BLANK);
      this.#take(',');
      if (this.#at === before) return;
    }
  }

  #inlineTable(path: Path): void {
    for (;;) {
      this.#skip(BLANK);
      if (this.#take('}') || this.#at >= this.#text.length) return;
      const before = this.#at;
      this.#keyAndValue(path);
      this.#skip(BLANK);
      this.#take(',');
      if (this.#at === before) return;
    }
  }

  #scalar(): void {
    SCALAR.lastIndex = this.#at;
    const [written = ''] = SCALAR.exec(this.#text) ?? [];
    this.#at += written.trimEnd().length;
  }

  /** The four kinds of strings. Up to two quotes may stand directly before the three that end one of several lines. */
  #string(): void {
    const quote = this.#text[this.#at] ?? '';
    const long = this.#text.startsWith(quote.repeat(3), this.#at);
    const end = long ? quote.repeat(3) : quote;
    this.#at += end.length;
    while (this.#at < this.#text.length && !this.#text.startsWith(end, this.#at)) {
      this.#at += quote === '"' && this.#text[this.#at] === '\\' ? 2 : 1;
    }
    this.#at += end.length;
    for (let extra = 0; long && extra < 2; extra++) this.#take(quote);
  }

  /** The first mention counts: a table is where its header or its first key is. */
  #mark(path: Path, at: number): void {
    if (!this.#marks.has(keyOf(path))) this.#marks.set(keyOf(path), { key: at });
  }

  #skip(pattern: RegExp): void {
    pattern.lastIndex = this.#at;
    this.#at += pattern.exec(this.#text)?.[0].length ?? 0;
  }

  #take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }
}
