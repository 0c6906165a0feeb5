import { Parser } from 'n3';
import { ProvChainError } from '../errors.js';
import { titleOfFormat } from './ingest-formats.js';
import { iriTerm, isAbsoluteIri, languageTag, literalTerm, type QuadLines } from './ingest-quads.js';
import { type SourceText, shorten } from './ingest-text.js';
import { type TurtleToken, TurtleTokenCheck } from './ingest-turtle-tokens.js';

interface Term {
  readonly termType: string;
  readonly value: string;
  readonly language?: string;
  readonly datatype?: { readonly value: string };
}

interface Quad {
  readonly subject: Term;
  readonly predicate: Term;
  readonly object: Term;
  readonly graph: Term;
}

interface ParseError extends Error {
  readonly context?: { readonly token?: TurtleToken };
}

/** The part of n3's parser that is used here; its published types do not know `onToken` yet. */
interface TokenParser {
  parse(
    input: TextEvents,
    callbacks: {
      onQuad(error: ParseError | null, quad: Quad | null): void;
      onToken(token: TurtleToken): void;
    },
  ): void;
}

/** A stream as far as the parser looks at one. */
interface TextEvents {
  on(event: string, listen: (text?: string) => void): void;
}

/**
 * The text as a stream of one piece that is over before `parse` returns. The parser then neither collects the
 * quads nor the tokens, and what the callbacks throw reaches its caller; given a string together with
 * callbacks it would parse in a microtask, where an error ends the process.
 */
function eventsOf(text: string): TextEvents {
  return {
    on(event, listen) {
      if (event === 'data') listen(text);
      else if (event === 'end') listen();
    },
  };
}

/** What the grammar wanted, by the beginning of the parser's own message. */
const EXPECTATIONS: readonly (readonly [RegExp, string])[] = [
  [/^Undefined prefix/, 'whose prefix is not declared'],
  [/^Expected punctuation/, 'expected ".", ";" or "," after the object'],
  [/^Expected entity/, 'expected an IRI, a prefixed name, a blank node or, as an object, a literal'],
  [/^Expected predicate/, 'expected a predicate'],
  [/^Disallowed blank node as predicate/, 'but a blank node cannot be a predicate'],
  [/^Unexpected literal/, 'but a literal can only be an object'],
  [/^Expected declaration to end/, 'expected "." after the directive'],
  [/^Expected prefix/, 'expected a prefix with its colon'],
  [/^Expected (?:valid )?IRI/, 'expected an IRI in angle brackets'],
  [/^Invalid IRI/, 'which is not an IRI'],
  [/^Detected illegal/, 'but a string of this datatype needs a language tag'],
  [/^(?:Invalid graph label|Expected graph)/, 'expected the name of a graph and "{"'],
  [/^Unexpected graph/, 'but a graph cannot stand here'],
  [/^Unexpected \.|^Unexpected \}/, 'expected a predicate and an object'],
];

