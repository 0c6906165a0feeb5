import { ProvChainError } from '../errors.js';
import type { SharedDocuments } from '../fleet/index.js';
import type { JobService } from '../jobs/index.js';
import type { Log } from '../logging/index.js';
import type { Level, Report, Status } from '../validation/index.js';
import type { JobOutcome } from './outcome.js';
import { SharedRecord } from './shared-record.js';

/** What a round came to. */
export interface RoundResult {
  /** Of the validation that answered it; null when it was refused. */
  readonly jobId: string | null;
  readonly status: Status | null;
  readonly complete: boolean | null;
  readonly durationMs: number | null;
  /** When its answer was there, in milliseconds since 1970. */
  readonly atMs: number;
}

/** A round, as all nodes of the replica know it. JSON. */
interface Round {
  /** When it was due, in milliseconds since 1970: no other round has the same time. */
  readonly dueMs: number;
  /** Node that took it. */
  readonly node: string;
  /** claimed → submitted (a job answers it), cached (an earlier result has) or refused. */
  readonly state: 'claimed' | 'submitted' | 'cached' | 'refused';
  readonly jobId?: string;
  /** At once for a round that was answered from the cache. */
  readonly result?: RoundResult;
  readonly code?: string;
}

/** JSON; the newest round first. */
interface RoundsRecord {
  readonly rounds: readonly Round[];
  /** The last that ended, and the last that said something about the chain; kept when their rounds are gone. */
  readonly last?: RoundResult;
  readonly said?: RoundResult;
}

export interface RoundsOptions {
  readonly documents: SharedDocuments;
  readonly replica: string;
  readonly node: string;
  readonly level: Level;
  readonly intervalMs: number;
  readonly jobs: Pick<JobService, 'submit'>;
  /** A job of this replica that has ended, as this node has heard of it. */
  readonly outcome: (jobId: string) => JobOutcome | undefined;
  /** Told once per round that this node has taken: the status of its report, or `failed` or `refused`. */
  readonly count: (status: Status | 'failed' | 'refused') => void;
  /** Told of a round that could not be asked for, and why. */
  readonly refused: (reason: string) => void;
  readonly log: Log;
  readonly now: () => number;
}

/** A validation takes several intervals at most, or its round is forgotten. */
const KEPT_ROUNDS = 16;
const MOST_PENDING = 64;

/**
 * The rounds of a replica: validations of the whole chain at one level, one per interval in the whole fleet.
 *
 * Ticks may come twice and to several nodes; a round is claimed compare-and-set in a document of the fleet, which every
 * node keeps in its state, so that neither a restart nor FLUSHALL makes the same round begin again. A round is a job like
 * others, of low priority: it waits in the queue, and nothing waits for it. One that is refused is counted, and tried
 * again with the next tick.
 */
export class Rounds {
  readonly #options: RoundsOptions;
  readonly #record: SharedRecord<RoundsRecord>;
  /** Jobs of this node's rounds that have not ended, and how many rounds each answers. */
  readonly #pending = new Map<string, number>();

  constructor(options: RoundsOptions) {
    this.#options = options;
    this.#record = new SharedRecord(options.documents, `monitor-rounds/${options.replica}`, options.node);
  }

  lastDueMs(): number | undefined {
    return this.#record.get()?.rounds[0]?.dueMs;
  }

  /** The last round that has ended, and the last that said something about the chain: all but Incomplete and failed ones. */
  results(): { readonly last?: RoundResult; readonly said?: RoundResult } {
    return this.#sum(this.#record.get());
  }

  /** Takes a tick. Never rejects. */
  async tick(dueMs: number): Promise<void> {
    const { node, log } = this.#options;
    try {
      if (!(await this.#claim(dueMs))) return;
      const round = await this.#validate({ dueMs, node, state: 'claimed' });
      await this.#record.change((current) => {
        if (!current?.rounds.some((one) => one.dueMs === dueMs)) return undefined;
        return { ...current, rounds: current.rounds.map((one) => (one.dueMs === dueMs ? round : one)) };
      });
    } catch (thrown) {
      const { code, message } = ProvChainError.from(thrown);
      log.warn('a round of the monitor could not be shared', { code, reason: message });
    }
  }

