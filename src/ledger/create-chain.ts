import { type KeyObject, randomUUID } from 'node:crypto';
import {
  CHAIN_KEY,
  encodeChainRecord,
  FORMAT_NATIVE,
  generateProducerKey,
  HistoryTree,
  idProblem,
  producerOf,
} from '../chain/index.js';
import { ProvChainError } from '../errors.js';
import { BlockBuilder, preparePayload } from './block-builder.js';
import { type NewChain, storeNewChain } from './new-chain.js';
import type { Put } from './rocks.js';

export interface CreateOptions {
  /** Default: a random UUID. */
  readonly chainId?: string;
  /** Default: a new key. It is stored in the chain directory either way. */
  readonly producerKey?: KeyObject;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/**
 * Makes a chain in `dir` (which may exist, empty or with files of another kind in it): trust root, replica id, producer
 * key (mode 0600), database with the genesis block, anchor.
 *
 * Errors: USAGE for an id that is none; CHAIN_EXISTS; STORE_UNAVAILABLE.
 */
export async function createChain(dir: string, options: CreateOptions = {}): Promise<NewChain> {
  const chainId = checkedId(options.chainId ?? randomUUID());
  const key = options.producerKey ?? generateProducerKey();
  const now = (options.now ?? Date.now)();
  const builder = new BlockBuilder(chainId, key, new HistoryTree(), undefined);
  const puts: Put[] = [
    { column: 'default', key: CHAIN_KEY, value: encodeChainRecord({ chainId, format: FORMAT_NATIVE }) },
  ];
  const statement = genesisStatement(chainId, producerOf(key), now);
  builder.add(preparePayload(Buffer.from(statement), statement.length * 2), now, puts);
  puts.push(builder.headPut());
  const tip = builder.tip!;
  return storeNewChain(dir, {
    chainId,
    format: FORMAT_NATIVE,
    genesisHash: tip.hash,
    key,
    tip,
    puts: [puts],
  });
}

export function checkedId(id: string): string {
  const problem = idProblem(id);
  if (problem !== undefined) throw new ProvChainError('USAGE', `"${id}" cannot be a chain id. ${problem}`);
  return id;
}

/**
 * The payload of block 0: provenance of the chain itself, in a named graph that is also its name. The chain
 * (`urn:provchain:ID`) is a PROV bundle, attributed to its first producer (by public key), generated at a time.
 */
function genesisStatement(chainId: string, producer: string, nowMs: number): string {
  const chain = `<urn:provchain:${chainId}>`;
  const prov = 'http://www.w3.org/ns/prov#';
  const time = new Date(nowMs).toISOString();
  return [
    `${chain} <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <${prov}Bundle> ${chain} .`,
    `${chain} <${prov}generatedAtTime> "${time}"^^<http://www.w3.org/2001/XMLSchema#dateTime> ${chain} .`,
    `${chain} <${prov}wasAttributedTo> <urn:provchain:producer:${producer}> ${chain} .`,
    '',
  ].join('\n');
}
