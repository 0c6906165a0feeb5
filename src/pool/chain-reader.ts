import { FORMAT_LEGACY, type InclusionProof, makeProof, splitStoredHeader, treeKey } from '../chain/index.js';
import { ProvChainError } from '../errors.js';
import { openBlock, pinChain, readBlock, readBlocks, type StoredValue } from '../validation/index.js';
import { inspectPayload, missingPayload } from './block-inspection.js';
import { searchBlocks } from './block-search.js';
import type {
  BlockInspection,
  ChainHead,
  SearchAnswer,
  SearchRequest,
  StoredBlockHeader,
} from './service-messages.js';
import { type ChainView, Views } from './views.js';

/** Blocks that one call reads at most. */
const MOST_HEADERS = 1000;
const NOTHING = new Uint8Array(0);

/**
 * What is read of a chain outside of validations: each call through a fresh view. Nothing here is a verdict; what is
 * stored is told as it is, beside what was recomputed. Errors of all: NOT_A_CHAIN, STORE_UNAVAILABLE, STORE_CORRUPT;
 * OUT_OF_RANGE for indexes that are none or too many at once.
 */
export class ChainReader {
  readonly #views = new Views();

  head(dir: string): Promise<ChainHead> {
    return this.#views.use(dir, async ({ files, source }) => {
      const { pin, anchorIndex } = await pinChain(source, files);
      const { chainId, format } = files.trust;
      const last = pin.height > 0 ? await readBlock(source, 'header', pin.height - 1) : undefined;
      const block = last?.value ? openBlock(format, pin.height - 1, last.value) : undefined;
      const timestamp = block?.header?.timestamp ?? block?.legacy?.block.timestamp[0] ?? null;
      return { chainId, format, replicaId: files.replicaId, ...pin, timestamp, anchorIndex };
    });
  }

  /** The headers from `from` to before `to`, in order; where none is stored, an entry with a problem. */
  async readHeaders(dir: string, from: number, to: number): Promise<readonly StoredBlockHeader[]> {
    requireRange(from, to);
    return this.#views.use(dir, async (view) => {
      const headers: StoredBlockHeader[] = [];
      await eachHeader(view, from, to, (stored) => {
        headers.push(describeHeader(view.files.trust.format, stored));
      });
      return headers;
    });
  }

  /** The payload of one block as stored. Errors: OUT_OF_RANGE where there is none. */
  readPayload(dir: string, index: number): Promise<Uint8Array> {
    return this.#views.use(dir, async ({ source }) => {
      requireRange(index, index + 1);
      const { value, unreadable } = await readBlock(source, 'payload', index);
      if (unreadable) throw atBlock('STORE_CORRUPT', 'RocksDB reports damage in the payload', index);
      if (value === null) throw atBlock('OUT_OF_RANGE', 'no payload is stored', index);
      return value;
    });
  }

  /** One block of a chain of `height` blocks, as far as it can be read. Errors: OUT_OF_RANGE. */
  inspectBlock(dir: string, index: number, height: number): Promise<BlockInspection> {
    return this.#views.use(dir, async (view) => {
      requireRange(index, index + 1);
      const around = new Map<number, StoredBlockHeader>();
      await eachHeader(view, Math.max(0, index - 1), Math.min(height, index + 2), (stored) => {
        around.set(stored.index, describeHeader(view.files.trust.format, stored));
      });
      const header = around.get(index);
      if (header === undefined) throw atBlock('OUT_OF_RANGE', 'no block is stored', index);
      const { value, unreadable } = await readBlock(view.source, 'payload', index);
      const payload = value === null ? missingPayload(unreadable) : inspectPayload(value);
      return { header, payload, previous: around.get(index - 1), next: around.get(index + 1) };
    });
  }

  /** The blocks that hold something; see {@link searchBlocks}. */
  searchBlocks(dir: string, request: SearchRequest, signal: AbortSignal): Promise<SearchAnswer> {
    // Opening the view counts: somebody waits.
    const endMs = performance.now() + request.budgetMs;
    return this.#views.use(dir, (view) => searchBlocks(view, request, endMs, signal));
  }

  /**
   * The proof that block `index` is part of the chain at `height` (default: as it is now, or, of an imported chain, as
   * its anchor names it). Errors: OUT_OF_RANGE; CHAIN_DAMAGED where the store does not lead to the head's root.
   */
  inclusionProof(dir: string, index: number, height?: number): Promise<InclusionProof> {
    return this.#views.use(dir, async ({ files, source }) => {
      const { pin, anchorIndex } = await pinChain(source, files);
      const { chainId, format } = files.trust;
      const sealed = format === FORMAT_LEGACY && anchorIndex !== null;
      const wanted = height ?? (sealed ? anchorIndex + 1 : pin.height);
      if (wanted > pin.height) throw atBlock('OUT_OF_RANGE', 'no block is stored', wanted - 1);
      const headerAt = async (at: number) => {
        const { value } = await readBlock(source, 'header', at);
        return (value && splitStoredHeader(value)?.header) ?? null;
      };
      const subtreeAt = (level: number, position: number) => source.get('default', treeKey(level, position));
      const request = { chainId, format, index, height: wanted, anchor: files.anchor };
      return makeProof({ headerAt, subtreeAt }, request);
    });
  }
}

function requireRange(from: number, to: number): void {
  const whole = Number.isSafeInteger(from) && Number.isSafeInteger(to);
  if (whole && from >= 0 && from <= to && to - from <= MOST_HEADERS) return;
  throw new ProvChainError('OUT_OF_RANGE', `at most ${MOST_HEADERS} blocks from 0 on, not ${from} to ${to}`);
}

async function eachHeader(
  { source }: ChainView,
  from: number,
  to: number,
  take: (stored: StoredValue) => void,
): Promise<void> {
  for await (const batch of readBlocks(source, 'header', { from, to }, () => {})) {
    for (const stored of batch) take(stored);
  }
}

function describeHeader(format: string, { index, value, unreadable }: StoredValue): StoredBlockHeader {
  if (value === null) {
    const problem = unreadable ? 'RocksDB reports damage' : 'no header is stored';
    return { index, storedHash: '', hash: '', bytes: NOTHING, problem };
  }
  const {
    storedHashHex: storedHash,
    hashHex: hash,
    header,
    legacy,
    problem,
  } = openBlock(format, index, value);
  // A copy: the value may be a view of the whole batch that it was read with.
  const bytes = Uint8Array.from(splitStoredHeader(value)?.header ?? value);
  return { index, storedHash, hash, bytes, header, legacy, problem };
}

function atBlock(code: 'STORE_CORRUPT' | 'OUT_OF_RANGE', what: string, block: number): ProvChainError {
  return new ProvChainError(code, `${what} for block ${block}`, { place: { block } });
}
