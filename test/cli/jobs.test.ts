import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/chains.js';
import { CLI, finish, provchain, start } from '../support/cli.js';
import { DONE, JOB, problem, RUNNING, reportOf, startJobServer } from '../support/job-server.js';

const folder = temporaryFolder();
afterAll(() => folder.remove());

type Routes = Parameters<typeof startJobServer>[0];
const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});

const JOB_PATH = `/api/jobs/${JOB.jobId}`;
const WATCHED = { [`GET ${JOB_PATH}/events`]: { events: [JOB, RUNNING, DONE] } };
const REPORT = { [`GET ${JOB_PATH}/report`]: { body: reportOf('Healthy') } };
const ACCEPTED = { 'POST /api/jobs': { status: 202, body: JOB } };

/** Runs `provchain jobs …` against a server that answers with these. */
async function jobs(routes: Routes, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const server = await startJobServer(routes);
  open.push(server);
  const [name, ...rest] = args;
  const outcome = await provchain(['jobs', name!, '--server', server.url, ...rest], { env });
  return { ...outcome, seen: server.seen };
}

const failureIn = (stderr: string) =>
  (JSON.parse(stderr) as { error: { code: string; message: string } }).error;

describe('provchain jobs submit', () => {
  it('prints the job and what to type next, and asks for what was asked', async () => {
    const args = [
      'submit',
      '-l',
      'full',
      '--from',
      '3',
      '--to',
      '9',
      '--fresh',
      '--priority',
      'high',
      '-t',
      '5',
    ];
    const { status, stdout, stderr, seen } = await jobs(ACCEPTED, [...args, '--no-anchor']);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain(`provchain jobs watch ${JOB.jobId}`);
    expect(JSON.parse(seen[0]!.body)).toEqual({
      level: 'Full',
      from: 3,
      to: 9,
      fresh: true,
      priority: 'high',
      timeLimitMs: 5000,
      requireAnchor: false,
    });
    expect(seen[0]?.headers['idempotency-key']).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('waits when told, shows the report, and ends as validate does', async () => {
    const routes = { ...ACCEPTED, ...WATCHED, ...REPORT };
    const { status, stdout, stderr } = await jobs(routes, ['submit', '--wait']);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain('completed, Healthy');
    expect(stdout).toContain('Intact: nothing wrong in all 21 blocks');
    expect(stdout).not.toContain('Next:');
  });

  it('ends with 2 for an altered chain, from the cache or from a job', async () => {
    const report = reportOf('Critical');
    const body = { cached: true, ageMs: 1500, asOf: null, job: null, report };
    const cached = await jobs({ 'POST /api/jobs': { body } }, ['submit', '--json']);
    expect(cached.status).toBe(2);
    expect(JSON.parse(cached.stdout)).toMatchObject({
      cached: true,
      ageMs: 1500,
      report: { status: 'Critical' },
    });
    const critical = { ...DONE, status: 'Critical' as const };
    const waited = await jobs(
      {
        ...ACCEPTED,
        [`GET ${JOB_PATH}/events`]: { events: [critical] },
        [`GET ${JOB_PATH}/report`]: { body: report },
      },
      ['submit', '--wait', '--json'],
    );
    expect(waited.status).toBe(2);
    expect(JSON.parse(waited.stdout)).toMatchObject({
      cached: false,
      job: { state: 'completed' },
      report: { findings: [{ code: 'LINK_BROKEN' }] },
    });
  });

  it.each([
    ['OVERLOADED', 3],
    ['FORBIDDEN', 65],
    ['QUEUE_UNAVAILABLE', 3],
  ] as const)('ends with the exit code of %s, %d', async (code, exit) => {
    const { status, stdout, stderr } = await jobs({ 'POST /api/jobs': problem(code, 'no') }, [
      'submit',
      '--json',
    ]);
    expect([status, stdout]).toEqual([exit, '']);
    expect(failureIn(stderr)).toMatchObject({ code, message: 'no' });
  });

  it('refuses two answers to the question of what to check', async () => {
    for (const args of [
      ['--level', 'full', '--checks', 'payloads'],
      ['--profile', 'audit', '--level', 'full'],
      ['--profile', 'audit', '--checks', 'payloads'],
    ]) {
      const { status, seen } = await jobs(ACCEPTED, ['submit', ...args]);
      expect([status, seen.length]).toEqual([64, 0]);
    }
  });
});

describe('provchain jobs watch and show', () => {
  it('follow a job to its end, and show its report', async () => {
    const routes = { [`GET ${JOB_PATH}`]: { body: JOB }, ...WATCHED, ...REPORT };
    const { status, stdout } = await jobs(routes, ['watch', JOB.jobId, '--json']);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ job: { state: 'completed' }, report: { status: 'Healthy' } });
  });

  it('show one that is not over without a report, with exit 0', async () => {
    const { status, stdout, seen } = await jobs({ [`GET ${JOB_PATH}`]: { body: RUNNING } }, [
      'show',
      JOB.jobId,
    ]);
    expect(status).toBe(0);
    expect(stdout).toContain('10 of 21 blocks');
    expect(seen).toHaveLength(1);
  });

  it.each([
    [
      'failed for want of the store',
      { state: 'failed', status: null, error: { code: 'STORE_UNAVAILABLE', message: 'gone' } },
      3,
    ],
    [
      'failed with a code of a newer server',
      { state: 'failed', status: null, error: { code: 'NEW', message: 'x' } },
      3,
    ],
    ['was cancelled', { state: 'cancelled', status: null }, 3],
    ['was cancelled after something was found', { state: 'cancelled', status: 'Critical' }, 2],
    ['is Incomplete', { status: 'Incomplete', complete: false }, 3],
    ['is a Warning', { status: 'Warning' }, 1],
  ] as const)('end a job that %s with its exit code', async (_, change, exit) => {
    const routes = {
      [`GET ${JOB_PATH}`]: { body: { ...DONE, ...change } },
      [`GET ${JOB_PATH}/report`]: problem('JOB_WITHOUT_REPORT', 'there is none'),
    };
    expect((await jobs(routes, ['show', JOB.jobId])).status).toBe(exit);
  });

  const replicas = (second: object) => [
    { replica: 'one', jobId: 'a', state: 'completed', status: 'Healthy', height: 21, headHash: 'ab' },
    {
      replica: 'two',
      jobId: 'b',
      state: 'completed',
      status: 'Healthy',
      height: 21,
      headHash: 'ab',
      ...second,
    },
  ];

  it.each([
    ['agree', {}, true, 0, 'The replicas agree.'],
    ['do not agree', { headHash: 'cd' }, false, 2, 'NOT agree'],
    ['are not all intact', { status: 'Critical' }, true, 2, 'Critical'],
    [
      'were not all checked',
      { status: null, state: 'failed', error: { code: 'NOT_FOUND', message: 'gone' } },
      null,
      3,
      'gone',
    ],
  ])('name every replica of a fleet job whose replicas %s', async (_, second, agree, exit, text) => {
    const job = { ...DONE, kind: 'fleet', status: null, agree, replicas: replicas(second) };
    const routes = {
      [`GET ${JOB_PATH}`]: { body: job },
      [`GET ${JOB_PATH}/report`]: { body: { schema: 'provchain-fleet-report/1' } },
    };
    const { status, stdout } = await jobs(routes, ['show', JOB.jobId]);
    expect(status).toBe(exit);
    for (const part of ['one', 'two', text]) expect(stdout).toContain(part);
  });

  it('say at once that a job is not there', async () => {
    const { status, stderr } = await jobs({}, ['watch', 'nothing', '--json']);
    expect(status).toBe(65);
    expect(failureIn(stderr).code).toBe('NOT_FOUND');
  });

  it('stop watching at Ctrl-C with exit 3, and leave the job alone', async () => {
    const server = await startJobServer({
      [`GET ${JOB_PATH}`]: { body: JOB },
      [`GET ${JOB_PATH}/events`]: { events: [RUNNING], hang: true },
    });
    open.push(server);
    const child = start(process.execPath, [CLI, 'jobs', 'watch', JOB.jobId, '-s', server.url]);
    const ended = finish(child);
    while (server.seen.length < 2) await new Promise((resolve) => setTimeout(resolve, 10));
    child.kill('SIGINT');
    const { status, stderr } = await ended;
    expect(status).toBe(3);
    expect(stderr).toContain(`the job ${JOB.jobId} goes on`);
    expect(server.seen.map(({ method }) => method)).toEqual(['GET', 'GET']);
  });
});

