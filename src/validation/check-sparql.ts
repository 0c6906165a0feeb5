import { createRequire } from 'node:module';
import type { QuadText } from '../rdf/index.js';
import type { FactCollector } from './finding.js';
import { parseStored } from './stored-payload.js';

type Oxigraph = typeof import('oxigraph');

const GRAPH_COUNTS = 'SELECT ?g (COUNT(*) AS ?n) WHERE { GRAPH ?g { ?s ?p ?o } } GROUP BY ?g';
const DEFAULT_COUNT = 'SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }';

/**
 * Loaded at first use: only two levels need the WebAssembly module. It is required and not imported, because an import
 * has every CommonJS module searched for the names it exports: 75 ms of CPU instead of 35 in each thread.
 */
const loadOxigraph = (): Oxigraph => createRequire(import.meta.url)('oxigraph');
let oxigraph: Oxigraph | undefined;

/**
 * Holds one block against an independent RDF store: does it find the same graphs with the same number of quads?
 *
 * oxigraph normalises values (`"01"` and `"1"` as integers become one), so every term is handed over injectively
 * encoded: IRIs and blank nodes as IRIs of our own, literals as plain strings holding their N-Quads text.
 *
 * @param payload canonical N-Quads whose digest has matched; `expectedQuads` is what the header says
 */
export function checkSparql(
  index: number,
  payload: Uint8Array,
  expectedQuads: number,
  facts: FactCollector,
): void {
  const quads = parseStored(payload);
  if ('refused' in quads) return; // The canonical check of the same sample has said so.
  compareCounts(index, quads, countWithOxigraph(quads), expectedQuads, facts);
}

/** @param counted number of quads by encoded graph, as the independent store tells */
export function compareCounts(
  index: number,
  quads: readonly QuadText[],
  counted: ReadonlyMap<string, number>,
  expectedQuads: number,
  facts: FactCollector,
): void {
  const expected = new Map<string, number>();
  for (const { graph } of quads) expected.set(graph, (expected.get(graph) ?? 0) + 1);
  let total = 0;
  for (const count of counted.values()) total += count;
  for (const [graph, count] of expected) {
    const found = counted.get(encodeGraph(graph));
    if (found === undefined) facts.add('SPARQL_GRAPH_MISSING', index, { graph });
    else if (found !== count)
      facts.add('SPARQL_COUNT_MISMATCH', index, { graph, quads: count, sparql: found });
  }
  if (total !== expectedQuads) {
    facts.add('SPARQL_COUNT_MISMATCH', index, { graph: null, quads: expectedQuads, sparql: total });
  }
}

/** Number of quads by encoded graph; the empty string stands for the default graph, if it holds any. */
function countWithOxigraph(quads: readonly QuadText[]): Map<string, number> {
  oxigraph ??= loadOxigraph();
  const store = new oxigraph.Store();
  try {
    store.load(quads.map(encodeQuad).join(''), { format: 'application/n-quads', lenient: true });
    const counts = new Map<string, number>();
    for (const row of store.query(GRAPH_COUNTS) as Map<string, { value: string }>[]) {
      counts.set(row.get('g')?.value ?? '', Number(row.get('n')?.value));
    }
    const [defaultRow] = store.query(DEFAULT_COUNT) as Map<string, { value: string }>[];
    const inDefault = Number(defaultRow?.get('n')?.value ?? 0);
    if (inDefault > 0) counts.set('', inDefault);
    return counts;
  } finally {
    // Its memory is the WebAssembly module's, which no garbage collector sees; the types leave the method out.
    (store as unknown as { free(): void }).free();
  }
}

function encodeQuad({ subject, predicate, object, graph }: QuadText): string {
  const graphTerm = graph === '' ? '' : ` ${encodeTerm(graph)}`;
  return `${encodeTerm(subject)} ${encodeTerm(predicate)} ${encodeTerm(object)}${graphTerm} .\n`;
}

function encodeTerm(term: string): string {
  return term.startsWith('"') ? JSON.stringify(term) : `<${encodeIri(term)}>`;
}

function encodeGraph(graph: string): string {
  return graph === '' ? '' : encodeIri(graph);
}

/** Injective: percent-encoding is, and it leaves nothing that an IRI may not hold. */
function encodeIri(term: string): string {
  return `t:${encodeURIComponent(term)}`;
}
