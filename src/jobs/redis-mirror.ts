import type { Redis } from 'ioredis';
import type { Log } from '../logging/index.js';
import { answered } from './bull-queue.js';
import { recordCodec, resultCodec, type StoredResult } from './codec.js';
import type { Sealer, Sealers } from './dependencies.js';
import type { JobRecord } from './job.js';
import { isJobId } from './job-id.js';
import type { MirrorChange, MirrorWrite, RecordMirror } from './record-mirror.js';
import { isTerminal } from './transition.js';

export interface RedisMirrorOptions {
  /** Fails at once when Redis is away. */
  readonly redis: Redis;
  readonly subscriber: Redis;
  /** Of every key: one per chain. */
  readonly prefix: string;
  readonly sealers: Sealers;
  readonly retentionMs: number;
  readonly log: Log;
}

/**
 * Writes a record if it has not lost: 1 and what stood there, or 0 and what stands there. The fields beside the sealed
 * record are for this script only; whoever forges them can keep a job from ending, as by flushing Redis, but not
 * make a result.
 *
 * KEYS: record, result, index, cancel. ARGV: job id, fence, terminal, revision, record, result, life in ms, channel,
 * force.
 */
const PUT = `
local old = redis.call('HMGET', KEYS[1], 'fence', 'terminal', 'revision', 'record')
local cancelled = redis.call('GET', KEYS[4])
local fence = tonumber(old[1] or '-1') or -1
if ARGV[9] == '0' then
  if old[2] == '1' or fence > tonumber(ARGV[2]) then return {0, old[4], cancelled} end
  local older = ARGV[3] == '0' and (tonumber(old[3] or '-1') or -1) > tonumber(ARGV[4])
  if fence == tonumber(ARGV[2]) and older then return {1, old[4], cancelled} end
end
redis.call('HSET', KEYS[1], 'fence', ARGV[2], 'terminal', ARGV[3], 'revision', ARGV[4], 'record', ARGV[5])
redis.call('PEXPIRE', KEYS[1], ARGV[7])
if ARGV[6] ~= '' then redis.call('SET', KEYS[2], ARGV[6], 'PX', ARGV[7]) end
redis.call('ZADD', KEYS[3], 0, ARGV[1])
redis.call('PUBLISH', ARGV[8], ARGV[1] .. ' ' .. ARGV[2] .. ' ' .. ARGV[3])
return {1, old[4], cancelled}
`;

/** Whoever forges a record in Redis again and again can keep a job from ending, but not a worker busy. */
const MOST_TRIES = 3;
const CANCEL_LIFE_MS = 3_600_000;
const PROFILE_LIFE_MS = 3_600_000;
const CLAIM_LIFE_MS = 24 * 3_600_000;
/** A longer CPU profile stays with the worker that made it. */
const LONGEST_PROFILE = 8 << 20;

type PutReply = [written: 0 | 1, before: string | null, cancelledBy: string | null];

/** The mirror of a fleet; see {@link RecordMirror}. */
export class RedisMirror implements RecordMirror {
  readonly #options: RedisMirrorOptions;
  readonly #records: Sealer;
  readonly #results: Sealer;
  readonly #profiles: Sealer;
  readonly #cancels: Sealer;
  readonly #claims: Sealer;
  readonly #channel: string;
  readonly #listeners: ((change: MirrorChange) => void)[] = [];

