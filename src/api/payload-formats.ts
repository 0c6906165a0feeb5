/** Payloads in other formats than the stored one. The stored bytes may have been altered, so they are parsed strictly. */
import { setImmediate as pause } from 'node:timers/promises';
import { ProvChainError } from '../errors.js';
import { parseNQuads, type QuadText } from '../rdf/index.js';

/** The first is what is stored, and what is given when nothing else is asked for. */
export const PAYLOAD_TYPES = [
  'application/n-quads',
  'application/trig',
  'text/turtle',
  'application/ld+json',
] as const;
export type PayloadType = (typeof PAYLOAD_TYPES)[number];

/** Quads that are written before others get a turn of the event loop: about 2 ms. */
const QUADS_PER_TURN = 1000;
/** Longer payloads are given only as they are stored: their quads would take hundreds of megabytes as objects. */
const MAX_CONVERTED_BYTES = 4 << 20;

/**
 * A payload in one of the formats; canonicalizing the result gives the stored bytes again.
 *
 * @param bytes the stored payload
 * @param index of its block, for messages
 * @throws ProvChainError NOT_ACCEPTABLE when the format can't hold it; CHAIN_DAMAGED when the bytes are no N-Quads
 */
export async function payloadAs(
  bytes: Uint8Array,
  type: PayloadType,
  index: number,
): Promise<Uint8Array | string> {
  if (type === 'application/n-quads') return bytes;
  if (bytes.length > MAX_CONVERTED_BYTES) {
    const message = `the payload has ${bytes.length} bytes and is given only as ${PAYLOAD_TYPES[0]}`;
    throw new ProvChainError('NOT_ACCEPTABLE', message);
  }
  const quads = read(bytes, index);
  if (type === 'application/ld+json') return writeJsonLd(quads);
  if (type === 'text/turtle' && quads.some(({ graph }) => graph !== '')) {
    throw new ProvChainError(
      'NOT_ACCEPTABLE',
      'the block has named graphs, which Turtle has not; ask for application/trig',
    );
  }
  return writeTrig(quads, type);
}

function read(bytes: Uint8Array, index: number): QuadText[] {
  try {
    return parseNQuads(bytes);
  } catch (cause) {
    const message = `the stored payload of block ${index} can not be read; as ${PAYLOAD_TYPES[0]} it is given as it is`;
    throw new ProvChainError('CHAIN_DAMAGED', message, { cause, place: { block: index } });
  }
}

async function writeTrig(quads: readonly QuadText[], format: PayloadType): Promise<string> {
  const { DataFactory, Writer } = await import('n3');
  const { blankNode, defaultGraph, literal, namedNode } = DataFactory;
  const resource = (text: string) =>
    text.startsWith('_:') ? blankNode(text.slice(2)) : namedNode(text.slice(1, -1));
  const object = (text: string) => {
    if (!text.startsWith('"')) return resource(text);
    const { value, language, datatype } = literalParts(text);
    return literal(value, language ?? (datatype === undefined ? undefined : namedNode(datatype)));
  };
  const writer = new Writer({ format });
  let written = 0;
  for (const quad of quads) {
    const graph = quad.graph === '' ? defaultGraph() : resource(quad.graph);
    writer.addQuad(
      resource(quad.subject),
      namedNode(quad.predicate.slice(1, -1)),
      object(quad.object),
      graph,
    );
    if (++written % QUADS_PER_TURN === 0) await pause();
  }
  return new Promise((resolve, reject) => {
    writer.end((error: Error | null, text: string) =>
      error === null || error === undefined ? resolve(text) : reject(error),
    );
  });
}

interface LiteralParts {
  readonly value: string;
  readonly language?: string;
  readonly datatype?: string;
}

const ESCAPES: Readonly<Record<string, string>> = {
  t: '\t',
  b: '\b',
  n: '\n',
  r: '\r',
  f: '\f',
  '"': '"',
  "'": "'",
  '\\': '\\',
};

/** A literal as N-Quads spells it. */
function literalParts(text: string): LiteralParts {
  const end = text.lastIndexOf('"');
  const value = text
    .slice(1, end)
    .replace(/\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))/g, (_all, short, long, letter: string) =>
      letter === undefined ? String.fromCodePoint(Number.parseInt(short ?? long, 16)) : ESCAPES[letter]!,
    );
  const rest = text.slice(end + 1);
  if (rest.startsWith('@')) return { value, language: rest.slice(1) };
  return rest === '' ? { value } : { value, datatype: rest.slice(3, -1) };
}

type JsonLdNode = { '@id': string } & Record<string, unknown>;

/**
 * Expanded JSON-LD, one node object for each subject of a graph. Nothing is shortened (no lists, no native values, types
 * as the property that they are), because every shortening has inputs that come back as other quads.
 */
async function writeJsonLd(quads: readonly QuadText[]): Promise<string> {
  const graphs = new Map<string, Map<string, JsonLdNode>>();
  let read = 0;
  for (const { subject, predicate, object, graph } of quads) {
    const nodes = entry(graphs, graph, () => new Map<string, JsonLdNode>());
    const node = entry<JsonLdNode>(nodes, subject, () => ({ '@id': idOf(subject) }));
    const property = idOf(predicate);
    const values = (node[property] ?? []) as unknown[];
    values.push(jsonLdValue(object));
    node[property] = values;
    if (++read % QUADS_PER_TURN === 0) await pause();
  }
  const named = [...graphs].filter(([graph]) => graph !== '');
  const document = [
    ...(graphs.get('')?.values() ?? []),
    ...named.map(([graph, nodes]) => ({ '@id': idOf(graph), '@graph': [...nodes.values()] })),
  ];
  return JSON.stringify(document);
}

function entry<Value>(map: Map<string, Value>, key: string, make: () => Value): Value {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}

const idOf = (text: string): string => (text.startsWith('_:') ? text : text.slice(1, -1));

function jsonLdValue(text: string): Record<string, string> {
  if (!text.startsWith('"')) return { '@id': idOf(text) };
  const { value, language, datatype } = literalParts(text);
  if (language !== undefined) return { '@value': value, '@language': language };
  return datatype === undefined ? { '@value': value } : { '@value': value, '@type': datatype };
}
