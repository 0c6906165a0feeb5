/**
 * Seeded documents for demonstrations and benchmarks: the same arguments give the same text on every machine
 * and in every release, so that figures can be compared and a chain can be made again.
 */

/**
 * The shape of the documents.
 *
 * - `trace`: provenance of batches, 8 quads a batch, each with one blank node that its own quads tell apart.
 * - `flat`: the same without blank nodes, 4 quads a batch.
 * - `tangle`: rings of blank nodes that look alike one by one, so that each needs Hash N-Degree Quads
 *   (RDFC-1.0 §4.8).
 */
export type WorkloadProfile = 'trace' | 'flat' | 'tangle';

interface WorkloadProfileEntry {
  /** Quads of a document when the caller names no number. */
  readonly quads: number;
}

/** Every profile with its usual size. */
export const WORKLOAD_PROFILES: Readonly<Record<WorkloadProfile, WorkloadProfileEntry>> = {
  trace: { quads: 64 },
  flat: { quads: 32 },
  tangle: { quads: 64 },
};

/** The size of a document that names neither profile nor number; the text of a document depends on it. */
const DEFAULT_QUADS = 64;

const PROVCHAIN = 'http://provchain.org/';
const PROV = 'http://www.w3.org/ns/prov#';
const XSD = 'http://www.w3.org/2001/XMLSchema#';
const RDF_TYPE = '<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>';

/** Labels with what a canonicalizer must take care of: non-ASCII letters and quotation marks. */
const ROLES = [
  'supplier',
  'carrier',
  'inspector',
  'processor',
  'Großhändler',
  '検査員',
  'retailer',
  'auditor \\"A\\"',
];

const START_OF_TIME_MS = Date.UTC(2025, 0, 1);
const MINUTE_MS = 60_000;

/** Mixes the bits of a 32-bit number: small differences of the input reach every bit of the result. */
function mix(value: number): number {
  let x = Math.imul(value ^ (value >>> 16), 0x45d9f3b);
  x = Math.imul(x ^ (x >>> 16), 0x45d9f3b);
  return (x ^ (x >>> 16)) >>> 0;
}

/** A seeded source of whole numbers: `pick(n)` is in 0…n−1. */
function seededPick(seed: number): (below: number) => number {
  let state = mix(seed | 1);
  return (below) => {
    state = mix(state + 0x9e3779b9);
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** A document under construction: lines of one graph, up to a number of quads. */
class Document {
  readonly lines: string[] = [];

  constructor(
    private readonly graph: string,
    private readonly quads: number,
  ) {}

  get full(): boolean {
    return this.lines.length >= this.quads;
  }

  /** Adds one quad; once the document is full nothing more is added, so a batch may end in the middle. */
  add(subject: string, predicate: string, object: string): void {
    if (!this.full) this.lines.push(`${subject} ${predicate} ${object} ${this.graph} .`);
  }
}

/** Rings of three, four and five blank nodes in turn; every other one carries a label. */
function addRings(document: Document): void {
  for (let ring = 0; !document.full; ring++) {
    const size = 3 + (ring % 3);
    for (let position = 0; position < size; position++) {
      const node = `_:r${ring}n${position}`;
      document.add(node, `<${PROV}wasInformedBy>`, `_:r${ring}n${(position + 1) % size}`);
      document.add(node, RDF_TYPE, `<${PROV}Activity>`);
      if (position === 0 && ring % 2 === 1) {
        document.add(node, `<${PROVCHAIN}core#label>`, `"ring ${ring}"`);
      }
    }
  }
}

interface BatchOptions {
  readonly index: number;
  readonly seed: number;
  /** Whether a batch has a qualified association, which is its blank node. */
  readonly associations: boolean;
  readonly pick: (below: number) => number;
}

/** Batches, each made by an activity at a minute of its own. */
function addBatches(document: Document, { index, seed, associations, pick }: BatchOptions): void {
  for (let batch = 0; !document.full; batch++) {
    const id = `${index.toString(36)}-${batch}-${mix(seed * 31 + index * 64 + batch).toString(36)}`;
    const entity = `<${PROVCHAIN}item/batch-${id}>`;
    const activity = `<${PROVCHAIN}activity/act-${id}>`;
    // Drawn in `flat` too, where it is not written: the numbers after it are the same in both profiles.
    const association = `_:q${pick(1e9).toString(36)}x${batch}`;
    const startedAt = new Date(START_OF_TIME_MS + (index * 97 + batch) * MINUTE_MS).toISOString();
    document.add(entity, RDF_TYPE, `<${PROVCHAIN}core#Batch>`);
    document.add(entity, `<${PROVCHAIN}core#hasIdentifier>`, `"BATCH-${id}"`);
    document.add(entity, `<${PROV}wasGeneratedBy>`, activity);
    document.add(activity, `<${PROV}startedAtTime>`, `"${startedAt}"^^<${XSD}dateTime>`);
    if (associations) {
      document.add(activity, `<${PROV}qualifiedAssociation>`, association);
      document.add(association, `<${PROV}agent>`, `<${PROVCHAIN}agent/agent-${pick(97)}>`);
      document.add(association, `<${PROV}hadRole>`, `"${ROLES[pick(ROLES.length)]} ${batch}"@en`);
      document.add(association, `<${PROVCHAIN}core#reading>`, `"${pick(1000)}"^^<${XSD}integer>`);
    }
  }
}

/** Fisher and Yates' shuffle, in place: the order of a document is not the canonical one. */
function shuffle(lines: string[], pick: (below: number) => number): void {
  for (let last = lines.length - 1; last > 0; last--) {
    const other = pick(last + 1);
    [lines[last], lines[other]] = [lines[other], lines[last]];
  }
}

/**
 * One document: N-Quads text of exactly `quads` statements in one named graph, in shuffled order, with
 * arbitrary blank node labels and a line feed after every line. It is not canonical.
 *
 * @param profile the shape, see {@link WorkloadProfile}
 * @param index number of the document in its series, from 0; each has other identifiers
 * @param options `quads` statements (64 when not given, whatever the profile) and `seed` (1)
 */
export function workloadDocument(
  profile: WorkloadProfile,
  index: number,
  options: { quads?: number; seed?: number } = {},
): string {
  const { quads = DEFAULT_QUADS, seed = 1 } = options;
  const pick = seededPick(seed * 1_000_003 + index);
  const document = new Document(`<${PROVCHAIN}tx/${index}>`, quads);
  if (profile === 'tangle') addRings(document);
  else addBatches(document, { index, seed, associations: profile === 'trace', pick });
  shuffle(document.lines, pick);
  return `${document.lines.join('\n')}\n`;
}
