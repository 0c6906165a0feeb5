/** Quads as text, for those who need terms and not bytes. */

import { scanNQuads } from './nquads-scanner.js';
import { QuadTable, TERMINATOR_BYTES } from './quad-table.js';

/** The terms of a quad as canonical N-Quads spells them; `graph` is empty for the default graph. */
export interface QuadText {
  readonly subject: string;
  readonly predicate: string;
  readonly object: string;
  readonly graph: string;
}

const table = new QuadTable();

/**
 * The quads of an N-Quads document (UTF-8 bytes) in document order, duplicates kept, blank node labels as they are.
 * Throws RDF_SYNTAX or RDF_ENCODING with line, column and offset.
 */
export function parseNQuads(nquads: Uint8Array): QuadText[] {
  scanNQuads(table, nquads);
  const { text, start, subjectEnd, predicateEnd, objectEnd, end } = table;
  const bytes = Buffer.from(text.bytes.buffer);
  const quads: QuadText[] = [];
  for (let row = 0; row < table.count; row++) {
    const graphEnd = Math.max(objectEnd[row]!, end[row]! - TERMINATOR_BYTES);
    quads.push({
      subject: bytes.toString('utf8', start[row]!, subjectEnd[row]!),
      predicate: bytes.toString('utf8', subjectEnd[row]! + 1, predicateEnd[row]!),
      object: bytes.toString('utf8', predicateEnd[row]! + 1, objectEnd[row]!),
      graph: bytes.toString('utf8', Math.min(objectEnd[row]! + 1, graphEnd), graphEnd),
    });
  }
  return quads;
}
