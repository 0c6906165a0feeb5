import type { LastResult } from '../api/index.js';
import { ProvChainError } from '../errors.js';
import type { SharedDocuments } from '../fleet/index.js';
import type { JobRecord } from '../jobs/index.js';
import type { Log } from '../logging/index.js';
import { LEVELS, type Level, type Report, STATUSES, type Status } from '../validation/index.js';

/** The last complete result of each level, by `replica/level`. */
type Results = Readonly<Record<string, LastResult>>;

const NAME = 'last-results';
/** Results that come together are written together. */
const WRITE_MS = 250;
const ATTEMPTS = 5;

interface LastResultsOptions {
  readonly documents: SharedDocuments;
  readonly replica: string;
  readonly nodeId: string;
  readonly log: Log;
}

/** What the last validation of the whole chain said, by level: for the status of the node, on every node, after restarts. */
export class LastResults {
  readonly #options: LastResultsOptions;
  readonly #pending = new Map<string, LastResult>();
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(options: LastResultsOptions) {
    this.#options = options;
  }

  /** Of this node's replica, from the least to the highest level. */
  list(): LastResult[] {
    const results = merge(this.#results(), [...this.#pending]);
    return LEVELS.flatMap((level) => results[this.#key(this.#options.replica, level)] ?? []);
  }

  /**
   * Takes a report that a job has ended with. Parts of a chain, custom sets of checks and reports for which the chain may
   * do without its anchor say nothing about a level; returns whether this one does.
   */
  note({ spec }: JobRecord, report: Report): boolean {
    if (report.level === 'Custom' || report.scope.partial || !spec.requireAnchor) return false;
    const { height, headHash } = report.chain;
    const key = this.#key(report.replica, report.level);
    const { status, complete, reportDigest, asOf, startedAt, finishedAt } = report;
    const result = { level: report.level, jobId: spec.jobId, status, complete, height, headHash };
    const noted = { ...result, reportDigest, asOf, startedAt, finishedAt };
    this.#pending.set(key, standing(this.#pending.get(key), noted));
    this.#timer ??= setTimeout(() => this.#flush(), WRITE_MS);
    return true;
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#flush();
    await this.#writing;
  }

  #key(replica: string, level: Level): string {
    return `${replica}/${level}`;
  }

  #results(): Results {
    return this.#options.documents.get<Results>(NAME)?.value ?? {};
  }

  #flush(): void {
    this.#timer = undefined;
    this.#writing = this.#writing.then(() => this.#write());
  }

  /** Never rejects: the results are in the jobs' own records as well. */
  async #write(): Promise<void> {
    const { documents, nodeId, log } = this.#options;
    const noted = [...this.#pending];
    if (noted.length === 0) return;
    for (let attempt = 1; ; attempt++) {
      const revision = documents.get(NAME)?.revision ?? 0;
      try {
        await documents.update(NAME, revision, merge(this.#results(), noted), nodeId);
        break;
      } catch (thrown) {
        const { code, message } = ProvChainError.from(thrown);
        if (code === 'REVISION_CONFLICT' && attempt < ATTEMPTS) continue;
        log.warn('the last results could not be shared', { code, reason: message });
        return;
      }
    }
    for (const [key, result] of noted) if (this.#pending.get(key) === result) this.#pending.delete(key);
  }
}

function merge(known: Results, noted: readonly (readonly [string, LastResult])[]): Results {
  const merged: Record<string, LastResult> = { ...known };
  for (const [key, result] of noted) merged[key] = standing(merged[key], result);
  return merged;
}

const ranks = (one: Status, other: Status): number => STATUSES.indexOf(one) - STATUSES.indexOf(other);

/**
 * Which of two results of one replica and level stands. The later one, by when each read the chain: not by the age of
 * its evidence, because a job that reuses signatures reads every byte again all the same. Of two that read at the same
 * time nobody knows which saw the chain last, so the worse one stays; and what could not be checked to its end takes
 * back nothing that was found.
 */
function standing(before: LastResult | undefined, result: LastResult): LastResult {
  if (before === undefined) return result;
  const worse = ranks(result.status, before.status);
  if (before.finishedAt <= result.startedAt) return result.complete || worse >= 0 ? result : before;
  if (result.finishedAt <= before.startedAt) return before;
  if (worse !== 0) return worse > 0 ? result : before;
  return before.startedAt <= result.startedAt ? result : before;
}
