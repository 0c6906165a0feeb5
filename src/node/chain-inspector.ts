import type {
  ApiInspector,
  BlockSearch,
  BlockSearchAnswer,
  InspectedBlock,
  InspectedHeader,
} from '../api/index.js';
import { ProvChainError } from '../errors.js';
import type { StoredBlockHeader, Validator } from '../pool/index.js';
import { LEVEL_CHECKS } from '../validation/index.js';
import type { LocalReplica } from './local-replica.js';
import { Turns } from './turns.js';

interface ChainInspectorOptions {
  readonly dir: string;
  /** Everything is read and judged in its process. */
  readonly validator: Pick<Validator, 'run' | 'inspectBlock' | 'searchBlocks'>;
  readonly replica: Pick<LocalReplica, 'state'>;
}

/** Of the validation of one block; a poisonous one ends as Incomplete, and says so in its findings. */
const INSPECTION_LIMIT_MS = 10_000;
/**
 * To judge the history of one block, the headers of all blocks before it are read and hashed: a second for every few
 * hundred thousand. So further up it is left out, and the answer says so; jobs judge it for all blocks at once.
 */
const HISTORY_UP_TO = 50_000;
const WITHOUT_HISTORY = LEVEL_CHECKS.Full.filter((check) => check !== 'history');
/** The last stretch may go beyond it; together they take less than two seconds. */
const SEARCH_BUDGET_MS = 1700;
const MOST_FOUND = 50;
const LANES = 2;
const MOST_WAITING = 32;

/** Looks into single blocks and searches them, for people; see `ApiInspector`. */
export class ChainInspector implements ApiInspector {
  readonly #options: ChainInspectorOptions;
  readonly #inspections = new Turns(LANES, MOST_WAITING);
  readonly #searches = new Turns(LANES, MOST_WAITING);

  constructor(options: ChainInspectorOptions) {
    this.#options = options;
  }

  /**
   * Everything about one block. What is wrong with it, a validation of this one block says; the rest is
   * shown as it is stored. Errors: NOT_FOUND; STORE_UNAVAILABLE, STORE_CORRUPT, NOT_A_CHAIN; OVERLOADED.
   */
  async inspect(index: number, client: string, signal: AbortSignal): Promise<InspectedBlock> {
    const { dir, validator, replica } = this.#options;
    const { height } = (await replica.state()).pin;
    if (index >= height) {
      throw new ProvChainError('NOT_FOUND', `there is no block ${index}`, { place: { block: index } });
    }
    return this.#inspections.take(client, signal, async () => {
      // First: where damage makes RocksDB end its process, this is what says so.
      const checks = index < HISTORY_UP_TO ? LEVEL_CHECKS.Full : WITHOUT_HISTORY;
      const { report } = await validator.run(
        dir,
        { checks, from: index, to: index + 1, parallel: false, timeLimitMs: INSPECTION_LIMIT_MS },
        { signal },
      );
      const { header, payload, previous, next } = await validator.inspectBlock(dir, index, height);
      const { status, complete, findings, asOf } = report;
      return {
        ...{ index, height, checks, status, complete, findings, asOf, payload },
        header: viewOf(header),
        previous: neighbour(previous),
        next: neighbour(next),
      };
    });
  }

  /** Errors: STORE_UNAVAILABLE, STORE_CORRUPT, NOT_A_CHAIN; OVERLOADED. */
  async search(
    { target, before }: BlockSearch,
    client: string,
    signal: AbortSignal,
  ): Promise<BlockSearchAnswer> {
    const { dir, validator, replica } = this.#options;
    const { height } = (await replica.state()).pin;
    const request = {
      target,
      before: Math.min(before ?? height, height),
      limit: MOST_FOUND,
      budgetMs: SEARCH_BUDGET_MS,
    };
    return this.#searches.take(client, signal, () => validator.searchBlocks(dir, request, signal));
  }
}

function viewOf({ hash, storedHash, bytes, header, legacy, problem }: StoredBlockHeader): InspectedHeader {
  const fields = header ?? legacy;
  return {
    hash: hash === '' ? null : hash,
    storedHash: storedHash === '' ? null : storedHash,
    fields: fields === undefined ? null : { ...fields },
    problem: problem ?? null,
    bytes,
  };
}

function neighbour(header: StoredBlockHeader | undefined): InspectedBlock['previous'] {
  return header === undefined ? null : { index: header.index, hash: header.hash || null };
}
