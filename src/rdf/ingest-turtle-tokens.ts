import { titleOfFormat } from './ingest-formats.js';
import { languageTag } from './ingest-quads.js';
import { type SourceText, shorten } from './ingest-text.js';

/** What the parser reports of a token: lines from 1, columns from 0 in UTF-16 units. */
export interface TurtleToken {
  readonly type: string;
  readonly value: string;
  /** Of a number or a truth value its datatype, of a string empty. */
  readonly prefix?: string;
  readonly line: number;
  readonly start: number;
  readonly end: number;
  /** Of a string over several lines; `end` is then a column of this line. */
  readonly endLine?: number;
}

const ABSOLUTE = /^[A-Za-z][A-Za-z0-9+.-]*:/;
/** A base with an authority, `http://…` or `file://…`. */
const HIERARCHICAL = /^[A-Za-z][A-Za-z0-9+.-]*:\/\//;
const CLOSING: Readonly<Record<string, string>> = { '[': ']', '(': ')', '{': '}' };
const DIRECTIVES: ReadonlySet<string> = new Set(['@prefix', '@base', 'PREFIX', 'BASE', 'GRAPH']);
const RDF_12_TOKENS: ReadonlySet<string> = new Set([
  '<<',
  '<<(',
  '>>',
  ')>>',
  '{|',
  '|}',
  '~',
  'dircode',
  'VERSION',
  '@version',
]);

/**
 * Refuses what the parser would let pass although the grammars of Turtle 1.1 (§6.5) and TriG 1.1 (§4.5) do not
 * have it. Measured with n3 2.13.12: a full stop or the end of the document inside `[ … ; ` ends the statement
 * and loses the one around it; graphs nest, and directives stand inside of them; triple terms, annotations,
 * base directions and version announcements of RDF 1.2 are read in every format; relative IRIs without a base
 * come back as they are; references with a path are appended to a base like `urn:x:y` instead of being resolved;
 * `^^` may stand before any IRI, `<s> ^^<p> <o> .`
 *
 * It sees every token before the parser does, in order. States: the stack of open brackets, and the base.
 */
export class TurtleTokenCheck {
  private readonly open: TurtleToken[] = [];
  private last: TurtleToken | undefined;

  /** @param base the base IRI so far, absolute, or undefined while there is none */
  constructor(
    private readonly source: SourceText,
    private readonly format: 'turtle' | 'trig',
    private base: string | undefined,
  ) {}

  /** The index of the token that was seen last, where an error of the parser about no token of its own is. */
  get lastIndex(): number {
    return this.last === undefined ? 0 : this.indexOf(this.last);
  }

  /** The index after the token that was seen last. */
  get endOfLast(): number {
    return this.last === undefined
      ? 0
      : this.source.indexOf(this.last.endLine ?? this.last.line, this.last.end);
  }

  indexOf(token: TurtleToken): number {
    return this.source.indexOf(token.line, token.start);
  }

  /** What the document says at a token, for a message. */
  excerpt(token: TurtleToken): string {
    const end = this.source.indexOf(token.endLine ?? token.line, token.end);
    return this.source.excerpt(this.indexOf(token), end);
  }

  /** @throws ProvChainError RDF_SYNTAX */
  see(token: TurtleToken): void {
    const previous = this.last;
    this.last = token;
    if (RDF_12_TOKENS.has(token.type)) {
      this.refuse(token, 'which belongs to RDF 1.2; a block holds RDF 1.1');
    }
    if (this.open.length > 0 && DIRECTIVES.has(token.type)) {
      this.refuse(token, `expected "${this.closing()}" before it`);
    }
    switch (token.type) {
      case 'type':
      case 'typeIRI':
        if (previous?.type !== 'literal' || previous.prefix !== '')
          this.refuse(token, 'but "^^" stands before it, without a string');
        if (token.type === 'typeIRI') this.seeIri(token, previous);
        break;
      case 'IRI':
        this.seeIri(token, previous);
        break;
      case 'langcode':
        if (languageTag(token.value) === undefined) {
          this.refuse(token, 'expected a language tag with at most eight characters between hyphens');
        }
        break;
      case '[':
      case '(':
      case '{':
        this.seeOpening(token);
        break;
      case ']':
      case ')':
      case '}':
        this.seeClosing(token);
        break;
      case '.':
      case 'eof':
        this.seeEnd(token);
        break;
      default:
    }
  }

  private seeIri(token: TurtleToken, previous: TurtleToken | undefined): void {
    const absolute = ABSOLUTE.test(token.value);
    if (!absolute) this.checkReference(token);
    if (absolute && (previous?.type === '@base' || previous?.type === 'BASE')) this.base = token.value;
  }

  private checkReference(token: TurtleToken): void {
    if (this.base === undefined) {
      this.refuse(token, 'a relative IRI, expected an absolute one: the document states no @base');
    }
    if (token.value !== '' && !token.value.startsWith('#') && !HIERARCHICAL.test(this.base)) {
      this.refuse(token, `which cannot be resolved: the base <${shorten(this.base)}> has no "//"`);
    }
  }

  private seeOpening(token: TurtleToken): void {
    if (token.type === '{') {
      if (this.format === 'turtle') this.refuse(token, 'but Turtle has no graphs: is this TriG?');
      if (this.open.length > 0) this.refuse(token, `expected "${this.closing()}" before it`);
    }
    this.open.push(token);
  }

  private seeClosing(token: TurtleToken): void {
    const opening = this.open.pop();
    if (opening === undefined) this.refuse(token, 'but no bracket is open');
    const closing = CLOSING[opening.type];
    if (closing !== token.type) this.refuse(token, `expected "${closing}"${this.openedAt(opening)}`);
  }

  /** A statement may end inside the braces of a graph, but not inside other brackets; the document in none. */
  private seeEnd(token: TurtleToken): void {
    const opening = this.open.at(-1);
    if (opening === undefined || (token.type === '.' && opening.type === '{')) return;
    this.refuse(token, `expected "${CLOSING[opening.type]}"${this.openedAt(opening)}`);
  }

  private closing(): string {
    return CLOSING[this.open.at(-1)?.type ?? '{'];
  }

  private openedAt(opening: TurtleToken): string {
    const { line, column } = this.source.placeAt(this.indexOf(opening));
    return ` for the "${opening.type}" of line ${line}, column ${column}`;
  }

  private refuse(token: TurtleToken, expectation: string): never {
    const message = `${titleOfFormat(this.format)}: found ${this.excerpt(token)}, ${expectation}`;
    throw this.source.syntaxError(message, this.indexOf(token));
  }
}