  constructor(options: RedisMirrorOptions) {
    this.#options = options;
    this.#records = options.sealers('job-record');
    this.#results = options.sealers('job-result');
    this.#profiles = options.sealers('job-profile');
    this.#cancels = options.sealers('job-cancel');
    this.#claims = options.sealers('job-claim');
    this.#channel = `${options.prefix}:job-changes`;
    const { subscriber } = options;
    // ioredis subscribes again by itself after it was disconnected.
    subscriber.subscribe(this.#channel).catch(() => {});
    subscriber.on('message', (channel: string, message: string) => {
      if (channel === this.#channel) this.#onMessage(message);
    });
  }

  async put(record: JobRecord, result?: StoredResult, cpuProfile?: string): Promise<MirrorWrite> {
    const { jobId } = record.spec;
    if (cpuProfile !== undefined) await this.#putProfile(jobId, cpuProfile);
    for (let tries = 1; ; tries++) {
      const reply = await answered(this.#put(this.#redis(), record, result, false));
      const [written, before, cancelled] = reply as PutReply;
      const opened = before === null ? undefined : this.#openRecord(jobId, before);
      const cancelledBy = this.#cancels.open(cancelled, jobId);
      if (written === 1 || opened || tries === MOST_TRIES) {
        return { accepted: written === 1, before: opened, cancelledBy };
      }
      // What stands in the way was not written by this fleet.
      this.#options.log.error('refused a record in Redis that this fleet has not written', { jobId });
      await answered(this.#redis().del(this.#key('job', jobId)));
    }
  }

  async restore(entries: readonly { record: JobRecord; result?: StoredResult }[]): Promise<void> {
    await answered(
      Promise.all(entries.map(({ record, result }) => this.#put(this.#redis(), record, result, true))),
    );
  }

  async get(jobIds: readonly string[]): Promise<ReadonlyMap<string, JobRecord>> {
    const found = new Map<string, JobRecord>();
    if (jobIds.length === 0) return found;
    const pipeline = this.#redis().pipeline();
    for (const jobId of jobIds) pipeline.hget(this.#key('job', jobId), 'record');
    const answers = (await answered(pipeline.exec())) ?? [];
    for (const [at, jobId] of jobIds.entries()) {
      const sealed = answers[at]?.[1];
      const record = typeof sealed === 'string' ? this.#openRecord(jobId, sealed) : undefined;
      if (record) found.set(jobId, record);
    }
    return found;
  }

  async result(jobId: string): Promise<StoredResult | undefined> {
    const sealed = await answered(this.#redis().get(this.#key('result', jobId)));
    const json = this.#results.open(sealed, jobId);
    return json === undefined ? undefined : resultCodec.read(json);
  }

  async profile(jobId: string): Promise<string | undefined> {
    return this.#profiles.open(await answered(this.#redis().get(this.#key('profile', jobId))), jobId);
  }

  async list(before: string | undefined, limit: number): Promise<readonly JobRecord[]> {
    const max = before === undefined ? '+' : `(${before}`;
    const index = this.#key('jobs');
    const jobIds = await answered(this.#redis().zrevrangebylex(index, max, '-', 'LIMIT', 0, limit));
    const found = await this.get(jobIds);
    const gone = jobIds.filter((jobId) => !found.has(jobId));
    if (gone.length > 0) await answered(this.#redis().zrem(index, ...gone));
    return [...found.values()];
  }

  async forget(jobIds: readonly string[]): Promise<void> {
    if (jobIds.length === 0) return;
    const keys = jobIds.flatMap((jobId) =>
      ['job', 'result', 'profile', 'cancel'].map((kind) => this.#key(kind, jobId)),
    );
    await answered(
      Promise.all([this.#redis().unlink(...keys), this.#redis().zrem(this.#key('jobs'), ...jobIds)]),
    );
  }

  async cancel(jobId: string, by: string): Promise<void> {
    const sealed = this.#cancels.seal(by, jobId);
    await answered(
      this.#redis()
        .multi()
        .set(this.#key('cancel', jobId), sealed, 'PX', CANCEL_LIFE_MS)
        .publish(this.#channel, `${jobId} cancel ${sealed}`)
        .exec(),
    );
  }

  async claim(key: string, value: string): Promise<string | undefined> {
    const place = this.#key('claim', key);
    const sealed = this.#claims.seal(value, key);
    // SET with NX and GET gives the old value, or null when it has set the new one.
    const before = await answered(this.#redis().set(place, sealed, 'PX', CLAIM_LIFE_MS, 'NX', 'GET'));
    if (before === null) return undefined;
    const claimed = this.#claims.open(before, key);
    if (claimed !== undefined) return claimed;
    await answered(this.#redis().set(place, sealed, 'PX', CLAIM_LIFE_MS));
    return undefined;
  }

  async unclaim(key: string): Promise<void> {
    await answered(this.#redis().del(this.#key('claim', key)));
  }

  async wasEmptied(node: string): Promise<boolean> {
    const before = await answered(this.#redis().set(this.#key('known', node), '1', 'NX', 'GET'));
    return before === null;
  }

  onChange(listener: (change: MirrorChange) => void): void {
    this.#listeners.push(listener);
  }

  async close(): Promise<void> {
    this.#listeners.length = 0;
    await this.#options.subscriber.unsubscribe(this.#channel).catch(() => {});
  }

  #put(redis: Redis, record: JobRecord, result: StoredResult | undefined, force: boolean): Promise<unknown> {
    const { jobId } = record.spec;
    return redis.eval(
      PUT,
      4,
      this.#key('job', jobId),
      this.#key('result', jobId),
      this.#key('jobs'),
      this.#key('cancel', jobId),
      jobId,
      record.fence,
      isTerminal(record.state) ? '1' : '0',
      record.revision,
      this.#records.seal(recordCodec.write(record), jobId),
      result ? this.#results.seal(resultCodec.write(result), jobId) : '',
      this.#options.retentionMs,
      this.#channel,
      force ? '1' : '0',
    );
  }

  async #putProfile(jobId: string, profile: string): Promise<void> {
    if (profile.length > LONGEST_PROFILE) return;
    const sealed = this.#profiles.seal(profile, jobId);
    await answered(this.#redis().set(this.#key('profile', jobId), sealed, 'PX', PROFILE_LIFE_MS));
  }

  #openRecord(jobId: string, sealed: string): JobRecord | undefined {
    const json = this.#records.open(sealed, jobId);
    const record = json === undefined ? undefined : recordCodec.read(json);
    return record?.spec.jobId === jobId ? record : undefined;
  }

  /** Anybody who reaches Redis can publish: a change only makes us look, and a request to cancel is sealed. */
  #onMessage(message: string): void {
    const [jobId = '', what = '', ...rest] = message.split(' ');
    if (!isJobId(jobId)) return;
    if (what !== 'cancel') {
      this.#tell({ kind: 'record', jobId, fence: Number(what), ended: rest[0] === '1' });
      return;
    }
    const by = this.#cancels.open(rest.join(' '), jobId);
    if (by !== undefined) this.#tell({ kind: 'cancel', jobId, by });
  }

  #tell(change: MirrorChange): void {
    for (const listener of this.#listeners) listener(change);
  }

  #redis(): Redis {
    return this.#options.redis;
  }

  #key(kind: string, id?: string): string {
    return id === undefined ? `${this.#options.prefix}:${kind}` : `${this.#options.prefix}:${kind}:${id}`;
  }
}
