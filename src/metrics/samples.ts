import type { Instruments } from './instruments.js';

type Awaitable<T> = T | Promise<T>;
/** Undefined, or a field left out: not measured. */
type Source<Sample> = () => Awaitable<Sample | undefined>;

export interface QueueSample {
  readonly queue: string;
  readonly waiting?: number;
  readonly active?: number;
  /** Left out when nothing waits. */
  readonly oldestWaitingSeconds?: number;
}

export interface ValidatorSample {
  readonly threads?: number;
  readonly busyThreads?: number;
  readonly restarts?: number;
  readonly rssBytes?: number;
  /** 100 is one core. */
  readonly cpuPercent?: number;
}

export interface LimitSample {
  readonly maxMemoryMb?: number;
  readonly maxCpuPercent?: number;
}

export interface CacheSample {
  readonly entries?: number;
  readonly bytes?: number;
  readonly perLevel?: Readonly<Record<string, { readonly hits: number; readonly misses: number }>>;
}

export interface ChainSample {
  readonly height?: number;
  /** Of the last block, ISO 8601; null for an empty chain. */
  readonly timestamp?: string | null;
  readonly writer?: boolean;
  readonly frozen?: boolean;
}

export interface RedisSample {
  readonly queue?: boolean;
  readonly cache?: boolean;
}

export interface MonitorSample {
  readonly intervalSeconds?: number;
  /** Milliseconds since 1970. */
  readonly lastRoundMs?: number;
  readonly silent?: boolean;
  /** By check; null where there is no block. */
  readonly oldestUnverifiedSeconds: Readonly<Record<string, number | null>>;
  readonly promiseSeconds?: number;
  readonly overdue?: boolean;
}

export interface AlertSample {
  readonly open: Readonly<Record<string, number>>;
  /** By channel; those that were never tried are left out of `up`. */
  readonly pending: Readonly<Record<string, number>>;
  readonly up: Readonly<Record<string, boolean>>;
}

/** Whom a scrape asks. Each answers from what it knows or within the scrape's patience. */
export interface MetricSources {
  readonly queues?: Source<readonly QueueSample[]>;
  readonly validator?: Source<ValidatorSample>;
  readonly limits?: Source<LimitSample>;
  readonly cache?: Source<CacheSample>;
  readonly chain?: Source<ChainSample>;
  readonly redis?: Source<RedisSample>;
  readonly alerts?: Source<AlertSample>;
  readonly fleet?: Source<{ readonly nodes?: number }>;
  readonly monitor?: Source<MonitorSample>;
}

const MEGABYTE = 1024 * 1024;
const NO_LABELS = {};

type Setter<Name extends keyof MetricSources> = (
  into: Instruments,
  sample: NonNullable<Awaited<ReturnType<NonNullable<MetricSources[Name]>>>>,
) => void;

const bit = (value: boolean | undefined): number | undefined =>
  value === undefined ? undefined : Number(value);

/** Calls `set` with a value that was measured. */
function measured(value: number | null | undefined, set: (value: number) => void): void {
  if (value !== undefined && value !== null && Number.isFinite(value)) set(value);
}

