import { WrongAnswer } from '../verify.js';
import { AcceptedJobs } from './accepted-jobs.js';
import { shoot } from './cannon.js';
import { post } from './requests.js';
import type { Scenario } from './scenario.js';
import { withSite } from './site.js';

const REQUESTS = 1000;
const DRAIN_LIMIT_MS = 120_000;

/** Everybody asks for the same at once, and nothing is cached yet: one job is to be done. */
export const STORM: Scenario = {
  name: 'storm',
  describe: '1,000 requests for the same validation at once start one job',
  run: (mode, options) =>
    withSite(mode, options, async (site) => {
      const accepted = new AcceptedJobs();
      options.note(`load storm ${mode}`);
      const fire = {
        requests: [post('/api/jobs', { level: 'Full' })],
        take: (status: number, body: string) => (status === 202 ? accepted.take(body) : undefined),
      };
      const shot = await shoot({ url: site.url, connections: REQUESTS, amount: REQUESTS }, fire);
      const { statuses, errors, problem } = shot;
      const answered = (statuses[200] ?? 0) + (statuses[202] ?? 0);
      if (problem !== undefined || errors > 0 || answered !== REQUESTS) {
        throw new WrongAnswer('storm', problem ?? `${errors} errors, statuses ${JSON.stringify(statuses)}`);
      }
      const ends = await accepted.awaitEnds(site.url, DRAIN_LIMIT_MS);
      if (ends.completed !== accepted.count) throw new WrongAnswer('storm', `ends: ${JSON.stringify(ends)}`);
      return [
        {
          name: `load storm ${mode}`,
          title: `jobs that ${REQUESTS} requests for one validation at once start, ${mode}, against one`,
          table: 'load',
          unit: 'jobs',
          ours: accepted.count,
          peer: 1,
          bar: { atMostTimes: 1 },
          settings: { requests: REQUESTS, quick: options.quick },
          notes: [
            `${statuses[202] ?? 0} were told of the job, ${statuses[200] ?? 0} had its result; p99 ${shot.p99} ms`,
          ],
        },
      ];
    }),
};
