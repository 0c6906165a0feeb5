/**
 * JSON bodies. `JSON.parse` accepts nesting without end, a key that stands twice in one object (parsers differ in which
 * value they keep, RFC 8259 §4) and `__proto__`; so the text is checked first, and only what passes is parsed. Every
 * byte is the client's.
 */
import { ProvChainError } from '../errors.js';

const MAX_DEPTH = 32;
/** Keys that reach into prototypes when an object is copied carelessly somewhere. */
const REFUSED_KEYS = new Set(['__proto__', 'constructor']);
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const LITERAL = /true|false|null/y;
const HEX_4 = /[0-9A-Fa-f]{4}/y;
const SIMPLE_ESCAPES = '"\\/bfnrt';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * The value of a JSON document.
 *
 * @param bytes untrusted; the length is for the caller to bound
 * @throws ProvChainError JSON_INVALID with line, column and byte offset where there is a place
 */
export function parseStrictJson(bytes: Uint8Array): unknown {
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    throw new ProvChainError('JSON_INVALID', 'the body is not well-formed UTF-8');
  }
  if (text.trim() === '') throw new ProvChainError('JSON_INVALID', 'the body is empty, expected JSON');
  new JsonCheck(text).run();
  return JSON.parse(text) as unknown;
}

/** A reading of one text by the grammar of RFC 8259; recursion is bounded by the depth that is allowed. */
class JsonCheck {
  private at = 0;
  private depth = 0;

  constructor(private readonly text: string) {}

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
    else if (!this.take(NUMBER) && !this.take(LITERAL)) this.refuse('expected a value');
  }

  private nested(closing: string, content: () => void): void {
    if (++this.depth > MAX_DEPTH) this.refuse(`arrays and objects may nest ${MAX_DEPTH} deep`);
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
      this.key(keys);
      this.space();
      if (this.text[this.at] !== ':') this.refuse('expected ":" after the key');
      this.at++;
      this.space();
      this.value();
      this.space();
    } while (this.more('}'));
  }

  private key(keys: Set<string>): void {
    const start = this.at;
    if (this.text[start] !== '"') this.refuse('expected a key in double quotes');
    this.string();
    // Compared as they read, not as they are spelled: "a" and "\u0061" are one key.
    const key = JSON.parse(this.text.slice(start, this.at)) as string;
    if (REFUSED_KEYS.has(key)) this.refuse(`the key ${JSON.stringify(key)} is not allowed`, start);
    if (keys.has(key)) this.refuse(`the key ${shown(key)} stands twice in one object`, start);
    keys.add(key);
  }

  private elements(): void {
    do {
      this.space();
      this.value();
      this.space();
    } while (this.more(']'));
  }

  /** Whether a comma follows; otherwise the closing bracket must, and is left to be passed. */
  private more(closing: string): boolean {
    const next = this.text[this.at];
    if (next === ',') {
      this.at++;
      return true;
    }
    if (next !== closing) this.refuse(`expected "," or "${closing}"`);
    return false;
  }

  private string(): void {
    const start = this.at++;
    for (;;) {
      const unit = this.text.charCodeAt(this.at);
      if (Number.isNaN(unit)) this.refuse('the string is not closed', start);
      if (unit < 0x20) this.refuse('a control character in a string must be escaped');
      this.at++;
      if (unit === 0x22) return;
      if (unit === 0x5c) this.escape();
    }
  }

  private escape(): void {
    const letter = this.text[this.at];
    if (letter !== undefined && SIMPLE_ESCAPES.includes(letter)) {
      this.at++;
      return;
    }
    if (letter !== 'u') this.refuse('the string holds an escape that JSON has not', this.at - 1);
    this.at++;
    if (!this.take(HEX_4)) this.refuse('expected four hexadecimal digits after \\u');
  }

  private take(pattern: RegExp): boolean {
    pattern.lastIndex = this.at;
    if (!pattern.test(this.text)) return false;
    this.at = pattern.lastIndex;
    return true;
  }

  private space(): void {
    for (;;) {
      const unit = this.text.charCodeAt(this.at);
      if (unit !== 0x20 && unit !== 0x0a && unit !== 0x0d && unit !== 0x09) return;
      this.at++;
    }
  }

  private refuse(what: string, at = this.at): never {
    const before = this.text.slice(0, at);
    const line = before.split('\n').length;
    const column = [...before.slice(before.lastIndexOf('\n') + 1)].length + 1;
    const place = { source: 'body', line, column, offset: Buffer.byteLength(before) };
    throw new ProvChainError('JSON_INVALID', `${what} (line ${line}, column ${column})`, { place });
  }
}

const shown = (key: string): string => JSON.stringify(key.length > 40 ? `${key.slice(0, 40)}…` : key);
