/**
 * Reader of the predecessor's dumps (N-Quads): headers from the graph `…/blockchain`, data from the graphs
 * `…/block/N`. Everything else in a dump, like its ontology, is no part of the chain; it is counted and left out.
 */
import { hash } from 'node:crypto';
import { ProvChainError } from '../errors.js';
import { canonicalize, parseNQuads, type QuadText } from '../rdf/index.js';
import { matchLegacyHash, matchLegacyLink } from './legacy-hash.js';
import { heightOf, isAmbiguous, type LegacyFields, type LegacyHeader, sortValues } from './legacy-header.js';

export interface LegacyBlock {
  readonly header: LegacyHeader;
  /** Canonical N-Quads of the data graph, with the graph's name: what the store keeps. */
  readonly payload: Uint8Array;
  /** The quads of the payload. */
  readonly quads: readonly QuadText[];
}

export interface LegacyDump {
  /** Blocks 0…n−1, in order. */
  readonly blocks: readonly LegacyBlock[];
  /** What is no part of the chain: other graphs, and what the header graph says besides the known fields. */
  readonly ignored: { readonly graphs: number; readonly quads: number };
}

/** Numbers of a whole dump, as `import --json` prints them. */
export interface LegacySummary {
  readonly heights: number;
  /** Heights where every header field has at most one value. */
  readonly unambiguous: number;
  /** Unambiguous heights whose stored hash one of the two documented formulas gives. */
  readonly hashReproduced: number;
  readonly linksHeld: number;
  /** Unambiguous heights that have a successor. */
  readonly linksChecked: number;
  readonly ambiguous: number;
}

const PREFIX = 'http://provchain.org/';
const HEADER_GRAPH = `<${PREFIX}blockchain>`;
const BLOCK_START = `<${PREFIX}block/`;
const XSD = 'http://www.w3.org/2001/XMLSchema#';
const RDF_TYPE = '<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>';

/** Which field a predicate fills, and the end its object must have: the store knows one datatype per field. */
const FIELD_OF: ReadonlyMap<string, { readonly field: keyof LegacyFields; readonly end: string }> = new Map([
  [`<${PREFIX}hasDataGraphIRI>`, { field: 'dataGraphIri', end: `"^^<${XSD}anyURI>` }],
  [`<${PREFIX}hasHash>`, { field: 'hash', end: '"' }],
  [`<${PREFIX}hasIndex>`, { field: 'index', end: `"^^<${XSD}integer>` }],
  [`<${PREFIX}hasPreviousHash>`, { field: 'previousHash', end: '"' }],
  [`<${PREFIX}hasSignature>`, { field: 'signature', end: '"' }],
  [`<${PREFIX}hasTimestamp>`, { field: 'timestamp', end: `"^^<${XSD}dateTime>` }],
  [RDF_TYPE, { field: 'type', end: '>' }],
  [`<${PREFIX}hasValidator>`, { field: 'validator', end: '"' }],
]);

const NEEDED: readonly (keyof LegacyFields)[] = ['index', 'hash', 'previousHash', 'timestamp'];

type OpenFields = Record<keyof LegacyFields, string[]>;

/**
 * Reads a dump. `source` names it in errors. Throws RDF_SYNTAX and RDF_ENCODING as the N-Quads reader does, and
 * LEGACY_FORMAT (with the block where there is one) when the dump holds no blocks, leaves out a height, or says
 * about a block what the predecessor never writes. An ambiguous block is none of these.
 */
export function readLegacyDump(nquads: Uint8Array, source?: string): LegacyDump {
  const headers = new Map<number, OpenFields>();
  const data = new Map<number, QuadText[]>();
  const ignoredGraphs = new Set<string>();
  let ignored = 0;
  for (const quad of parse(nquads, source)) {
    const height = blockNumber(quad.graph);
    if (quad.graph === HEADER_GRAPH) {
      if (!takeField(headers, quad, source)) ignored++;
    } else if (height !== undefined) {
      listAt(data, height).push(quad);
    } else {
      ignoredGraphs.add(quad.graph);
      ignored++;
    }
  }
  checkHeights(headers, data, source);
  const blocks = Array.from({ length: headers.size }, (_, height) =>
    readBlock(height, headers.get(height) ?? emptyFields(), data.get(height) ?? [], source),
  );
  return { blocks, ignored: { graphs: ignoredGraphs.size, quads: ignored } };
}

/** The dump's quads; an error of the N-Quads reader gets the name of the dump. */
function parse(nquads: Uint8Array, source: string | undefined): QuadText[] {
  try {
    return parseNQuads(nquads);
  } catch (thrown) {
    const { code, message, place } = ProvChainError.from(thrown);
    throw new ProvChainError(code, message, { cause: thrown, place: { ...place, source } });
  }
}

