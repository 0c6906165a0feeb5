import { ingest, type RdfFormat } from '../rdf/index.js';
import { type Payload, preparePayload } from './block-builder.js';

/** Name of the document in error places. */
const SOURCE = 'body';

/**
 * A document in any of the formats, as the payload of a block. Everything in it is the sender's: it may take seconds
 * of CPU for a graph that was made to be hard, so a server runs this on a thread of its own.
 *
 * Errors: those of `ingest` and of {@link preparePayload}, with the place in the document.
 */
export async function prepareDocument(
  document: Uint8Array,
  format: RdfFormat,
  payloadLimitBytes: number,
): Promise<Payload> {
  return preparePayload(await ingest(document, format, { source: SOURCE }), payloadLimitBytes);
}