describe('provchain jobs list and cancel', () => {
  it('list what is asked for, and name the next page', async () => {
    const routes = { 'GET /api/jobs': { body: { jobs: [DONE, JOB], next: 'mark-1' } } };
    const { status, stdout, seen } = await jobs(routes, [
      'list',
      '--state',
      'completed',
      '-l',
      'full',
      '-n',
      '2',
    ]);
    expect(status).toBe(0);
    expect(stdout).toContain('completed, Healthy');
    expect(stdout).toContain('--after mark-1');
    expect(seen[0]?.path).toBe('/api/jobs?state=completed&level=Full&limit=2');
  });

  it('never let a text of the server reach the terminal as it is', async () => {
    const hostile = { ...DONE, chainId: 'x\u001b[31mred', notes: ['a\u0007b'] };
    const routes = {
      [`GET ${JOB_PATH}`]: { body: hostile },
      [`GET ${JOB_PATH}/report`]: problem('JOB_WITHOUT_REPORT', ''),
    };
    const { stdout } = await jobs(routes, ['show', JOB.jobId]);
    expect(stdout).not.toContain('\u001b');
    expect(stdout).toContain('\\u{1b}[31mred');
    expect(stdout).not.toContain('\u0007');
  });

  it('cancel a job and show what it is now', async () => {
    const { status, stdout, seen } = await jobs(
      { [`DELETE ${JOB_PATH}`]: { status: 202, body: { ...RUNNING, revision: 3 } } },
      ['cancel', JOB.jobId, '--json'],
    );
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ jobId: JOB.jobId, state: 'running' });
    expect(seen.map(({ method }) => method)).toEqual(['DELETE']);
  });
});

