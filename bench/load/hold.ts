import { WrongAnswer } from '../verify.js';
import { AcceptedJobs, type Ends } from './accepted-jobs.js';
import { type Shot, shoot } from './cannon.js';
import { latencies } from './duel.js';
import { distinctScopes, submissions } from './requests.js';
import type { Scenario } from './scenario.js';
import { type Site, withSite } from './site.js';

/** Jobs that may wait; few, so that twice of what can be done does not fit for long. */
const QUEUE_DEPTH = 200;
const CONNECTIONS = 64;
const HOLD_SECONDS = 30;
const QUICK_SECONDS = 5;
const PROBES = 3;
const PROBE_JOBS = 180;
const DRAIN_LIMIT_MS = 300_000;
const REFUSALS = [429, 503];

/**
 * Twice as many distinct jobs as can be done, for half a minute. What does not fit must be refused, and everything that
 * was accepted must end.
 */
export const HOLD: Scenario = {
  name: 'hold',
  describe: `twice the sustainable rate of jobs for ${HOLD_SECONDS} s: every accepted job ends`,
  run: (mode, options) =>
    withSite(mode, { ...options, settings: { jobs: { max_queue_depth: QUEUE_DEPTH } } }, async (site) => {
      const scopes = distinctScopes(site.height);
      const sustainable = await probe(site, scopes);
      const rate = Math.ceil(2 * sustainable);
      const seconds = options.quick ? QUICK_SECONDS : HOLD_SECONDS;
      options.note(
        `load hold ${mode}: ${sustainable.toFixed(0)} jobs a second can be done; ${rate} asked for`,
      );
      const accepted = new AcceptedJobs();
      // Every request gets its answer before the turn ends, so that no job is accepted unseen.
      const aim = { url: site.url, connections: CONNECTIONS, amount: rate * seconds, rate };
      const shot = await shoot(aim, submissions('/api/jobs', scopes, accepted));
      const drainStarted = performance.now();
      const ends = await accepted.awaitEnds(site.url, DRAIN_LIMIT_MS);
      checkAnswers(shot, accepted.count);
      const ended = ends.completed + ends.failed + ends.cancelled;
      return [
        {
          name: `load hold ${mode}`,
          title: `accepted jobs that ended, twice the sustainable rate for ${seconds} s, ${mode}, against those accepted`,
          table: 'load',
          unit: 'jobs',
          ours: ended,
          peer: accepted.count,
          bar: { atLeastShare: 1 },
          settings: {
            mode,
            rate,
            seconds,
            connections: CONNECTIONS,
            queueDepth: QUEUE_DEPTH,
            quick: options.quick,
          },
          notes: [
            ...describeHold(shot, ends, sustainable),
            `the last ended ${((performance.now() - drainStarted) / 1000).toFixed(1)} s after the last request`,
          ],
        },
      ];
    }),
};

/** How many of these jobs a second are done: as many as fit into the queue, from the first request to the last end. */
async function probe(site: Site, scopes: () => unknown): Promise<number> {
  const rates: number[] = [];
  for (let i = 0; i < PROBES; i++) {
    const accepted = new AcceptedJobs();
    const started = performance.now();
    const aim = { url: site.url, connections: CONNECTIONS, amount: PROBE_JOBS };
    await shoot(aim, submissions('/api/jobs', scopes, accepted));
    await accepted.awaitEnds(site.url, DRAIN_LIMIT_MS);
    rates.push(accepted.count / ((performance.now() - started) / 1000));
  }
  // The first one also warms up.
  return Math.max(...rates);
}

function checkAnswers({ statuses, errors, problem }: Shot, accepted: number): void {
  if (problem !== undefined || errors > 0)
    throw new WrongAnswer('hold', problem ?? `${errors} connections broke`);
  const others = Object.keys(statuses).filter(
    (status) => status !== '202' && !REFUSALS.includes(Number(status)),
  );
  if (others.length > 0) throw new WrongAnswer('hold', `answers with status ${others.join(', ')}`);
  if (statuses[202] !== accepted)
    throw new WrongAnswer('hold', `${statuses[202]} answers 202 for ${accepted} jobs`);
}

function describeHold(shot: Shot, ends: Ends, sustainable: number): string[] {
  const { statuses } = shot;
  const refused = REFUSALS.map((status) => `${statuses[status] ?? 0} with ${status}`).join(', ');
  return [
    `${sustainable.toFixed(0)} jobs a second can be done; accepted ${statuses[202] ?? 0}, refused ${refused}`,
    `ends: ${ends.completed} completed, ${ends.failed} failed, ${ends.cancelled} cancelled`,
    latencies('answers', [shot]),
  ];
}
