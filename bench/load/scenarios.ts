import type { BenchRow } from '../row.js';
import { expectEqual, WrongAnswer } from '../verify.js';
import { AcceptedJobs } from './accepted-jobs.js';
import type { Fire } from './cannon.js';
import { fight } from './duel.js';
import { HOLD } from './hold.js';
import type { Mode } from './load-options.js';
import { appends, distinctScopes, documents, get, mixed, post, same, submissions } from './requests.js';
import type { Scenario } from './scenario.js';
import { type Site, withBare, withSite } from './site.js';
import { STORM } from './storm.js';

const CACHED = '/api/integrity/validate?level=Standard';
const STATUS = '/api/integrity/status';
const DRAIN_LIMIT_MS = 600_000;
const CACHED_BAR = { atLeastShare: 0.85 };
const ACCEPTED_BAR = { atLeastShare: 0.75 };

const nodeOf = (mode: Mode) => (mode === 'fleet' ? 'a fleet node' : 'an embedded node');

/** Fills the cache and gives what the node answers from it. */
async function cachedBody({ url }: Site, path: string): Promise<string> {
  await fetch(`${url}${path}${path.includes('?') ? '&' : '?'}wait=60`).then((answer) => answer.arrayBuffer());
  const answer = await fetch(`${url}${path}`);
  const body = await answer.text();
  if (answer.status !== 200) throw new WrongAnswer(path, `status ${answer.status}: ${body.slice(0, 500)}`);
  return body;
}

/** A cached outcome must be the same one, up to the age that it tells. */
function sameOutcome(expected: string) {
  const digestOf = (body: string) => {
    const { cached, report } = JSON.parse(body) as {
      cached: boolean;
      report: { reportDigest: string; status: string };
    };
    return `${cached} ${report.status} ${report.reportDigest}`;
  };
  const wanted = digestOf(expected);
  if (!wanted.startsWith('true Healthy ')) throw new WrongAnswer('the cached result', wanted);
  return (body: string) => (digestOf(body) === wanted ? undefined : `${digestOf(body)} instead of ${wanted}`);
}

function sameStatus(body: string): string | undefined {
  const { status } = JSON.parse(body) as { status: string };
  return status === 'Healthy' ? undefined : `the status is ${status}`;
}

const sameText = (expected: string) => (body: string) => (body === expected ? undefined : 'another body');

/** A route whose answer never changes, against the same bytes from a bare one. */
function cachedScenario(name: string, describe: string, path: string, bar: BenchRow['bar']): Scenario {
  return {
    name,
    describe,
    run: (mode, options) =>
      withSite(mode, options, async (site) => {
        const outcome = await cachedBody(site, CACHED);
        const body = path === CACHED ? outcome : await cachedBody(site, path);
        const route = {
          method: 'get',
          path: '/answer',
          status: 200,
          type: 'application/json',
          body,
        } as const;
        return withBare({ routes: [{ ...route, reads: 'nothing' }] }, async (bare) => [
          await fight(
            {
              name: `load ${name} ${mode}`,
              title: `${describe} from ${nodeOf(mode)}, against a bare route with the same ${body.length}-byte body and middleware`,
              bar,
              ours: {
                url: site.url,
                fire: same(get(path), path === CACHED ? sameOutcome(body) : sameStatus),
              },
              peer: { url: bare.url, fire: same(get('/answer'), sameText(body)) },
            },
            options,
          ),
        ]);
      }),
  };
}

/** The same over POST /api/jobs, whose body is parsed and checked. */
const CACHED_JOB: Scenario = {
  name: 'cached-job',
  describe: 'cached result, POST /api/jobs',
  run: (mode, options) =>
    withSite(mode, options, async (site) => {
      const body = await cachedBody(site, CACHED);
      const question = { level: 'Standard' };
      const route = { method: 'post', path: '/answer', status: 200, type: 'application/json', body } as const;
      return withBare({ routes: [{ ...route, reads: 'json' }] }, async (bare) => [
        await fight(
          {
            name: `load cached-job ${mode}`,
            title: `cached result, POST /api/jobs, from ${nodeOf(mode)}, against a bare route with the same ${body.length}-byte body and middleware`,
            bar: CACHED_BAR,
            ours: { url: site.url, fire: same(post('/api/jobs', question), sameOutcome(body)) },
            peer: { url: bare.url, fire: same(post('/answer', question), sameText(body)) },
          },
          options,
        ),
      ]);
    }),
};

/**
 * Distinct jobs, none of which another could answer. In a fleet the node that is measured has no workers, as the peer has
 * none: those that do the jobs start afterwards, and every one is followed to its end.
 */
