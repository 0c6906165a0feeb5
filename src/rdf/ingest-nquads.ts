import { ProvChainError } from '../errors.js';
import { titleOfFormat } from './ingest-formats.js';
import { languageTag, type QuadLines } from './ingest-quads.js';
import { SourceText, shorten, withSource } from './ingest-text.js';
import { parseNQuads, type QuadText } from './nquads.js';

const OBJECT = 2;
const GRAPH = 3;

/** The index after the term at `start` of a statement that the strict reader accepts. */
function termEnd(line: string, start: number): number {
  let at = start;
  if (line[at] === '<') return line.indexOf('>', at) + 1;
  if (line[at] === '_') {
    while (at < line.length && !' \t<"'.includes(line[at])) at++;
    // A full stop at the end belongs to the statement.
    while (line[at - 1] === '.') at--;
    return at;
  }
  do at += line[at] === '\\' ? 2 : 1;
  while (line[at] !== '"');
  const suffix = /@[A-Za-z0-9-]+|\^\^[ \t]*<[^>]*>|/y;
  suffix.lastIndex = at + 1;
  suffix.test(line);
  return suffix.lastIndex;
}

/** Where the terms of a statement begin and end; empty for a blank line or a comment. */
function termsOf(line: string): { start: number; term: string }[] {
  const terms = [];
  let at = 0;
  for (;;) {
    while (line[at] === ' ' || line[at] === '\t') at++;
    if (at >= line.length || '.#'.includes(line[at])) return terms;
    const end = termEnd(line, at);
    terms.push({ start: at, term: line.slice(at, end) });
    at = end;
  }
}

/**
 * The index of the first object or graph name that `isMeant` says yes to, in a document that the strict reader
 * accepts. The reader keeps no places, and looking for one again is only needed when it is refused.
 */
function indexOfTerm(source: SourceText, position: number, isMeant: (term: string) => boolean) {
  for (const line of source.text.matchAll(/[^\r\n]+/g)) {
    const found = termsOf(line[0])[position];
    if (found !== undefined && isMeant(found.term)) return line.index + found.start;
  }
  return undefined;
}

/** The language tag of a literal's term, or undefined; the term itself may hold any character before its last quote. */
function languageOf(term: string): string | undefined {
  if (!term.startsWith('"')) return undefined;
  const end = term.lastIndexOf('"') + 1;
  return term[end] === '@' ? term.slice(end + 1) : undefined;
}

/** A literal's term with its language tag in lower case; other terms as they are. Undefined: a wrong tag. */
function normalizedObject(term: string): string | undefined {
  const language = languageOf(term);
  if (language === undefined) return term;
  const tag = languageTag(language);
  return tag === undefined ? undefined : term.slice(0, term.length - language.length) + tag;
}

function parse(bytes: Uint8Array, name: string | undefined): QuadText[] {
  try {
    return parseNQuads(bytes);
  } catch (thrown) {
    throw thrown instanceof ProvChainError ? withSource(thrown, name) : thrown;
  }
}

/**
 * N-Quads or N-Triples into N-Quads with language tags in lower case.
 *
 * @param bytes untrusted
 * @param name of the document, for messages
 * @throws ProvChainError RDF_SYNTAX or RDF_ENCODING with a place, BLOCK_TOO_LARGE
 */
export function readNQuads(
  bytes: Uint8Array,
  format: 'n-quads' | 'n-triples',
  name: string | undefined,
  output: QuadLines,
): void {
  const refuse = (message: string, position: number, isMeant: (term: string) => boolean): never => {
    const source = SourceText.decode(bytes, name);
    throw source.syntaxError(`${titleOfFormat(format)}: ${message}`, indexOfTerm(source, position, isMeant));
  };
  for (const { subject, predicate, object, graph } of parse(bytes, name)) {
    if (graph !== '' && format === 'n-triples') {
      refuse(`found a fourth term ${shorten(graph)}, expected ".": is this N-Quads?`, GRAPH, () => true);
    }
    const normalized = normalizedObject(object);
    if (normalized === undefined) {
      refuse(
        'found a language tag with more than eight characters between hyphens',
        OBJECT,
        (term) => normalizedObject(term) === undefined,
      );
    } else output.add(subject, predicate, normalized, graph);
  }
}
