import type { ErrorPlace } from '../errors.js';
import type { SourceText } from './ingest-text.js';

/** A JSON value as `JSON.parse` gives it. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/**
 * How deep arrays and objects may nest. The JSON-LD processor recurses several frames a level and overflows
 * the stack between 256 and 1,000 levels (measured, Node 20.20); real documents stay below 30.
 */
const MAX_DEPTH = 128;

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4})/y;
/** In the u mode a pair of surrogates is one character and no surrogate. */
const LONE_SURROGATE = /\p{Surrogate}/u;
const WORD = /[\w.+-]{1,80}|\\?./suy;
const LITERALS = ['true', 'false', 'null'];

/**
 * Checks JSON text (RFC 8259) for what `JSON.parse` lets pass and an attacker could use: a key that stands
 * twice in one object (parsers differ in which value they keep, RFC 8259 §4), the key `__proto__`, lone
 * surrogates, nesting without end, and numbers that change when they are read.
 */
class JsonCheck {
  private at = 0;
  private depth = 0;
  private readonly text: string;

  constructor(private readonly source: SourceText) {
    this.text = source.text;
  }

  run(): void {
    this.space();
    this.value();
    this.space();
    if (this.at < this.text.length) this.refuse('expected the end of the document');
  }

  private value(): void {
    const first = this.text[this.at];
    if (first === '{') this.nested('}', () => this.members());
    else if (first === '[') this.nested(']', () => this.elements());
    else if (first === '"') this.string();
    else if (first === '-' || (first >= '0' && first <= '9')) this.number();
    else this.literal();
  }

  private nested(closing: string, content: () => void): void {
    if (++this.depth > MAX_DEPTH) this.refuse(`but arrays and objects may nest ${MAX_DEPTH} deep`);
    this.at++;
    this.space();
    if (this.text[this.at] !== closing) content();
    this.at++;
    this.depth--;
  }

  private members(): void {
    const keys = new Set<string>();
    do {
      this.space();
      const start = this.at;
      if (this.text[start] !== '"') this.refuse('expected a key in quotation marks');
      const key = this.string();
      if (key === '__proto__') this.refuse('which no key may be called', start);
      if (keys.has(key)) this.refuse('but this object has that key already', start);
      keys.add(key);
      this.space();
      if (this.text[this.at] !== ':') this.refuse('expected ":"');
      this.at++;
      this.space();
      this.value();
    } while (this.separated('}'));
  }

  private elements(): void {
    do {
      this.space();
      this.value();
    } while (this.separated(']'));
  }

  /** Whether a comma says that something follows; otherwise the closing bracket must be there. */
  private separated(closing: string): boolean {
    this.space();
    if (this.text[this.at] === ',') {
      this.at++;
      return true;
    }
    if (this.text[this.at] !== closing) this.refuse(`expected "," or "${closing}"`);
    return false;
  }

  /** Passes over a string and gives its value. */
  private string(): string {
    const start = this.at++;
    for (;;) {
      const character = this.text.charCodeAt(this.at);
      if (character === 0x22) break;
      if (Number.isNaN(character)) this.refuse('a string without its end', start);
      if (character < 0x20) this.refuse('but a control character in a string must be escaped');
      if (character === 0x5c) this.escape();
      else this.at++;
    }
    this.at++;
    const value = JSON.parse(this.text.slice(start, this.at)) as string;
    if (LONE_SURROGATE.test(value)) this.refuse('which holds half of a surrogate pair', start);
    return value;
  }

  private escape(): void {
    ESCAPE.lastIndex = this.at;
    if (!ESCAPE.test(this.text)) this.refuse('which is no escape of JSON');
    this.at = ESCAPE.lastIndex;
  }

  private number(): void {
    const start = this.at;
    NUMBER.lastIndex = start;
    if (!NUMBER.test(this.text)) this.refuse('which is not a number');
    this.at = NUMBER.lastIndex;
    if (!survives(this.text.slice(start, this.at))) {
      this.refuse('a number that cannot be read exactly: write it as a string with its @type', start);
    }
  }

  private literal(): void {
    const word = LITERALS.find((each) => this.text.startsWith(each, this.at));
    if (word === undefined) this.refuse('expected a JSON value');
    this.at += word.length;
  }

  private space(): void {
    while (' \t\n\r'.includes(this.text[this.at] || 'x')) this.at++;
  }

  /** Shows what was passed over since `start`, or the word or character that stands here. */
  private refuse(expectation: string, start = this.at): never {
    WORD.lastIndex = this.at;
    const end = start < this.at ? this.at : this.at + (WORD.exec(this.text)?.[0].length ?? 1);
    throw this.source.syntaxError(`JSON: found ${this.source.excerpt(start, end)}, ${expectation}`, start);
  }
}

/**
 * Whether a number keeps its value in a double as far as RDF shows it: whole numbers must be exact, because
 * they become xsd:integer; what overflows or vanishes is refused. Fractions are doubles by definition
 * (JSON-LD 1.1 API §8.2).
 */
function survives(text: string): boolean {
  const value = Number(text);
  if (!Number.isFinite(value)) return false;
  if (value === 0) return /^-?0*(?:\.0*)?(?:[eE]|$)/.test(text);
  if (!Number.isInteger(value) || Number.isSafeInteger(value) || Math.abs(value) >= 1e21) return true;
  return /^-?[0-9]+$/.test(text) && BigInt(text) === BigInt(value);
}

/**
 * Strict JSON.
 *
 * @param source untrusted
 * @throws ProvChainError RDF_SYNTAX with the place of the first character that is wrong
 */
export function parseJson(source: SourceText): Json {
  new JsonCheck(source).run();
  return JSON.parse(source.text) as Json;
}

/** The place of a string in JSON text when it stands there exactly once, otherwise the document. */
export function placeOfString(source: SourceText, value: string): ErrorPlace {
  const quoted = JSON.stringify(value);
  const index = source.text.indexOf(quoted);
  return index < 0 || source.text.indexOf(quoted, index + 1) >= 0
    ? source.placeOfWhole()
    : source.placeAt(index);
}

/**
 * JSON in the one form of RFC 8785 (JCS) §3.2: no white space, keys in the order of their UTF-16 units, numbers
 * and strings as ECMAScript writes them.
 */
export function canonicalJson(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const members = Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key])}`);
  return `{${members.join(',')}}`;
}
