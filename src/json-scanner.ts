/** What can be wrong with a JSON text. */
export type JsonFault =
  | 'value'
  | 'number'
  | 'key'
  | 'refused-key'
  | 'repeated-key'
  | 'colon'
  | 'separator'
  | 'open-string'
  | 'control-character'
  | 'escape'
  | 'depth'
  | 'end';

/** What a reader of JSON demands beside the grammar, and what it says when that is not met. Indices are UTF-16 units. */
export interface JsonRules {
  readonly maxDepth: number;
  readonly refusedKeys: ReadonlySet<string>;
  /** Told of every string with its value, keys among them; throws for one that is refused. */
  readonly onString?: (value: string, start: number, end: number) => void;
  /** Told of every number as it is written; throws for one that is refused. */
  readonly onNumber?: (text: string, start: number, end: number) => void;
  /** Throws. The fault is at `start`, and the text was read up to `end`; `what` is the key or the missing bracket. */
  readonly refuse: (fault: JsonFault, start: number, end: number, what: string) => never;
}

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const LITERAL = /true|false|null/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4})/y;

/**
 * Holds a JSON text (RFC 8259) against its grammar and against what `JSON.parse` lets pass and an attacker could use: a
 * key that stands twice in one object (parsers differ in which value they keep, RFC 8259 §4), keys that reach into
 * prototypes, nesting without end. Recursion is bounded by the depth that is allowed.
 *
 * @param text untrusted
 */
export function scanJson(text: string, rules: JsonRules): void {
  new JsonScanner(text, rules).run();
}

class JsonScanner {
  private at = 0;
  private depth = 0;

  constructor(
    private readonly text: string,
    private readonly rules: JsonRules,
  ) {}

  run(): void {
    this.space();
    this.value();
    this.space();
    if (this.at < this.text.length) this.refuse('end');
  }

  private value(): void {
    const first = this.text[this.at] ?? '';
    if (first === '{') this.nested('}', () => this.members());
    else if (first === '[') this.nested(']', () => this.elements());
    else if (first === '"') this.string();
    else if (first === '-' || (first >= '0' && first <= '9')) this.number();
    else if (!this.take(LITERAL)) this.refuse('value');
  }

  private nested(closing: string, content: () => void): void {
    if (++this.depth > this.rules.maxDepth) this.refuse('depth');
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
      if (this.text[this.at] !== ':') this.refuse('colon');
      this.at++;
      this.space();
      this.value();
    } while (this.separated('}'));
  }

  /** Keys are compared as they read, not as they are spelled: "a" and "\u0061" are one. */
  private key(keys: Set<string>): void {
    const start = this.at;
    if (this.text[start] !== '"') this.refuse('key');
    const key = this.string();
    if (this.rules.refusedKeys.has(key)) this.refuse('refused-key', start, key);
    if (keys.has(key)) this.refuse('repeated-key', start, key);
    keys.add(key);
  }

  private elements(): void {
    do {
      this.space();
      this.value();
    } while (this.separated(']'));
  }

  /** Whether a comma says that something follows; otherwise the closing bracket must be there, and is left to be passed. */
  private separated(closing: string): boolean {
    this.space();
    if (this.text[this.at] === ',') {
      this.at++;
      return true;
    }
    if (this.text[this.at] !== closing) this.refuse('separator', this.at, closing);
    return false;
  }

  /** Passes over a string and gives its value. */
  private string(): string {
    const start = this.at++;
    let escaped = false;
    for (;;) {
      const unit = this.text.charCodeAt(this.at);
      if (unit === 0x22) break;
      if (Number.isNaN(unit)) this.refuse('open-string', start);
      if (unit < 0x20) this.refuse('control-character');
      if (unit !== 0x5c) {
        this.at++;
        continue;
      }
      escaped = true;
      if (!this.take(ESCAPE)) this.refuse('escape');
    }
    this.at++;
    const literal = this.text.slice(start, this.at);
    const value = escaped ? (JSON.parse(literal) as string) : literal.slice(1, -1);
    this.rules.onString?.(value, start, this.at);
    return value;
  }

  private number(): void {
    const start = this.at;
    if (!this.take(NUMBER)) this.refuse('number');
    this.rules.onNumber?.(this.text.slice(start, this.at), start, this.at);
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

  private refuse(fault: JsonFault, start = this.at, what = ''): never {
    return this.rules.refuse(fault, start, this.at, what);
  }
}
