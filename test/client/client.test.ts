import { createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { type ClientOptions, createClient } from '../../src/client/index.js';
import { DONE, JOB, problem, RUNNING, reportOf, startJobServer } from '../support/job-server.js';

type Routes = Parameters<typeof startJobServer>[0];

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});

async function serve(routes: Routes, options: Partial<ClientOptions> = {}) {
  const server = await startJobServer(routes);
  open.push(server);
  return { ...server, client: createClient({ url: server.url, timeoutMs: 2000, ...options }) };
}

const JOB_PATH = `/api/jobs/${JOB.jobId}`;
const EVENTS = `GET ${JOB_PATH}/events`;

describe('createClient', () => {
  it.each([
    '',
    'node-1:8080',
    'ftp://node-1',
    'http://user:secret@node-1',
    'http://node-1/?a=b',
    'http://node-1/#x',
  ])('refuses the URL %j with USAGE', (url) => {
    expect(() => createClient({ url })).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });

  it('keeps a path before the routes, and sends the token with every request', async () => {
    const { url, seen } = await serve({ 'GET /node/1/api/jobs': { body: { jobs: [], next: null } } });
    await createClient({ url: `${url}/node/1/`, token: 'abc.def' }).list();
    expect(seen[0]?.headers.authorization).toBe('Bearer abc.def');
  });
});

describe('submit', () => {
  it('gives the job that was accepted, and sends body and key', async () => {
    const { client, seen } = await serve({ 'POST /api/jobs': { status: 202, body: JOB } });
    const submitted = await client.submit({ level: 'Full', from: 3 }, { idempotencyKey: 'k-1' });
    expect(submitted).toEqual({ kind: 'accepted', job: JOB });
    expect(JSON.parse(seen[0]!.body)).toEqual({ level: 'Full', from: 3 });
    expect(seen[0]?.headers).toMatchObject({ 'idempotency-key': 'k-1', 'content-type': 'application/json' });
  });

  it('gives the report of the cache with its age', async () => {
    const body = { cached: true, ageMs: 1234, asOf: null, job: null, report: reportOf('Healthy') };
    const { client } = await serve({ 'POST /api/jobs': { body } });
    expect(await client.submit({})).toMatchObject({
      kind: 'cached',
      ageMs: 1234,
      report: { status: 'Healthy' },
    });
  });

  it('gives the job when it had ended before, as one of an idempotency key may have', async () => {
    const body = { cached: false, ageMs: 0, asOf: null, job: DONE, report: reportOf('Healthy') };
    const { client } = await serve({ 'POST /api/jobs': { body } });
    expect(await client.submit({})).toMatchObject({ kind: 'accepted', job: { state: 'completed' } });
  });
});

describe('a request', () => {
  it('rejects with the code, place and reason of a problem document, and says when to try again', async () => {
    const place = { line: 3, column: 7, source: 'body' };
    const { client } = await serve({
      [`GET ${JOB_PATH}`]: problem('NOT_FOUND', 'there is no such job'),
      'POST /api/jobs': {
        ...problem('OVERLOADED', 'the queue is full', { place }),
        headers: { 'content-type': 'application/problem+json', 'retry-after': '5' },
      },
    });
    await expect(client.get(JOB.jobId)).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: 'there is no such job',
    });
    await expect(client.submit({})).rejects.toMatchObject({
      code: 'OVERLOADED',
      message: 'the queue is full; try again in 5 s',
      place,
    });
  });

  it.each([
    ['HTML with status 404', { status: 404, body: '<html>' }],
    ['HTML with status 200', { status: 200, body: '<html>' }],
    ['a problem of another program', { status: 400, body: { code: 'E_OTHER', title: 'no' } }],
    ['JSON that is no job', { status: 200, body: { jobs: 1 } }],
    ['a job without its state', { status: 200, body: { ...JOB, state: 'lost' } }],
    ['a redirect', { status: 302, headers: { location: 'http://127.0.0.1:1/' }, body: {} }],
  ])('says SERVER_UNREACHABLE when the answer is %s', async (_, reply) => {
    const { client } = await serve({ [`GET ${JOB_PATH}`]: reply });
    await expect(client.get(JOB.jobId)).rejects.toMatchObject({ code: 'SERVER_UNREACHABLE' });
  });

  it('says SERVER_UNREACHABLE and why when nothing listens', async () => {
    const { client, close } = await serve({});
    await close();
    open.splice(0);
    await expect(client.get('x')).rejects.toMatchObject({
      code: 'SERVER_UNREACHABLE',
      message: expect.stringContaining('nothing listens there'),
    });
  });

  it('says SERVER_UNREACHABLE when the answer does not come in time, or is cut off', async () => {
    const { client } = await serve({ [`GET ${JOB_PATH}`]: { hang: true } }, { timeoutMs: 50 });
    await expect(client.get(JOB.jobId)).rejects.toMatchObject({
      code: 'SERVER_UNREACHABLE',
      message: expect.stringContaining('no answer within 0.05 s'),
    });
    const cutter = createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{"jobs"'));
    });
    await new Promise<void>((resolve) => cutter.listen(0, '127.0.0.1', resolve));
    open.push({ close: () => new Promise((resolve) => cutter.close(() => resolve())) });
    const { port } = cutter.address() as { port: number };
    await expect(createClient({ url: `http://127.0.0.1:${port}` }).list()).rejects.toMatchObject({
      code: 'SERVER_UNREACHABLE',
    });
  });

  it('rejects with the reason of the caller who stopped it', async () => {
    const { client } = await serve({ [`GET ${JOB_PATH}`]: { hang: true } });
    const controller = new AbortController();
    const asked = client.get(JOB.jobId, { signal: controller.signal });
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(asked).rejects.toBe(reason);
  });

  it('takes ids as what they are, whatever they hold', async () => {
    const { client, seen } = await serve({});
    await expect(client.cancel('../blocks?x=1')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(seen[0]).toMatchObject({ method: 'DELETE', path: '/api/jobs/..%2Fblocks%3Fx%3D1' });
  });
});