const SUBMIT: Scenario = {
  name: 'submit',
  describe: 'job accepted, distinct jobs',
  run: (mode, options) => {
    const { redisUrl } = options;
    if (redisUrl === undefined)
      throw new Error('the peer adds to a queue, for which there is no redis-server here');
    return withSite(mode, { ...options, roles: mode === 'fleet' ? ['api'] : undefined }, (site) =>
      withBare({ routes: [], redisUrl }, async (bare) => {
        const accepted = new AcceptedJobs();
        const scopes = distinctScopes(site.height);
        const row = await fight(
          {
            name: `load submit ${mode}`,
            title: `distinct jobs accepted by ${nodeOf(mode)}, against bare Express and queue.add on the same Redis`,
            bar: mode === 'fleet' ? ACCEPTED_BAR : { none: true },
            amount: options.quick ? 200 : 3000,
            expect: [202],
            ours: { url: site.url, fire: submissions('/api/jobs', scopes, accepted) },
            peer: { url: bare.url, fire: submissions('/enqueue', distinctScopes(site.height)) },
          },
          options,
        );
        options.note(`  following ${accepted.count} accepted jobs to their ends`);
        const started = performance.now();
        const ends = await site.withWorkers(() => accepted.awaitEnds(site.url, DRAIN_LIMIT_MS));
        const rate = accepted.count / ((performance.now() - started) / 1000);
        if (ends.completed !== accepted.count)
          throw new WrongAnswer('submit', `ends: ${JSON.stringify(ends)}`);
        const note = `all ${accepted.count} accepted jobs completed, ${rate.toFixed(0)} a second after the last turn`;
        return [{ ...row, notes: [...row.notes!, note] }];
      }),
    );
  },
};

/** Blocks, each durable before its answer, against a route that reads the document and stores nothing. */
const APPEND: Scenario = {
  name: 'append',
  describe: 'block appended, durable',
  run: (mode, options) =>
    withSite(mode, options, async (site) => {
      let stored = 0;
      const take: Fire['take'] = (status) => {
        if (status === 201) stored++;
        return undefined;
      };
      const body = '{"index":1}';
      const route = { method: 'post', path: '/append', status: 201, type: 'application/json', body } as const;
      return withBare({ routes: [{ ...route, reads: 'bytes' }] }, async (bare) => {
        const row = await fight(
          {
            name: `load append ${mode}`,
            title: `blocks of 12 quads appended to ${nodeOf(mode)}, durable, against a bare route that stores nothing`,
            bar: { none: true },
            amount: options.quick ? 200 : 3000,
            expect: [201],
            ours: { url: site.url, fire: appends('/api/blocks', documents(), take) },
            peer: { url: bare.url, fire: appends('/append', documents(), () => undefined) },
          },
          options,
        );
        await site.validate('Full', site.height + stored);
        return [
          {
            ...row,
            notes: [...row.notes!, `all ${stored} blocks are in the chain, and Full finds it intact`],
          },
        ];
      });
    }),
};

/** What a dashboard, a few scripts and a producer do at once. An append makes the cached result one of the past. */
const MIXED: Scenario = {
  name: 'mixed',
  describe: 'status, results, jobs and blocks at once',
  run: (mode, options) =>
    withSite(mode, options, async (site) => {
      const outcome = await cachedBody(site, CACHED);
      const accepted = new AcceptedJobs();
      let stored = 0;
      const take: Fire['take'] = (status, body) => {
        if (status === 202) return accepted.take(body);
        if (status === 201) stored++;
        return undefined;
      };
      const scopes = distinctScopes(site.height);
      const next = documents();
      const submission = { ...post('/api/jobs', {}), next: () => ({ body: JSON.stringify(scopes()) }) };
      const [append] = appends('/api/blocks', next, take).requests;
      const json = { status: 200, type: 'application/json' } as const;
      const routes = [
        { ...json, method: 'get', path: STATUS, body: await cachedBody(site, STATUS), reads: 'nothing' },
        { ...json, method: 'get', path: '/api/integrity/validate', body: outcome, reads: 'nothing' },
        { ...json, method: 'post', path: '/api/jobs', status: 202, body: '{"jobId":"x"}', reads: 'json' },
        { ...json, method: 'post', path: '/api/blocks', status: 201, body: '{"index":1}', reads: 'bytes' },
      ] as const;
      const parts = [
        [60, get(STATUS)],
        [36, get(`${CACHED}&wait=0`)],
        [3, submission],
        [1, append!],
      ] as const;
      return withBare({ routes }, async (bare) => {
        const row = await fight(
          {
            name: `load mixed ${mode}`,
            title: `60 % status, 36 % results, 3 % distinct jobs, 1 % appends to ${nodeOf(mode)}, against bare routes`,
            bar: { none: true },
            expect: [200, 201, 202],
            ours: { url: site.url, fire: mixed(parts, take) },
            peer: { url: bare.url, fire: mixed(parts, () => undefined) },
          },
          options,
        );
        const ends = await accepted.awaitEnds(site.url, DRAIN_LIMIT_MS);
        expectEqual('mixed', 'completed jobs', ends.completed, accepted.count);
        const note = `all ${accepted.count} accepted jobs completed; ${stored} blocks appended`;
        return [{ ...row, notes: [...row.notes!, note] }];
      });
    }),
};

export const SCENARIOS: readonly Scenario[] = [
  cachedScenario('status', 'status, GET /api/integrity/status', STATUS, { none: true }),
  cachedScenario('cached', 'cached result, GET /api/integrity/validate', CACHED, CACHED_BAR),
  CACHED_JOB,
  SUBMIT,
  APPEND,
  MIXED,
  STORM,
  HOLD,
];