  /** A job has ended, whoever asked for it. */
  ended({ jobId, summary }: JobOutcome): void {
    const rounds = this.#pending.get(jobId) ?? 0;
    this.#pending.delete(jobId);
    for (let round = 0; round < rounds; round++) this.#options.count(summary?.status ?? 'failed');
  }

  #claim(dueMs: number): Promise<boolean> {
    const { node, intervalMs } = this.#options;
    return this.#record.change((current) => {
      const before = current?.rounds[0];
      // Two ticks of one interval are closer to each other than half of it; the clocks of nodes need not agree better.
      if (before && dueMs < before.dueMs + intervalMs / 2) return undefined;
      const rounds = [{ dueMs, node, state: 'claimed' } as const, ...(current?.rounds ?? [])];
      return { ...this.#sum(current), rounds: rounds.slice(0, KEPT_ROUNDS) };
    });
  }

  async #validate(round: Round): Promise<Round> {
    const { jobs, level, intervalMs, count, log, now } = this.#options;
    try {
      const request = { level, priority: 'low', maxAgeMs: Math.floor(intervalMs / 2) } as const;
      const submitted = await jobs.submit(request, { trigger: 'monitor' });
      if (submitted.kind === 'cached') {
        const report = JSON.parse(submitted.entry.report) as Report;
        const { jobId, status, complete, durationMs } = report;
        count(status);
        return {
          ...round,
          state: 'cached',
          jobId,
          result: { jobId, status, complete, durationMs, atMs: now() },
        };
      }
      const { jobId } = submitted.record.spec;
      this.#await(jobId);
      return { ...round, state: 'submitted', jobId };
    } catch (thrown) {
      const { code, message } = ProvChainError.from(thrown);
      log.warn('a round of the monitor was refused', { code, reason: message });
      count('refused');
      this.#options.refused(message);
      const result = { jobId: null, status: null, complete: null, durationMs: null, atMs: now() };
      return { ...round, state: 'refused', code, result };
    }
  }

  #await(jobId: string): void {
    const outcome = this.#options.outcome(jobId);
    this.#pending.set(jobId, (this.#pending.get(jobId) ?? 0) + 1);
    if (this.#pending.size > MOST_PENDING) this.#pending.delete([...this.#pending.keys()][0]!);
    // A small chain is validated before anybody asks.
    if (outcome) this.ended(outcome);
  }

  #sum(record: RoundsRecord | undefined): { last?: RoundResult; said?: RoundResult } {
    const ended = (record?.rounds ?? []).flatMap((round) => this.#resultOf(round) ?? []);
    const said = ended.filter(({ status }) => status !== null && status !== 'Incomplete');
    const last = newest([...ended, ...(record?.last ? [record.last] : [])]);
    const lastSaid = newest([...said, ...(record?.said ? [record.said] : [])]);
    return { ...(last && { last }), ...(lastSaid && { said: lastSaid }) };
  }

  #resultOf({ jobId, result, state }: Round): RoundResult | undefined {
    if (result) return result;
    const outcome = state === 'submitted' && jobId ? this.#options.outcome(jobId) : undefined;
    if (!outcome) return undefined;
    const { summary, finishedAt } = outcome;
    return {
      jobId: outcome.jobId,
      status: summary?.status ?? null,
      complete: summary?.complete ?? null,
      durationMs: summary?.durationMs ?? null,
      atMs: Date.parse(finishedAt),
    };
  }
}

const newest = (results: readonly RoundResult[]): RoundResult | undefined =>
  results.reduce<RoundResult | undefined>(
    (last, result) => (last && last.atMs >= result.atMs ? last : result),
    undefined,
  );