/** Counts over a dump's blocks, in order from block 0. */
export function legacySummary(blocks: readonly LegacyBlock[]): LegacySummary {
  let unambiguous = 0;
  let hashReproduced = 0;
  let linksHeld = 0;
  let linksChecked = 0;
  for (const [height, { header, quads }] of blocks.entries()) {
    if (isAmbiguous(header)) continue;
    unambiguous++;
    const formula = matchLegacyHash(header, quads);
    if (formula === 'text' || formula === 'graph') hashReproduced++;
    const next = blocks[height + 1];
    if (next === undefined) continue;
    linksChecked++;
    if (matchLegacyLink(header, quads, next.header) !== 'none') linksHeld++;
  }
  const heights = blocks.length;
  return { heights, unambiguous, hashReproduced, linksHeld, linksChecked, ambiguous: heights - unambiguous };
}

/** Adds a quad of the header graph to its block; false for one that is no header field. */
function takeField(headers: Map<number, OpenFields>, quad: QuadText, source: string | undefined): boolean {
  const known = FIELD_OF.get(quad.predicate);
  const height = blockNumber(quad.subject);
  if (known === undefined) return false;
  if (height === undefined) {
    // The graph may type other things; a block's own fields on anything but a block are a broken dump.
    if (known.field === 'type') return false;
    throw refusal(`the header graph gives ${quad.subject} a ${known.field}, but that is not a block`, source);
  }
  const start = known.field === 'type' ? '<' : '"';
  const { object } = quad;
  if (
    !object.startsWith(start) ||
    !object.endsWith(known.end) ||
    object.length < start.length + known.end.length
  ) {
    throw refusal(
      `the ${known.field} of block ${height} is of a kind that provchain-org never writes`,
      source,
      height,
    );
  }
  let fields = headers.get(height);
  if (fields === undefined) {
    fields = emptyFields();
    headers.set(height, fields);
  }
  fields[known.field].push(literalValue(object.slice(start.length, object.length - known.end.length)));
  return true;
}

const emptyFields = (): OpenFields => ({
  dataGraphIri: [],
  hash: [],
  index: [],
  previousHash: [],
  signature: [],
  timestamp: [],
  type: [],
  validator: [],
});

/** Without block 0 to n−1 there is no chain to check, and a store cannot hold a gap silently. */
function checkHeights(
  headers: ReadonlyMap<number, unknown>,
  data: ReadonlyMap<number, unknown>,
  source: string | undefined,
): void {
  if (headers.size === 0) throw refusal(`there are no blocks in the graph ${HEADER_GRAPH}`, source);
  for (let height = 0; height < headers.size; height++) {
    if (!headers.has(height))
      throw refusal(`block ${height} is missing, though later ones are there`, source, height);
  }
  for (const height of data.keys()) {
    if (!headers.has(height)) throw refusal(`block ${height} has data but no header`, source, height);
  }
}

function readBlock(
  height: number,
  fields: OpenFields,
  data: QuadText[],
  source: string | undefined,
): LegacyBlock {
  const block = Object.fromEntries(
    Object.entries(fields).map(([name, values]) => [name, sortValues(values)]),
  ) as unknown as LegacyFields;
  const lacking = NEEDED.find((name) => block[name].length === 0);
  if (lacking !== undefined) throw refusal(`block ${height} has no ${lacking}`, source, height);
  if (block.index.some((index) => heightOf(index) !== height)) {
    throw refusal(`block ${height} says its index is ${block.index.join(' and ')}`, source, height);
  }
  if (block.dataGraphIri.some((iri) => iri !== `${PREFIX}block/${height}`)) {
    throw refusal(
      `block ${height} keeps its data in another graph than ${PREFIX}block/${height}`,
      source,
      height,
    );
  }
  const text = data.map(
    ({ subject, predicate, object, graph }) => `${subject} ${predicate} ${object} ${graph} .\n`,
  );
  const { bytes, quads } = canonicalize(Buffer.from(text.join('')));
  const header = {
    block,
    payloadBytes: bytes.length,
    payloadHash: hash('sha256', bytes, 'hex'),
    quadCount: quads,
  };
  return { header, payload: bytes, quads: parseNQuads(bytes) };
}

/** N of `<http://provchain.org/block/N>`, undefined for any other term. */
function blockNumber(term: string): number | undefined {
  if (!term.startsWith(BLOCK_START) || !term.endsWith('>')) return undefined;
  return heightOf(term.slice(BLOCK_START.length, -1));
}

function listAt<K, V>(lists: Map<K, V[]>, key: K): V[] {
  let list = lists.get(key);
  if (list === undefined) {
    list = [];
    lists.set(key, list);
  }
  return list;
}

const ESCAPED: Readonly<Record<string, string>> = { b: '\b', t: '\t', n: '\n', f: '\f', r: '\r' };

/** The value of a canonical literal text, whose escapes are \b \t \n \f \r \" \\ and \uXXXX (RDFC-1.0 §5). */
function literalValue(text: string): string {
  return text.replace(/\\(?:u([0-9A-Fa-f]{4})|(.))/g, (_, code: string | undefined, letter: string) =>
    code === undefined ? (ESCAPED[letter] ?? letter) : String.fromCharCode(Number.parseInt(code, 16)),
  );
}

function refusal(message: string, source: string | undefined, block?: number): ProvChainError {
  return new ProvChainError('LEGACY_FORMAT', message, { place: { source, block } });
}