const SETTERS: { readonly [Name in keyof Required<MetricSources>]: Setter<Name> } = {
  queues(into, queues) {
    for (const { queue, waiting, active, oldestWaitingSeconds } of queues) {
      measured(waiting, (value) => into.set('provchain_queue_waiting', { queue }, value));
      measured(active, (value) => into.set('provchain_queue_active', { queue }, value));
      measured(oldestWaitingSeconds, (value) =>
        into.set('provchain_queue_oldest_waiting_seconds', { queue }, value),
      );
    }
  },
  validator(into, { threads, busyThreads, restarts, rssBytes, cpuPercent }) {
    measured(threads, (value) => into.set('provchain_validator_threads', NO_LABELS, value));
    measured(busyThreads, (value) => into.set('provchain_validator_threads_busy', NO_LABELS, value));
    measured(restarts, (value) => into.total('provchain_validator_restarts_total', NO_LABELS, value));
    measured(rssBytes, (value) => into.set('provchain_validator_resident_memory_bytes', NO_LABELS, value));
    measured(cpuPercent, (value) => into.set('provchain_validator_cpu_percent', NO_LABELS, value));
  },
  alerts(into, { open, pending, up }) {
    for (const [severity, count] of Object.entries(open)) {
      into.set('provchain_alerts_open', { severity }, count);
    }
    for (const [channel, count] of Object.entries(pending)) {
      into.set('provchain_alert_deliveries_pending', { channel }, count);
    }
    for (const [channel, works] of Object.entries(up)) {
      into.set('provchain_alert_channel_up', { channel }, Number(works));
    }
  },
  limits(into, { maxMemoryMb, maxCpuPercent }) {
    measured(maxMemoryMb, (value) => into.set('provchain_memory_limit_bytes', NO_LABELS, value * MEGABYTE));
    measured(maxCpuPercent, (value) => into.set('provchain_cpu_limit_percent', NO_LABELS, value));
  },
  cache(into, { entries, bytes, perLevel = {} }) {
    measured(entries, (value) => into.set('provchain_cache_entries', NO_LABELS, value));
    measured(bytes, (value) => into.set('provchain_cache_bytes', NO_LABELS, value));
    for (const [level, { hits, misses }] of Object.entries(perLevel)) {
      into.total('provchain_cache_hits_total', { level }, hits);
      into.total('provchain_cache_misses_total', { level }, misses);
    }
  },
  chain(into, { height, timestamp, writer, frozen }) {
    measured(height, (value) => into.set('provchain_chain_height', NO_LABELS, value));
    measured(timestamp ? Date.parse(timestamp) / 1000 : undefined, (value) =>
      into.set('provchain_chain_head_timestamp_seconds', NO_LABELS, value),
    );
    measured(bit(writer), (value) => into.set('provchain_chain_writer', NO_LABELS, value));
    measured(bit(frozen), (value) => into.set('provchain_chain_frozen', NO_LABELS, value));
  },
  redis(into, { queue, cache }) {
    measured(bit(queue), (value) => into.set('provchain_redis_up', { use: 'queue' }, value));
    measured(bit(cache), (value) => into.set('provchain_redis_up', { use: 'cache' }, value));
  },
  fleet(into, { nodes }) {
    measured(nodes, (value) => into.set('provchain_fleet_nodes', NO_LABELS, value));
  },
  monitor(into, { intervalSeconds, lastRoundMs, silent, oldestUnverifiedSeconds, promiseSeconds, overdue }) {
    measured(intervalSeconds, (value) => into.set('provchain_monitor_interval_seconds', NO_LABELS, value));
    measured(lastRoundMs, (value) =>
      into.set('provchain_monitor_last_round_timestamp_seconds', NO_LABELS, value / 1000),
    );
    measured(bit(silent), (value) => into.set('provchain_monitor_silent', NO_LABELS, value));
    for (const [check, seconds] of Object.entries(oldestUnverifiedSeconds)) {
      measured(seconds, (value) => into.set('provchain_scrub_oldest_unverified_seconds', { check }, value));
    }
    measured(promiseSeconds, (value) => into.set('provchain_scrub_promise_seconds', NO_LABELS, value));
    measured(bit(overdue), (value) => into.set('provchain_scrub_overdue', NO_LABELS, value));
  },
};

/**
 * Asks every source at once. One that throws or does not answer in time is counted, and its metrics are absent.
 *
 * @param patienceMs how long to wait for a source
 */
export async function takeSamples(
  sources: MetricSources,
  into: Instruments,
  patienceMs: number,
): Promise<void> {
  const names = Object.keys(sources) as (keyof MetricSources)[];
  const setters = await Promise.all(names.map((name) => askSource(name, sources, patienceMs)));
  into.forgetSamples();
  names.forEach((name, index) => {
    try {
      setters[index]!(into);
    } catch {
      into.count('provchain_scrape_failures_total', { source: name });
    }
  });
}

/** What to do with the answer of one source; it throws when there was none. */
async function askSource<Name extends keyof MetricSources>(
  name: Name,
  sources: MetricSources,
  patienceMs: number,
): Promise<(into: Instruments) => void> {
  try {
    const answer = await within(patienceMs, (async () => sources[name]?.())());
    const setter = SETTERS[name] as Setter<Name>;
    return (into) => {
      if (answer !== undefined) setter(into, answer as Parameters<Setter<Name>>[1]);
    };
  } catch (error) {
    return () => {
      throw error;
    };
  }
}

async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer in time')), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