describe('list', () => {
  it('asks with what is given, and gives the mark of the next page', async () => {
    const { client, seen } = await serve({ 'GET /api/jobs': { body: { jobs: [DONE, JOB], next: 'm1' } } });
    expect(await client.list({ state: 'completed', limit: 2, after: undefined })).toEqual({
      jobs: [DONE, JOB],
      next: 'm1',
    });
    expect(seen[0]?.path).toBe('/api/jobs?state=completed&limit=2');
  });
});

describe('watch', () => {
  const states = async (jobs: AsyncIterable<{ state: string; revision: number }>) => {
    const all: [string, number][] = [];
    for await (const { state, revision } of jobs) all.push([state, revision]);
    return all;
  };
  const further = { ...RUNNING, revision: 3, progress: { blocks: 20, totalBlocks: 21, bytes: 8000 } };

  it('gives the job after each change, and ends with it', async () => {
    const { client } = await serve({ [EVENTS]: { events: [JOB, RUNNING, further, DONE], hang: true } });
    expect(await states(client.watch(JOB.jobId))).toEqual([
      ['queued', 1],
      ['running', 2],
      ['running', 3],
      ['completed', 4],
    ]);
  });

  it.each([
    ['is cut off', { cut: true }],
    ['ends early', {}],
    ['falls silent', { hang: true }],
  ])('goes on after the last revision where a stream %s, each change once', async (_, how) => {
    const { client, seen } = await serve({
      [EVENTS]: (_request, turn) =>
        turn === 0 ? { events: [JOB, RUNNING], ...how } : { events: [RUNNING, further, DONE] },
    });
    expect((await states(client.watch(JOB.jobId, { idleMs: 100 }))).map(([, revision]) => revision)).toEqual([
      1, 2, 3, 4,
    ]);
    expect(seen.map(({ headers }) => headers['last-event-id'])).toEqual([undefined, '2']);
  });

  it('comes back to a server that is overloaded or away for a while', async () => {
    const { client, seen } = await serve({
      [EVENTS]: (_request, turn) =>
        [problem('OVERLOADED', 'full'), { status: 502, body: 'bad gateway' }, { events: [DONE] }][turn]!,
    });
    expect(await states(client.watch(JOB.jobId))).toEqual([['completed', 4]]);
    expect(seen).toHaveLength(3);
  });

  it('gives up when the server stays away for as long as it was told', async () => {
    const { client } = await serve({ [EVENTS]: { status: 502, body: 'bad gateway' } });
    await expect(states(client.watch(JOB.jobId, { patienceMs: 500 }))).rejects.toMatchObject({
      code: 'SERVER_UNREACHABLE',
    });
  });

  it.each(['NOT_FOUND', 'UNAUTHENTICATED', 'FORBIDDEN'] as const)(
    'does not ask again after %s',
    async (code) => {
      const { client, seen } = await serve({ [EVENTS]: problem(code, 'no') });
      await expect(states(client.watch(JOB.jobId))).rejects.toMatchObject({ code });
      expect(seen).toHaveLength(1);
    },
  );

  it('has nothing to say of a job whose last revision the caller has seen', async () => {
    const { client, seen } = await serve({ [EVENTS]: { status: 204 } });
    expect(await states(client.watch(JOB.jobId, { since: 4 }))).toEqual([]);
    expect(seen[0]?.headers['last-event-id']).toBe('4');
  });

  it('stops at once when told, and closes the connection', async () => {
    const { client } = await serve({ [EVENTS]: { events: [JOB, RUNNING], hang: true } });
    const controller = new AbortController();
    const reason = new Error('enough');
    const watching = (async () => {
      for await (const job of client.watch(JOB.jobId, { signal: controller.signal })) {
        if (job.revision === 2) controller.abort(reason);
      }
    })();
    await expect(watching).rejects.toBe(reason);
  });
});
