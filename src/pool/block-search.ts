import { openBlock, type Range, readBlock, readBlocks, type StoredValue } from '../validation/index.js';
import { ByteSearch } from './byte-search.js';
import type { FoundBlock, SearchAnswer, SearchRequest } from './service-messages.js';
import type { ChainView } from './views.js';

/** Blocks of the first stretch; the next are twice as long until they hold about so many bytes. */
const FIRST_STRETCH = 16;
const LONGEST_STRETCH = 1 << 14;
const STRETCH_BYTES = 4 << 20;
/** A stretch that holds more is left and cut, unless it is one block: payloads of any length may follow short ones. */
const LONGEST_BYTES = 16 << 20;
const MOST_LINES = 3;
/** Of a line in the answer; literals may be as long as a payload. */
const LONGEST_LINE_BYTES = 4096;
const HASH_BYTES = 32;
const NEWLINE = 0x0a;

/** What is compared with the stored bytes of a block: gives the matching lines, none of them for a match of the header. */
interface Matcher {
  readonly column: 'header' | 'payload';
  match(stored: StoredValue & { readonly value: Uint8Array }): readonly string[] | undefined;
  /** What was searched for names one block, and it was found. */
  readonly single: boolean;
}

interface Stretch {
  readonly found: Map<number, readonly string[]>;
  readonly unread: number;
  readonly bytes: number;
}

/**
 * Looks through the blocks before `before`, newest first, until there are enough, the time is over (`endMs` of the
 * monotonic clock, though one stretch is always looked through, so that every call gets on) or the caller has left; what it has not come to is left for the next call. The stored bytes are searched as they are, of blocks that are
 * damaged too; those that cannot be read are counted. It gives other work of this thread its turn after each batch of
 * the store, which is 2 MB.
 */
export async function searchBlocks(
  view: ChainView,
  { target, before, limit }: SearchRequest,
  endMs: number,
  signal: AbortSignal,
): Promise<SearchAnswer> {
  const { format } = view.files.trust;
  const matcher = target.kind === 'hash' ? hashMatcher(target.hash, format) : lineMatcher(target.needle);
  const blocks: FoundBlock[] = [];
  let end = before;
  let unread = 0;
  let length = FIRST_STRETCH;
  while (end > 0 && blocks.length < limit && !signal.aborted) {
    if (performance.now() >= endMs && end < before) break;
    const from = Math.max(0, end - length);
    const stretch = await searchStretch(view, { from, to: end }, matcher, signal);
    if (signal.aborted) break;
    if (stretch === undefined) {
      length = Math.max(1, length >> 3);
      continue;
    }
    unread += stretch.unread;
    end = from;
    for (const [index, lines] of [...stretch.found].reverse()) {
      if (blocks.length === limit) break;
      blocks.push(await describe(view, index, lines));
      if (blocks.length === limit) end = index;
    }
    if (matcher.single) break;
    length = nextLength(length, stretch.bytes);
  }
  const next = end > 0 && !matcher.single ? end : null;
  return { blocks, searched: { from: end, to: before }, next, unread };
}

/** So long that a stretch of blocks like those of the last one holds the bytes that are read at once. */
function nextLength(length: number, bytes: number): number {
  const fitting = bytes === 0 ? LONGEST_STRETCH : Math.floor((STRETCH_BYTES * length) / bytes);
  return Math.max(1, Math.min(length * 2, fitting, LONGEST_STRETCH));
}

/** Undefined when the stretch holds too much to be read at once. */
async function searchStretch(
  { source }: ChainView,
  range: Range,
  matcher: Matcher,
  signal: AbortSignal,
): Promise<Stretch | undefined> {
  const found = new Map<number, readonly string[]>();
  let unread = 0;
  let bytes = 0;
  for await (const batch of readBlocks(source, matcher.column, range, () => {})) {
    for (const { index, value, unreadable } of batch) {
      if (value === null) {
        unread++;
        continue;
      }
      bytes += value.length;
      const lines = matcher.match({ index, value, unreadable });
      if (lines !== undefined) found.set(index, lines);
    }
    if (signal.aborted) break;
    if (bytes > LONGEST_BYTES && range.to - range.from > 1) return undefined;
  }
  return { found, unread, bytes };
}

/**
 * The block with this hash, or those whose payload has it. The bytes are looked through first, since taking a header
 * apart costs a hundred times as much; the hash of a block is also in the header after it.
 */
function hashMatcher(hash: string, format: string): Matcher & { readonly single: boolean } {
  const raw = Buffer.from(hash, 'hex');
  const hex = new ByteSearch(Buffer.from(hash));
  let single = false;
  return {
    column: 'header',
    get single() {
      return single;
    },
    match({ index, value }) {
      const bytes = bufferOf(value);
      const named = bytes.subarray(0, HASH_BYTES).equals(raw);
      if (!named && hex.indexIn(bytes) < 0) return undefined;
      const { hashHex, header, legacy } = openBlock(format, index, value);
      const own = named || hashHex === hash;
      single ||= own;
      const claimed = (header ?? legacy)?.payloadHash === hash || legacy?.block.hash.includes(hash);
      return own || claimed ? [] : undefined;
    },
  };
}

/** Payloads with a line that holds these bytes. */
function lineMatcher(text: string): Matcher {
  const needle = new ByteSearch(Buffer.from(text));
  return {
    column: 'payload',
    single: false,
    match({ value }) {
      const bytes = bufferOf(value);
      let at = needle.indexIn(bytes);
      if (at < 0) return undefined;
      const lines: string[] = [];
      while (at >= 0 && lines.length < MOST_LINES) {
        const start = bytes.lastIndexOf(NEWLINE, at) + 1;
        const newline = bytes.indexOf(NEWLINE, at);
        const end = newline < 0 ? bytes.length : newline;
        lines.push(lineText(bytes.subarray(start, end)));
        at = needle.indexIn(bytes, end);
      }
      return lines;
    },
  };
}

const bufferOf = ({ buffer, byteOffset, length }: Uint8Array): Buffer =>
  Buffer.from(buffer, byteOffset, length);

function lineText(line: Buffer): string {
  if (line.length <= LONGEST_LINE_BYTES) return line.toString('utf8');
  return `${line.toString('utf8', 0, LONGEST_LINE_BYTES)}…`;
}

async function describe(
  { files, source }: ChainView,
  index: number,
  lines: readonly string[],
): Promise<FoundBlock> {
  const { value } = await readBlock(source, 'header', index);
  if (value === null) return { index, hash: null, timestamp: null, quadCount: null, lines };
  const { hashHex, header, legacy } = openBlock(files.trust.format, index, value);
  return {
    index,
    hash: hashHex,
    timestamp: header?.timestamp ?? legacy?.block.timestamp[0] ?? null,
    quadCount: (header ?? legacy)?.quadCount ?? null,
    lines,
  };
}