describe('the token', () => {
  const routes = { 'GET /api/jobs': { body: { jobs: [], next: null } } };

  it('comes from the file or from PROVCHAIN_TOKEN', async () => {
    const file = join(folder.path, 'token');
    writeFileSync(file, 'from.file\n');
    const fromFile = await jobs(routes, ['list', '--token-file', file], { PROVCHAIN_TOKEN: 'from.env' });
    expect(fromFile).toMatchObject({ status: 0, stderr: '' });
    expect(fromFile.seen[0]?.headers.authorization).toBe('Bearer from.file');
    const fromEnv = await jobs(routes, ['list'], { PROVCHAIN_TOKEN: 'from.env' });
    expect(fromEnv.seen[0]?.headers.authorization).toBe('Bearer from.env');
  });

  it('is refused with USAGE when the file holds something else, and nothing is sent', async () => {
    const file = join(folder.path, 'key.pem');
    writeFileSync(file, '-----BEGIN KEY-----\nabc\n');
    const { status, stderr, seen } = await jobs(routes, ['list', '--token-file', file, '--json']);
    expect([status, seen.length]).toEqual([64, 0]);
    expect(failureIn(stderr).code).toBe('USAGE');
    expect(stderr).not.toContain('BEGIN');
  });
});

describe('a server that is not there', () => {
  it('is named, with exit 3', async () => {
    const { status, stderr } = await provchain(['jobs', 'list', '--json'], {
      env: { PROVCHAIN_SERVER: 'http://127.0.0.1:1' },
    });
    expect(status).toBe(3);
    expect(failureIn(stderr)).toMatchObject({
      code: 'SERVER_UNREACHABLE',
      message: expect.stringContaining('http://127.0.0.1:1'),
    });
  });
});