/** What a text that is no token began to be, by its first character. */
const BROKEN_TOKENS: readonly (readonly [RegExp, string])[] = [
  [/^["']/, 'which is not a string: it is not closed, or holds a wrong escape'],
  [/^\^\^/, 'expected the IRI of a datatype after "^^"'],
  [/^</, 'which is not an IRI: it is not closed, or holds a character or an escape that IRIs may not have'],
  [/^[0-9+\-.]/, 'which is not a number'],
  [/^_/, 'which is not a blank node label'],
  [/^[?!=^]/, 'which belongs to Notation3'],
];

const NO_TOKEN = 'which is neither a keyword nor a prefixed name';

const matching = (table: readonly (readonly [RegExp, string])[], text: string) =>
  table.find(([pattern]) => pattern.test(text))?.[1];

/** A reading of one document, Turtle or TriG. */
class TurtleReading {
  private readonly check: TurtleTokenCheck;

  constructor(
    private readonly source: SourceText,
    private readonly format: 'turtle' | 'trig',
    private readonly baseIri: string | undefined,
    private readonly output: QuadLines,
  ) {
    this.check = new TurtleTokenCheck(source, format, baseIri);
  }

  run(): void {
    // The parser would pass over a mark of its own accord, and then count columns from it.
    if (this.source.text.startsWith('\uFEFF')) {
      throw this.source.syntaxError(this.message('found a second byte order mark'), 0);
    }
    const parser = new Parser({ format: this.format, baseIRI: this.baseIri }) as unknown as TokenParser;
    try {
      parser.parse(eventsOf(this.source.text), {
        onToken: (token) => this.check.see(token),
        onQuad: (error, quad) => {
          if (error !== null) throw this.explain(error);
          if (quad !== null) this.write(quad);
        },
      });
    } catch (thrown) {
      if (thrown instanceof ProvChainError) throw thrown;
      throw this.source.syntaxError(
        this.message('cannot be read from here on'),
        this.check.lastIndex,
        thrown,
      );
    }
  }

  private write(quad: Quad): void {
    this.output.add(
      this.term(quad.subject),
      this.term(quad.predicate),
      this.term(quad.object),
      quad.graph.termType === 'DefaultGraph' ? '' : this.term(quad.graph),
    );
  }

  private term(term: Term): string {
    switch (term.termType) {
      case 'NamedNode':
        if (isAbsoluteIri(term.value)) return iriTerm(term.value);
        break;
      case 'BlankNode':
        return this.output.blankNode(term.value);
      case 'Literal':
        return this.literal(term);
      default:
    }
    throw this.source.syntaxError(
      this.message(`found <${shorten(term.value)}>, expected a term of RDF 1.1 with an absolute IRI`),
      this.check.lastIndex,
    );
  }

  private literal({ value, language, datatype }: Term): string {
    // The parser gives every literal a language, which is empty where the document has none.
    if (language) return literalTerm(value, { language: languageTag(language) });
    if (datatype !== undefined && !isAbsoluteIri(datatype.value)) {
      throw this.source.syntaxError(
        this.message(`found the datatype <${shorten(datatype.value)}>, expected an absolute IRI`),
        this.check.lastIndex,
      );
    }
    return literalTerm(value, { datatype: datatype?.value });
  }

  /** The parser's error with a place and in the words of the grammar. */
  private explain({ message, context }: ParseError): ProvChainError {
    const token = context?.token;
    if (token !== undefined) {
      const expectation = matching(EXPECTATIONS, message) ?? 'which cannot stand here';
      const found = `found ${this.check.excerpt(token)}, ${expectation}`;
      return this.source.syntaxError(this.message(found), this.check.indexOf(token));
    }
    const index = this.indexOfNoToken();
    const text = this.source.text.slice(index, index + 2);
    const found = `found ${this.source.excerpt(index)}, ${matching(BROKEN_TOKENS, text) ?? NO_TOKEN}`;
    return this.source.syntaxError(this.message(found), index);
  }

  /** Where the text stops being tokens: after the last one, white space and comments. */
  private indexOfNoToken(): number {
    const { text } = this.source;
    let index = this.check.endOfLast;
    while (index < text.length && ' \t\r\n#'.includes(text[index])) {
      if (text[index] !== '#') index++;
      else while (index < text.length && !'\r\n'.includes(text[index])) index++;
    }
    return index;
  }

  private message(text: string): string {
    return `${titleOfFormat(this.format)}: ${text}`;
  }
}

/**
 * Turtle 1.1 or TriG 1.1 into N-Quads.
 *
 * @param source untrusted
 * @param baseIri what relative IRIs are resolved against until the document says `@base`
 * @throws ProvChainError RDF_SYNTAX with a place, BLOCK_TOO_LARGE
 */
export function readTurtle(
  source: SourceText,
  format: 'turtle' | 'trig',
  baseIri: string | undefined,
  output: QuadLines,
): void {
  new TurtleReading(source, format, baseIri, output).run();
}
