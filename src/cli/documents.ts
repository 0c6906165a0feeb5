import { constants } from 'node:buffer';
import { open } from 'node:fs/promises';
import { ProvChainError } from '../errors.js';
import { formatFromName, parseRdfFormat, type RdfFormat } from '../rdf/index.js';
import { formatMegabytes } from './format.js';

/** A document as a user named it: a file, or standard input. */
export interface Document {
  /** Its name in messages. */
  readonly name: string;
  readonly format: RdfFormat;
  /** Untrusted. */
  readonly bytes: Uint8Array;
}

const STDIN = '-';
const MOST_BYTES = Math.min(constants.MAX_LENGTH, 2 ** 31 - 1);

/** The format of a document. Errors: RDF_FORMAT_UNKNOWN when neither the name nor the user tells it; USAGE. */
export function formatOf(file: string, given: string | undefined): RdfFormat {
  const format = given === undefined ? formatFromName(file) : parseRdfFormat(given);
  if (format) return format;
  const what =
    file === STDIN ? 'standard input has no name that tells its format' : `no format ends like ${file}`;
  throw new ProvChainError('RDF_FORMAT_UNKNOWN', what, { place: { source: nameOf(file) } });
}

export function nameOf(file: string): string {
  return file === STDIN ? 'stdin' : file;
}

/**
 * Reads a whole document. Whoever wrote it chose its length, so that is bounded before it is read.
 * Errors: FILE_UNREADABLE; BLOCK_TOO_LARGE when it is longer than `limitBytes`.
 */
export async function readDocument(
  file: string,
  format: RdfFormat,
  limitBytes = MOST_BYTES,
): Promise<Document> {
  return { name: nameOf(file), format, bytes: await readInput(file, limitBytes) };
}

/** The bytes of any input file, or of standard input. Errors: FILE_UNREADABLE; BLOCK_TOO_LARGE. */
export async function readInput(file: string, limitBytes: number): Promise<Uint8Array> {
  const name = nameOf(file);
  try {
    return file === STDIN ? await readStream(name, limitBytes) : await readFileBounded(file, limitBytes);
  } catch (cause) {
    if (cause instanceof ProvChainError) throw cause;
    const why =
      (cause as NodeJS.ErrnoException).code === 'ENOENT'
        ? 'there is no such file'
        : String((cause as Error).message);
    throw new ProvChainError('FILE_UNREADABLE', why, { cause, place: { source: name } });
  }
}

async function readFileBounded(file: string, limitBytes: number): Promise<Uint8Array> {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    if (size > limitBytes) throw tooLong(file, limitBytes);
    const bytes = await handle.readFile();
    // A pipe has no size before it is read.
    if (bytes.length > limitBytes) throw tooLong(file, limitBytes);
    return bytes;
  } finally {
    await handle.close();
  }
}

async function readStream(name: string, limitBytes: number): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of process.stdin) {
    length += chunk.length;
    if (length > limitBytes) throw tooLong(name, limitBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function tooLong(source: string, limitBytes: number): ProvChainError {
  const message = `the document is longer than ${formatMegabytes(limitBytes)}`;
  return new ProvChainError('BLOCK_TOO_LARGE', message, { place: { source } });
}
