/**
 * Documents from outside into the one form that is canonicalized: N-Quads. This is where a document is judged;
 * behind it there are only N-Quads, read again by the strict reader.
 */

import { ProvChainError } from '../errors.js';
import type { RdfFormat } from './ingest-formats.js';
import { readNQuads } from './ingest-nquads.js';
import { isAbsoluteIri, QuadLines } from './ingest-quads.js';
import { SourceText } from './ingest-text.js';

/** 64 MiB: some half a million quads. */
const DEFAULT_MAX_BYTES = 64 * 1024 * 1024;

export interface IngestOptions {
  /** Name of the document for messages, such as the path of its file. */
  readonly source?: string;
  /** Absolute IRI that relative ones are resolved against; without it, and without `@base`, they are refused. */
  readonly baseIri?: string;
  /** Longest result, 64 MiB when not given: prefixes let a short document stand for a very long one. */
  readonly maxBytes?: number;
}

/**
 * A document in any of the formats as N-Quads (UTF-8, not canonical, duplicates kept), ready for `canonicalize`.
 * Blank nodes are relabelled except in N-Quads and N-Triples; language tags are in lower case in every format, so
 * that the same dataset has the same hash whatever it was written in (DESIGN §4).
 *
 * @param bytes the document, untrusted; its length is for the caller to bound
 * @returns N-Quads, empty when the document states nothing
 * @throws ProvChainError RDF_SYNTAX with what was found and expected, and its place; RDF_ENCODING when the bytes
 *   are not UTF-8; RDF_REMOTE_CONTEXT; BLOCK_TOO_LARGE; USAGE when `baseIri` is not absolute
 */
export async function ingest(
  bytes: Uint8Array,
  format: RdfFormat,
  options: IngestOptions = {},
): Promise<Uint8Array> {
  const { source, baseIri, maxBytes = DEFAULT_MAX_BYTES } = options;
  if (baseIri !== undefined && !isAbsoluteIri(baseIri)) {
    throw new ProvChainError('USAGE', `the base "${baseIri}" is not an absolute IRI`);
  }
  const output = new QuadLines(maxBytes);
  // Their parsers are loaded at first use: n3 and jsonld take 130 ms, and validation, which imports this folder in every
  // thread, reads N-Quads only.
  switch (format) {
    case 'n-quads':
    case 'n-triples':
      readNQuads(bytes, format, source, output);
      break;
    case 'turtle':
    case 'trig': {
      const { readTurtle } = await import('./ingest-turtle.js');
      readTurtle(SourceText.decode(bytes, source), format, baseIri, output);
      break;
    }
    case 'json-ld': {
      const { readJsonLd } = await import('./ingest-jsonld.js');
      await readJsonLd(SourceText.decode(bytes, source), baseIri, output);
      break;
    }
  }
  return output.toBytes();
}
