import type { AppendOptions, BlockEntry, ChainInfo } from '../api/index.js';
import type { InclusionProof } from '../chain/index.js';
import { ProvChainError } from '../errors.js';
import type { Ledger } from '../ledger/index.js';
import type { Intake, StoredBlockHeader, Validator } from '../pool/index.js';
import type { RdfFormat } from '../rdf/index.js';
import type { Pin } from '../validation/index.js';
import type { Freeze } from './freeze.js';
import type { LocalReplica } from './local-replica.js';

interface ChainServiceOptions {
  readonly dir: string;
  /** Everything that is read from the store is read in its process, which damage may end. */
  readonly validator: Pick<Validator, 'readHeaders' | 'readPayload' | 'inclusionProof'>;
  readonly replica: LocalReplica;
  readonly freeze: Freeze;
  readonly intake: Intake;
  /** Present on the writer of the chain only. */
  readonly ledger?: Ledger;
  readonly payloadLimitBytes: number;
  /** Where the writer is reached, as far as the fleet knows. */
  readonly writerUrl: () => string | undefined;
  readonly onAppended: (block: BlockEntry, seconds: number) => void;
  readonly onRefused: (error: ProvChainError) => void;
}

/** The chain of this node: reading for everybody, appending where this node is the writer. */
export class ChainService {
  readonly #options: ChainServiceOptions;
  /** Appends that nothing stops any more. */
  readonly #storing = new Set<Promise<unknown>>();

  constructor(options: ChainServiceOptions) {
    this.#options = options;
  }

  /** Resolves when every block that is being stored now is, or is not. */
  async settled(): Promise<void> {
    await Promise.allSettled([...this.#storing]);
  }

  async info(): Promise<ChainInfo> {
    const { chainId, format, replicaId, height, headHash, timestamp, anchorIndex } =
      await this.#options.replica.head();
    const writer = this.#options.ledger !== undefined;
    const writerUrl = this.#options.writerUrl();
    return { chainId, format, replicaId, height, headHash, timestamp, anchorIndex, writer, writerUrl };
  }

  async headers(from: number, to: number): Promise<readonly BlockEntry[]> {
    const { height } = await this.#pin();
    const end = Math.min(to, height);
    if (from >= end) return [];
    return (await this.#options.validator.readHeaders(this.#options.dir, from, end)).map(entryOf);
  }

  /** Errors: NOT_FOUND. */
  async header(index: number): Promise<BlockEntry> {
    await this.#requireBlock(index);
    const [stored] = await this.#options.validator.readHeaders(this.#options.dir, index, index + 1);
    if (stored === undefined) throw noBlock(index);
    return entryOf(stored);
  }

  /** Errors: NOT_FOUND. */
  async payload(index: number): Promise<Uint8Array> {
    await this.#requireBlock(index);
    return this.#options.validator.readPayload(this.#options.dir, index);
  }

  /** Errors: NOT_FOUND; OUT_OF_RANGE for a head that does not come after the block. */
  async proof(index: number, height?: number): Promise<InclusionProof> {
    await this.#requireBlock(index);
    return this.#options.validator.inclusionProof(this.#options.dir, index, height);
  }

  /** Errors: FROZEN, NOT_WRITER, those of a document, HEAD_MOVED, WRITE_LATCHED, STORE_UNAVAILABLE. */
  async append(document: Uint8Array, format: RdfFormat, options: AppendOptions): Promise<BlockEntry> {
    try {
      return await this.#append(document, format, options);
    } catch (thrown) {
      this.#options.onRefused(ProvChainError.from(thrown));
      throw thrown;
    }
  }

  async #append(document: Uint8Array, format: RdfFormat, options: AppendOptions): Promise<BlockEntry> {
    const { freeze, intake, ledger, payloadLimitBytes, onAppended } = this.#options;
    const started = performance.now();
    freeze.refuseIfFrozen();
    if (ledger === undefined) throw this.#notWriter();
    const payload = await intake.prepare(document, format, payloadLimitBytes);
    // Somebody may have stopped appends while the document was prepared.
    freeze.refuseIfFrozen();
    const storing = ledger.appendPrepared(payload, options);
    this.#storing.add(storing);
    const { index, hash, timestamp } = await storing.finally(() => this.#storing.delete(storing));
    const { quadCount, transactionCount } = payload;
    const header = {
      index,
      timestamp,
      payloadHash: payload.hash,
      payloadBytes: payload.bytes.length,
      quadCount,
      transactionCount,
    };
    const entry = { index, hash, header };
    onAppended(entry, (performance.now() - started) / 1000);
    return entry;
  }

  #notWriter(): ProvChainError {
    const url = this.#options.writerUrl();
    const where = url === undefined ? 'and no writer is known now' : `the writer is ${url}`;
    return new ProvChainError('NOT_WRITER', `this node does not append to the chain; ${where}`);
  }

  async #pin(): Promise<Pin> {
    return (await this.#options.replica.state()).pin;
  }

  async #requireBlock(index: number): Promise<void> {
    if (index >= (await this.#pin()).height) throw noBlock(index);
  }
}

function noBlock(index: number): ProvChainError {
  return new ProvChainError('NOT_FOUND', `there is no block ${index}`, { place: { block: index } });
}

/** What is stored is shown as it is, damaged or not; judging it is a validation's business. */
function entryOf({ index, hash, bytes, header, legacy, problem }: StoredBlockHeader): BlockEntry {
  const unreadable = { problem, text: Buffer.from(bytes).toString() };
  return { index, hash, header: { ...(header ?? legacy ?? unreadable) } };
}
