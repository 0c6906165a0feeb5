/** RDF Dataset Canonicalization, RDFC-1.0 (https://www.w3.org/TR/rdf-canon/), from N-Quads bytes to N-Quads bytes. */

import { ByteArena, copyBytes } from './byte-arena.js';
import { issueCanonicalLabels } from './canonical-labels.js';
import type { HashAlgorithm } from './digest.js';
import { IdentifierIssuer } from './identifier-issuer.js';
import { LineSorter } from './line-sorter.js';
import { scanNQuads } from './nquads-scanner.js';
import { NO_NODE, QuadTable } from './quad-table.js';
import { type NodeNames, writeRow } from './row-writer.js';

export interface CanonicalizeOptions {
  /** Hash function; SHA-256 when not given. The ledger uses nothing else. */
  readonly algorithm?: HashAlgorithm;
  /** Bound on Hash N-Degree Quads calls; see `work-limit.ts` for the default. */
  readonly maxHashNDegreeCalls?: number;
  /** Give `labels` too. */
  readonly map?: boolean;
}

export interface Canonical {
  /** Canonical N-Quads, UTF-8: the input itself when it is canonical already. */
  readonly bytes: Uint8Array;
  /** The input was exactly the canonical form. */
  readonly unchanged: boolean;
  /** Distinct quads. */
  readonly quads: number;
  /** Distinct named graphs, and one more when the default graph has quads. */
  readonly transactions: number;
  /** Work done for blank nodes that are alike at first degree. */
  readonly hashNDegreeCalls: number;
  /** With `map`: the canonical label of each label of the input, both without `_:`. */
  readonly labels?: Map<string, string>;
}

/** `_:c14n` and up to ten digits. */
const MAX_NAME_BYTES = 16;

// Reused by every call: canonicalization is synchronous and a thread does one at a time.
const table = new QuadTable();
const sorter = new LineSorter();
const canonical = new IdentifierIssuer();
const names = new ByteArena();

/**
 * Canonicalizes an N-Quads document (UTF-8 bytes). Throws RDF_SYNTAX or RDF_ENCODING with line, column and offset when
 * it is not N-Quads, CANONICAL_LIMIT when its blank nodes need more work than allowed, and BLOCK_TOO_LARGE beyond what
 * fits in memory (2 GB with the escapes spelled out). An attacker may control `nquads`.
 */
export function canonicalize(nquads: Uint8Array, options: CanonicalizeOptions = {}): Canonical {
  scanNQuads(table, nquads);
  const quads = sortRows();
  let hashNDegreeCalls = 0;
  let relabelled = false;
  if (table.nodes.count > 0) {
    const { algorithm = 'SHA-256', maxHashNDegreeCalls } = options;
    hashNDegreeCalls = issueCanonicalLabels(
      table,
      sorter.order,
      quads,
      canonical,
      algorithm,
      maxHashNDegreeCalls,
    );
    relabelled = !hasCanonicalLabels();
  }
  const labels = options.map ? labelMap() : undefined;
  const { transactions } = table;
  let unchanged = table.verbatim && table.ascending && !relabelled;
  let bytes = nquads;
  if (!unchanged) {
    if (relabelled) relabel(quads);
    bytes = joinLines(quads);
    // Where blank nodes can change places, canonical input may be issued other labels and yet be the same document.
    unchanged = relabelled && Buffer.compare(bytes, nquads) === 0;
    if (unchanged) bytes = nquads;
  }
  return { bytes, unchanged, quads, transactions, hashNDegreeCalls, labels };
}

/** Makes `sorter.order` the distinct rows in byte order; returns how many there are. */
function sortRows(): number {
  const { count } = table;
  sorter.reserve(count);
  const { order } = sorter;
  for (let row = 0; row < count; row++) order[row] = row;
  if (table.ascending) return count;
  sorter.sort(table.text.view, table.start, table.end, count);
  return sorter.dropDuplicates(table.start, table.end, count);
}

/** Whether every blank node already has the label it was issued. */
function hasCanonicalLabels(): boolean {
  const { canonicalInput, count } = table.nodes;
  for (let node = 0; node < count; node++) {
    if (canonicalInput[node] !== canonical.number[node]) return false;
  }
  return true;
}

/** RDFC-1.0 4.4.3 steps 6 and 7: spells rows with blank nodes anew, with canonical labels, and sorts all rows again. */
function relabel(quads: number): void {
  const { text, start, end, subjectNode, objectNode, graphNode } = table;
  const withNodes = new Int32Array(quads);
  const { order } = sorter;
  let without = 0;
  let others = 0;
  let room = 0;
  for (let i = 0; i < quads; i++) {
    const row = order[i]!;
    if ((subjectNode[row]! & objectNode[row]! & graphNode[row]!) === NO_NODE) {
      order[without++] = row;
    } else {
      withNodes[others++] = row;
      room += end[row]! - start[row]! + 3 * MAX_NAME_BYTES;
    }
  }
  text.reserve(room);
  const named = canonicalNames();
  for (let i = 0; i < others; i++) {
    const row = withNodes[i]!;
    const at = text.length;
    text.length = writeRow(table, row, named, text.view, at);
    start[row] = at;
    end[row] = text.length;
    order[without + i] = row;
  }
  sorter.sort(text.view, start, end, quads);
}

/** `_:c14nN` for every blank node of the table. */
function canonicalNames(): NodeNames {
  const { count } = table.nodes;
  const start = new Int32Array(count);
  const end = new Int32Array(count);
  names.reset();
  names.reserve(count * MAX_NAME_BYTES);
  for (let number = 0; number < count; number++) {
    const node = canonical.order[number]!;
    start[node] = names.length;
    for (const character of `_:c14n${number}`) names.push(character.charCodeAt(0));
    end[node] = names.length;
  }
  return { view: names.view, start, end };
}

/** A copy of the sorted lines, one behind the other. */
function joinLines(quads: number): Uint8Array {
  const { text, start, end } = table;
  const { order } = sorter;
  let total = 0;
  for (let i = 0; i < quads; i++) total += end[order[i]!]! - start[order[i]!]!;
  text.reserve(total);
  const { view } = text;
  let at = text.length;
  for (let i = 0; i < quads; i++) at = copyBytes(view, start[order[i]!]!, end[order[i]!]!, view, at);
  return text.bytes.slice(text.length, at);
}

function labelMap(): Map<string, string> {
  const { labelStart, labelEnd, count } = table.nodes;
  const decoder = new TextDecoder();
  const labels = new Map<string, string>();
  for (let node = 0; node < count; node++) {
    const label = decoder.decode(table.text.bytes.subarray(labelStart[node]!, labelEnd[node]!));
    labels.set(label, `c14n${canonical.number[node]}`);
  }
  return labels;
}
