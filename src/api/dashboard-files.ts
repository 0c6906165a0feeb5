import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { ProvChainError } from '../errors.js';

type Encoding = 'br' | 'gzip' | 'identity';

/** One file of the dashboard, with every form that it is sent in. */
export interface ServedFile {
  readonly type: string;
  /** Hex, of the bytes that are not compressed. */
  readonly digest: string;
  readonly bodies: Readonly<Partial<Record<Encoding, Uint8Array>> & { identity: Uint8Array }>;
}

/** The files of the dashboard by their path below its folder, such as `index.html` and `assets/main-1a2b.js`. */
export type DashboardFiles = ReadonlyMap<string, ServedFile>;

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml; charset=utf-8',
  '.woff2': 'font/woff2',
};
const ALREADY_COMPRESSED = new Set(['.png', '.woff2']);
const PLACES = ['.', 'assets'] as const;
const MOST_FILES = 500;
const MOST_BYTES = 32 << 20;
/** A compressed form that saves less than a tenth is not worth its memory. */
const WORTHWHILE = 0.9;
/** The two levels above take five times as long for some three per cent. */
const BROTLI_QUALITY = 9;
const GZIP_LEVEL = 9;

const compressBrotli = promisify(brotliCompress);
const compressGzip = promisify(gzip);

/** Where the build puts the dashboard, beside the compiled sources. */
const builtDashboard = (): string => fileURLToPath(new URL('../../dashboard', import.meta.url));

/**
 * Reads a built dashboard into memory, once: what is asked for later is looked up among these names and never on the
 * disk. Undefined where the folder holds no index.html. Errors: FILE_UNREADABLE, also for a folder that is no build of
 * a dashboard by its size.
 */
export async function loadDashboard(folder = builtDashboard()): Promise<DashboardFiles | undefined> {
  const names = (await Promise.all(PLACES.map((place) => namesIn(folder, place)))).flat();
  if (!names.includes('index.html')) return undefined;
  if (names.length > MOST_FILES) throw noDashboard(folder, `it holds more than ${MOST_FILES} files`);
  const files = new Map<string, ServedFile>();
  let total = 0;
  for (const name of names) {
    const bytes = await readFile(join(folder, name)).catch((cause: Error) => {
      throw noDashboard(folder, cause.message, cause);
    });
    total += bytes.length;
    if (total > MOST_BYTES) throw noDashboard(folder, `it holds more than ${MOST_BYTES >> 20} MiB`);
    files.set(name, await servedFile(name, bytes));
  }
  return files;
}

/** Names of the files that can be served from one place of the folder; none where it is not there. */
async function namesIn(folder: string, place: (typeof PLACES)[number]): Promise<string[]> {
  const entries = await readdir(join(folder, place), { withFileTypes: true }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw noDashboard(folder, error.message, error);
    },
  );
  const names = entries.filter((entry) => entry.isFile() && extname(entry.name) in TYPES);
  return names.map(({ name }) => (place === '.' ? name : `${place}/${name}`)).sort();
}

async function servedFile(name: string, identity: Uint8Array): Promise<ServedFile> {
  const extension = extname(name);
  const type = TYPES[extension]!;
  const digest = createHash('sha256').update(identity).digest('hex');
  if (ALREADY_COMPRESSED.has(extension)) return { type, digest, bodies: { identity } };
  const params = { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY };
  const [br, gzipped] = await Promise.all([
    compressBrotli(identity, { params }),
    compressGzip(identity, { level: GZIP_LEVEL }),
  ]);
  const worthwhile = (body: Uint8Array) => body.length < identity.length * WORTHWHILE;
  return {
    type,
    digest,
    bodies: {
      identity,
      ...(worthwhile(br) ? { br } : {}),
      ...(worthwhile(gzipped) ? { gzip: gzipped } : {}),
    },
  };
}

/**
 * The form of a file that a client takes, the smallest first (RFC 9110 §12.5.3): a coding counts as taken when the field
 * names it, or `*`, with a weight above zero. Without the field, as without a word of a coding that is here, the bytes
 * go as they are. The field is the client's: any text at all.
 */
export function chooseEncoding(field: string | undefined, { bodies }: ServedFile): Encoding {
  const weights = new Map<string, number>();
  for (const part of (field ?? '').split(',')) {
    const [coding = '', ...parameters] = part.split(';').map((text) => text.trim().toLowerCase());
    const weight = parameters.find((text) => text.startsWith('q='));
    weights.set(coding, weight === undefined ? 1 : Number(weight.slice(2)));
  }
  const takes = (coding: Encoding) => (weights.get(coding) ?? weights.get('*') ?? 0) > 0;
  return (
    (['br', 'gzip'] as const).find((coding) => bodies[coding] !== undefined && takes(coding)) ?? 'identity'
  );
}

const noDashboard = (folder: string, why: string, cause?: Error): ProvChainError =>
  new ProvChainError('FILE_UNREADABLE', `the dashboard cannot be read: ${why}`, {
    cause,
    place: { source: folder },
  });
