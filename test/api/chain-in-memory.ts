import { hash } from 'node:crypto';
import type { ApiChain, AppendOptions, BlockEntry } from '../../src/api/index.js';
import {
  type BlockHeader,
  blockHashHex,
  encodeHeader,
  generateProducerKey,
  type InclusionProof,
  producerOf,
  signHeader,
  ZERO_HASH,
} from '../../src/chain/index.js';
import { ProvChainError } from '../../src/errors.js';
import { preparePayload } from '../../src/ledger/index.js';
import { ingest, type RdfFormat } from '../../src/rdf/index.js';

const PAYLOAD_LIMIT_BYTES = 1 << 20;

/** A chain without a disk: documents are read, canonicalized and signed by the real parts. */
export class ChainInMemory implements ApiChain {
  readonly blocks: BlockEntry[] = [];
  readonly payloads: Uint8Array[] = [];
  /** Thrown by the next calls, when set. */
  failure: ProvChainError | undefined;
  writerUrl: string | undefined;
  /** Delays appends. */
  gate: Promise<void> = Promise.resolve();
  readonly #key = generateProducerKey();

  get headHash(): string {
    return this.blocks.at(-1)?.hash ?? ZERO_HASH;
  }

  async info() {
    this.#fail();
    return {
      chainId: 'test-chain',
      format: 'provchain/1',
      replicaId: 'replica-1',
      height: this.blocks.length,
      headHash: this.headHash,
      timestamp: (this.blocks.at(-1)?.header.timestamp as string | undefined) ?? null,
      anchorIndex: this.blocks.length === 0 ? null : this.blocks.length - 1,
      writer: this.writerUrl === undefined,
      writerUrl: this.writerUrl,
    };
  }

  async headers(from: number, to: number) {
    this.#fail();
    return this.blocks.slice(from, to);
  }

  async header(index: number) {
    this.#fail();
    return this.blocks[index] ?? this.#missing(index);
  }

  async payload(index: number) {
    this.#fail();
    return this.payloads[index] ?? this.#missing(index);
  }

  async proof(index: number, height = this.blocks.length): Promise<InclusionProof> {
    const block = await this.header(index);
    if (height > this.blocks.length)
      throw new ProvChainError('OUT_OF_RANGE', `there are no ${height} blocks`);
    return {
      schema: 'provchain-proof/1',
      chainId: 'test-chain',
      format: 'provchain/1',
      blockIndex: index,
      blockHash: block.hash,
      blockHeader: '',
      treeSize: height - 1,
      root: ZERO_HASH,
      path: [],
      headKind: 'header',
      head: '',
    };
  }

  async append(document: Uint8Array, format: RdfFormat, { expectedHead }: Partial<AppendOptions> = {}) {
    this.#fail();
    await this.gate;
    const payload = preparePayload(await ingest(document, format, { source: 'body' }), PAYLOAD_LIMIT_BYTES);
    if (expectedHead !== undefined && expectedHead !== this.headHash) {
      throw new ProvChainError('HEAD_MOVED', `the head is ${this.headHash}`);
    }
    const header: BlockHeader = signHeader(
      {
        chainId: 'test-chain',
        historyRoot: hash('sha256', this.headHash),
        index: this.blocks.length,
        payloadBytes: payload.bytes.length,
        payloadHash: payload.hash,
        previousHash: this.headHash,
        producer: producerOf(this.#key),
        quadCount: payload.quadCount,
        timestamp: '2025-11-23T12:00:00.000Z',
        transactionCount: payload.transactionCount,
      },
      this.#key,
    );
    const entry = { index: header.index, hash: blockHashHex(encodeHeader(header)), header: { ...header } };
    this.blocks.push(entry);
    this.payloads.push(payload.bytes);
    return entry;
  }

  #fail(): void {
    if (this.failure !== undefined) throw this.failure;
  }

  #missing(index: number): never {
    throw new ProvChainError('NOT_FOUND', `there is no block ${index}`, { place: { block: index } });
  }
}
