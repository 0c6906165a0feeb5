import { createRequire } from 'node:module';
import type { QuadText } from '../rdf/index.js';
import type { FactCollector } from './finding.js';

type Oxigraph = typeof import('oxigraph');

const GRAPH_COUNTS = 'SELECT ?g (COUNT(*) AS ?n) WHERE { GRAPH ?g { ?s ?p ?o } } GROUP BY ?g';

/**
 * Loaded at first use: only two levels need the WebAssembly module. It is required and not imported, because an import
 * has every CommonJS module searched for the names it exports: 75 ms of CPU instead of 35 in each thread.
 */
const loadOxigraph = (): Oxigraph => createRequire(import.meta.url)('oxigraph');
let oxigraph: Oxigraph | undefined;

/** A block whose digest has matched, and what its header says of the number of quads. */
export interface SampledBlock {
  readonly index: number;
  /** Canonical N-Quads, UTF-8. */
  readonly payload: Uint8Array;
  readonly quads: readonly QuadText[];
  readonly quadCount: number;
}

/**
 * Holds blocks against an independent RDF store: does it find the same graphs with the same number of quads?
 *
 * oxigraph normalises values (`"01"` and `"1"` as integers become one), so every term is handed over injectively
 * encoded: IRIs and blank nodes as IRIs of our own, literals as plain strings holding their N-Quads text. Graphs of
 * different blocks may share a name, so that of the block goes in front; the default graph is the one without a name.
 */
export function checkSparql(blocks: readonly SampledBlock[], facts: FactCollector): void {
  const counted = countWithOxigraph(blocks);
  for (const block of blocks) compareCounts(block, counted, facts);
}

/** @param counted number of quads by encoded graph, as the independent store tells */
export function compareCounts(
  { index, quads, quadCount }: SampledBlock,
  counted: ReadonlyMap<string, number>,
  facts: FactCollector,
): void {
  const expected = new Map<string, number>();
  for (const { graph } of quads) expected.set(graph, (expected.get(graph) ?? 0) + 1);
  let total = 0;
  for (const [graph, count] of expected) {
    const found = counted.get(encodeGraph(index, graph));
    total += found ?? 0;
    if (found === undefined) facts.add('SPARQL_GRAPH_MISSING', index, { graph });
    else if (found !== count)
      facts.add('SPARQL_COUNT_MISMATCH', index, { graph, quads: count, sparql: found });
  }
  if (total !== quadCount)
    facts.add('SPARQL_COUNT_MISMATCH', index, { graph: null, quads: quadCount, sparql: total });
}

function countWithOxigraph(blocks: readonly SampledBlock[]): Map<string, number> {
  oxigraph ??= loadOxigraph();
  const store = new oxigraph.Store();
  try {
    for (const { index, quads } of blocks) {
      const text = quads.map((quad) => encodeQuad(index, quad)).join('');
      store.load(text, { format: 'application/n-quads', lenient: true });
    }
    const counts = new Map<string, number>();
    for (const row of store.query(GRAPH_COUNTS) as Map<string, { value: string }>[]) {
      counts.set(row.get('g')?.value ?? '', Number(row.get('n')?.value));
    }
    return counts;
  } finally {
    // Its memory is the WebAssembly module's, which no garbage collector sees; the types leave the method out.
    (store as unknown as { free(): void }).free();
  }
}

function encodeQuad(index: number, { subject, predicate, object, graph }: QuadText): string {
  return `${encodeTerm(subject)} ${encodeTerm(predicate)} ${encodeTerm(object)} <${encodeGraph(index, graph)}> .\n`;
}

function encodeTerm(term: string): string {
  return term.startsWith('"') ? JSON.stringify(term) : `<t:${encodeURIComponent(term)}>`;
}

/** Injective: percent-encoding is, and it leaves nothing that an IRI may not hold. */
function encodeGraph(index: number, graph: string): string {
  return `g:${index}:${encodeURIComponent(graph)}`;
}
