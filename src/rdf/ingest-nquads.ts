import { ProvChainError } from '../errors.js';
import { titleOfFormat } from './ingest-formats.js';
import { languageTag, type QuadLines } from './ingest-quads.js';
import { SourceText, withSource } from './ingest-text.js';
import { parseNQuads, type QuadText } from './nquads.js';

const IRI = '<[^>]*>';
const RESOURCE = `${IRI}|_:[^ \\t<>"]+`;
const LITERAL = `"(?:[^"\\\\]|\\\\.)*"(?:@[A-Za-z0-9-]+|\\^\\^[ \\t]*${IRI})?`;
const SPACE = '[ \\t]*';
/** Cuts a line that the strict reader accepts into its terms. */
const STATEMENT = new RegExp(
  `^${SPACE}(${RESOURCE})${SPACE}(${IRI})${SPACE}(${RESOURCE}|${LITERAL})${SPACE}(${RESOURCE})?${SPACE}\\.`,
  'd',
);
const OBJECT = 3;
const GRAPH = 4;

/**
 * The place of the first object or graph name that `isMeant` says yes to, in a document that the strict reader
 * accepts. The reader keeps no places, and looking for one again is only needed when it is refused.
 */
function placeOfTerm(source: SourceText, group: number, isMeant: (term: string) => boolean) {
  for (const line of source.text.matchAll(/[^\r\n]+/g)) {
    const statement = STATEMENT.exec(line[0]);
    const term = statement?.[group];
    const start = statement?.indices?.[group]?.[0];
    if (term !== undefined && start !== undefined && isMeant(term)) return line.index + start;
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
  const refuse = (message: string, group: number, isMeant: (term: string) => boolean): never => {
    const source = SourceText.decode(bytes, name);
    throw source.syntaxError(`${titleOfFormat(format)}: ${message}`, placeOfTerm(source, group, isMeant));
  };
  for (const { subject, predicate, object, graph } of parse(bytes, name)) {
    if (graph !== '' && format === 'n-triples') {
      refuse(`found a fourth term ${graph}, expected ".": is this N-Quads?`, GRAPH, () => true);
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
