import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { closeWorker } from '../jobs/index.js';
import type { Log } from '../logging/index.js';
import { bullMq } from '../redis-packages.js';
import { firstDueMs, type Ticker, type TickerOptions } from './ticker.js';

export interface BullTickerOptions extends TickerOptions {
  /** Of the queue: one per replica. */
  readonly name: string;
  readonly prefix: string;
  /** Fails at once when Redis is away. */
  readonly producer: Redis;
  /** Waits for Redis; this ticker's own. */
  readonly consumer: Redis;
  readonly log: Log;
}

const SCHEDULER = 'round';
/** A tick that nobody has taken for so long was lost with the node that was about to. */
const LOST_MS = 5000;
const SHORTEST_LOOK_MS = 250;
const LONGEST_LOOK_MS = 5000;
const LOCK_MS = 15_000;
const CLOSE_MS = 3000;
/** A tick may be taken by one node after the other when each dies over it. */
const MOST_STALLED = 10;

/**
 * The ticker of a fleet: a job scheduler of BullMQ makes one job per interval, and one of the nodes gets it. The
 * scheduler is in Redis, which may lose it, so every node looks for it and puts it back.
 *
 * What a job says comes from Redis, and whoever can write there can make ticks: a tick that is not plausible counts as
 * due now, and how many rounds follow from ticks is bounded by who takes them.
 */
export function startBullTicker(options: BullTickerOptions): Ticker {
  const { name, prefix, producer, consumer, intervalMs, take, now, log } = options;
  const worker = new (bullMq().Worker)(
    name,
    async ({ id }) => {
      const scheduledMs = Number(String(id).split(':').at(-1));
      const plausible = scheduledMs <= now() && scheduledMs > now() - intervalMs;
      await take(plausible ? scheduledMs : now()).catch(() => {});
    },
    {
      ...{ connection: consumer, prefix, concurrency: 1 },
      ...{ lockDuration: LOCK_MS, stalledInterval: LOST_MS, maxStalledCount: MOST_STALLED },
    },
  );
  const complain = (error: Error) => log.debug('ticker error', { queue: name, reason: error.message });
  worker.on('error', complain);
  let queue: Queue | undefined;
  /** BullMQ's object fails for good if Redis is away when it is made. */
  const ready = (): Queue | undefined => {
    if (producer.status !== 'ready') return undefined;
    if (!queue) {
      const made = new (bullMq().Queue)(name, { connection: producer, prefix, skipWaitingForReady: true });
      made.on('error', complain);
      made.waitUntilReady().catch(() => {
        if (queue === made) queue = undefined;
      });
      queue = made;
    }
    return queue;
  };
  const look = async () => {
    const there = ready();
    if (!there) return;
    const scheduler = await there.getJobScheduler(SCHEDULER);
    const lost = (scheduler?.next ?? 0) < now() - intervalMs - LOST_MS;
    if (scheduler && scheduler.every === intervalMs && !lost) return;
    const startDate = firstDueMs(options);
    const opts = { removeOnComplete: true, removeOnFail: true };
    await there.upsertJobScheduler(SCHEDULER, { every: intervalMs, startDate }, { name: SCHEDULER, opts });
    log.debug('the scheduler of the rounds was put into Redis', { queue: name });
  };
  let looking: Promise<void> | undefined;
  const lookOnce = () => {
    looking ??= look()
      .catch(complain)
      .finally(() => {
        looking = undefined;
      });
  };
  const everyMs = Math.min(LONGEST_LOOK_MS, Math.max(SHORTEST_LOOK_MS, intervalMs / 4));
  const timer = setInterval(lookOnce, everyMs).unref();
  producer.on('ready', lookOnce);
  lookOnce();
  return {
    async close() {
      clearInterval(timer);
      producer.off('ready', lookOnce);
      // With Redis away BullMQ would wait for it.
      let giveUp: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        giveUp = setTimeout(resolve, CLOSE_MS);
      });
      const closed = Promise.all([looking, closeWorker(worker, consumer)]).then(() => queue?.close());
      await Promise.race([closed.catch(complain), late]);
      clearTimeout(giveUp);
    },
  };
}
