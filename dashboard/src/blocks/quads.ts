/**
 * N-Quads for the eye. Reads a line into its terms without judging it: whether a payload follows the grammar, the node
 * says. The text may be an attacker's; it is only ever shown as text.
 */
export interface QuadRow {
  /** Subject, predicate, object, and the graph where there is one. */
  readonly terms: readonly Term[];
  readonly line: string;
}

export interface Term {
  readonly kind: 'iri' | 'blank' | 'literal' | 'other';
  /** What is shown: an IRI without its brackets, a literal without its quotes. */
  readonly text: string;
  /** Of a literal: its language or datatype. */
  readonly note: string;
}

const TERM = /\s*(<[^>]*>|_:[^\s]+|"(?:[^"\\]|\\.)*"(?:@[A-Za-z0-9-]+|\^\^<[^>]*>)?|[^\s]+)/y;
const MOST_TERMS = 4;

export function quadRow(line: string): QuadRow {
  const terms: Term[] = [];
  TERM.lastIndex = 0;
  for (let match = TERM.exec(line); match !== null && terms.length < MOST_TERMS; match = TERM.exec(line)) {
    if (match[1] === '.') break;
    terms.push(termOf(match[1]!));
  }
  return { terms, line };
}

function termOf(text: string): Term {
  if (text.startsWith('<') && text.endsWith('>')) return { kind: 'iri', text: text.slice(1, -1), note: '' };
  if (text.startsWith('_:')) return { kind: 'blank', text, note: '' };
  const literal = /^"((?:[^"\\]|\\.)*)"(?:@(.+)|\^\^<(.*)>)?$/s.exec(text);
  if (literal === null) return { kind: 'other', text, note: '' };
  return { kind: 'literal', text: unescaped(literal[1]!), note: literal[2] ?? shortIri(literal[3] ?? '') };
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f' };

const unescaped = (text: string): string =>
  text.replace(/\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))/gs, (whole, short, long, single) => {
    if (single !== undefined) return ESCAPES[single] ?? single;
    const point = Number.parseInt(short ?? long, 16);
    return point > 0x10ffff ? whole : String.fromCodePoint(point);
  });

/** The end of an IRI, which tells it apart from its neighbours: `…#generatedAtTime`. */
export const shortIri = (iri: string): string => /[^/#:]+[/#]?$/.exec(iri)?.[0] ?? iri;

/** Lines of a payload; the last one ends the text with a line feed, so there is nothing after it. */
export const linesOf = (text: string): string[] => {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
};
