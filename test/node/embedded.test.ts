import { closeSync, openSync, readdirSync, readSync, statSync, writeSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { blockKey, decodeHeader, encodeHeadRecord, HEAD_KEY } from '../../src/chain/index.js';
import { smallChain, temporaryFolder } from '../support/chains.js';
import { CLI, finish, start } from '../support/cli.js';
import { startNode, type TestNode, type TestNodeOptions } from '../support/node.js';
import { tamper } from '../support/raw-store.js';

const folder = temporaryFolder();
afterAll(() => folder.remove());

let count = 0;
let node: TestNode | undefined;
afterEach(async () => {
  await node?.stop();
  node = undefined;
});

async function newChain(blocks = 20): Promise<string> {
  const dir = join(folder.path, `chain-${count++}`);
  await smallChain(dir, blocks);
  return dir;
}

async function open(options: Partial<TestNodeOptions> = {}): Promise<TestNode> {
  node = await startNode({ dir: options.dir ?? (await newChain()), ...options });
  return node;
}

interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: the answers are looked at by the tests, field by field.
  readonly body: any;
  readonly headers: Headers;
}

async function call(path: string, init?: RequestInit): Promise<Answer> {
  const answer = await node!.fetch(path, init);
  const text = await answer.text();
  return { status: answer.status, body: text === '' ? undefined : JSON.parse(text), headers: answer.headers };
}

const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
  call(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });

const append = (turtle: string, headers: Record<string, string> = {}) =>
  call('/api/blocks', {
    method: 'POST',
    headers: { 'content-type': 'text/turtle', ...headers },
    body: turtle,
  });

const TURTLE = '@prefix e: <http://e.org/> . e:s e:p "o" .';
const VALIDATE = '/api/integrity/validate?level=Standard&wait=20';

describe('a node that is alone', () => {
  it('answers from the cache until something changes, with the age of its evidence', async () => {
    await open();
    const first = await call(VALIDATE);
    expect([first.status, first.body.cached, first.body.report.status]).toEqual([
      200,
      expect.any(Boolean),
      'Healthy',
    ]);
    const second = await call(VALIDATE);
    expect([second.status, second.body.cached]).toEqual([200, true]);
    expect(second.body.report.reportDigest).toBe(first.body.report.reportDigest);
    expect(second.body.asOf).toBe(first.body.report.asOf);
    expect((await append(TURTLE)).status).toBe(201);
    const third = await call(VALIDATE);
    expect([third.status, third.body.cached, third.body.report.chain.height]).toEqual([200, false, 22]);
  });

  it('reports a block that was changed in the middle of the chain with the next request, though the result before was cached and healthy', async () => {
    const dir = await newChain(200);
    // A reader leaves the lock of the store to whoever wants to change it.
    await open({ dir, toml: 'blockchain.role = "reader"' });
    expect((await call(VALIDATE)).body.report.status).toBe('Healthy');
    expect((await call(VALIDATE)).body.cached).toBe(true);
    await tamper(dir, async (store) => {
      const payload = await store.get('payload', blockKey(100));
      await store.put('payload', blockKey(100), Buffer.from(payload.toString().replace('http', 'hxxp')));
    });
    // Looks at the files are shared for 50 ms: what is answered is how they were then.
    await sleep(60);
    const { body } = await call(VALIDATE);
    expect([body.cached, body.report.status]).toEqual([false, 'Critical']);
    expect(body.report.findings).toMatchObject([{ code: 'PAYLOAD_DIGEST_MISMATCH', block: 100 }]);
    expect((await call('/api/integrity/status')).body.status).toBe('Critical');
  });

  it('reports a chain whose end was cut off under it, though it still remembers the head', async () => {
    const dir = await newChain(50);
    await open({ dir, toml: 'blockchain.role = "reader"' });
    expect((await call(VALIDATE)).body.report.status).toBe('Healthy');
    await tamper(dir, async (store) => {
      const before = decodeHeader((await store.get('header', blockKey(40))).subarray(32));
      for (let index = 40; index <= 50; index++) {
        await store.delete('header', blockKey(index));
        await store.delete('payload', blockKey(index));
      }
      const hash = 'header' in before ? before.header.previousHash : '';
      await store.put('default', HEAD_KEY, encodeHeadRecord({ hash, index: 39 }));
    });
    await sleep(60);
    const { body } = await call(VALIDATE);
    expect(body.report.status).toBe('Critical');
    expect(body.report.findingCounts).toHaveProperty('TRUNCATED');
  });

  it('reports bytes that were changed in a file of the store under the running writer', async () => {
    const dir = await newChain(200);
    await open({ dir });
    expect((await call(VALIDATE)).body.report.status).toBe('Healthy');
    flipLargestTable(dir);
    await sleep(60);
    const { body } = await call(VALIDATE);
    expect(['Critical', 'Corrupted']).toContain(body.report.status);
  });

  it('takes a block, shows it, and proves it', async () => {
    await open();
    const head = (await call('/api/chain')).body;
    const appended = await append(TURTLE, { 'if-match': `"${head.headHash}"` });
    expect([appended.status, appended.headers.get('location'), appended.body.index]).toEqual([
      201,
      '/api/blocks/21',
      21,
    ]);
    const lost = await append(TURTLE, { 'if-match': `"${head.headHash}"` });
    expect([lost.status, lost.body.code]).toEqual([409, 'HEAD_MOVED']);
    const stored = await node!.fetch('/api/blocks/21/payload', {
      headers: { accept: 'application/n-quads' },
    });
    expect(await stored.text()).toBe('<http://e.org/s> <http://e.org/p> "o" .\n');
    const proof = await call('/api/blocks/3/proof');
    expect([proof.status, proof.body.schema ?? proof.body.format]).toEqual([200, 'provchain-proof/1']);
    expect((await call('/api/blocks/999')).body.code).toBe('NOT_FOUND');
    const bad = await append('@prefix e: <http://e.org/> .\ne:s e:p oops .');
    expect([bad.status, bad.body.code, bad.body.place.line]).toEqual([422, 'RDF_SYNTAX', 2]);
    expect((await call('/api/chain')).body.height).toBe(22);
  });

  it('shows a damaged block, what is wrong with it and what it should be, and finds blocks by what they say', async () => {
    const dir = await newChain();
    await tamper(dir, async (store) => {
      const lines = (await store.get('payload', blockKey(7))).toString().split(/(?<=\n)/);
      await store.put('payload', blockKey(7), Buffer.from([...lines.slice(1), lines[0]].join('')));
      await store.put('payload', blockKey(8), Buffer.from('<http://e.org/s> \xff'));
      await store.delete('payload', blockKey(9));
      await store.delete('header', blockKey(10));
    });
    await open({ dir, toml: 'blockchain.validation.validate_on_startup = false' });
    const codes = async (index: number) => {
      const { status, body } = await call(`/api/blocks/${index}/inspection`);
      return [status, ...body.findings.map(({ code }: { code: string }) => code)];
    };
    expect(await codes(6)).toEqual([200]);
    expect(await codes(7)).toEqual([200, 'PAYLOAD_NOT_CANONICAL']);
    expect(await codes(8)).toContain('PAYLOAD_DIGEST_MISMATCH');
    expect(await codes(9)).toEqual([200, 'PAYLOAD_MISSING']);
    expect(await codes(10)).toContain('HEADER_MISSING');
    const { body } = await call('/api/blocks/7/inspection');
    expect(body.payload.diff.filter(({ op }: { op: string }) => op !== 'same')).toHaveLength(2);
    const found = await call('/api/blocks/search?q=http%3A%2F%2Fe.org%2Fs');
    expect(found.body).toMatchObject({ kind: 'iri', blocks: [{ index: 8 }], next: null, unread: 1 });
    const { hash: blockHash } = (await call('/api/blocks/5')).body;
    expect((await call(`/api/blocks/search?q=${blockHash}`)).body.blocks).toMatchObject([{ index: 5 }]);
    const session = await call('/api/auth/session');
    expect(session.body).toMatchObject({ authentication: false, mode: 'embedded', queues: false });
    expect((await call('/queues')).body.code).toBe('NOT_FOUND');
    const page = await node!.fetch('/');
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
  });

  it('validates each block that is added, when told to', async () => {
    await open({
      toml: 'blockchain.validation.validate_on_block_add = true\nblockchain.validation.validate_on_startup = false',
    });
    await append(TURTLE);
    await expect
      .poll(
        async () =>
          (await call('/api/jobs')).body.jobs.map((job: { trigger: string; status: string }) => [
            job.trigger,
            job.status,
          ]),
        { timeout: 10_000 },
      )
      .toEqual([['append', 'Healthy']]);
  });

  it('stops appends while it is frozen, also over a restart, and takes them again afterwards', async () => {
    const dir = await newChain();
    const stateDir = join(folder.path, `state-${count++}`);
    await open({ dir, stateDir });
    expect((await post('/api/admin/freeze', { reason: 'incident 17' })).status).toBe(200);
    const refused = await append(TURTLE);
    expect([refused.status, refused.body.code]).toEqual([423, 'FROZEN']);
    expect(refused.body.detail).toContain('incident 17');
    await node!.stop();
    await open({ dir, stateDir });
    expect((await append(TURTLE)).status).toBe(423);
    expect((await post('/api/admin/unfreeze', {})).status).toBe(200);
    expect((await append(TURTLE)).status).toBe(201);
  });

  it('keeps a changed configuration over a restart, and goes back to the one before', async () => {
    const dir = await newChain();
    const stateDir = join(folder.path, `state-${count++}`);
    await open({ dir, stateDir });
    const put = (body: unknown) =>
      call('/api/integrity/config', {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    expect((await put({ validation_level: 'Full', max_concurrent_validations: 2 })).status).toBe(200);
    const wrong = await put({ validation_level: 'Everything' });
    expect([wrong.status, wrong.body.code]).toEqual([422, 'CONFIG_INVALID']);
    expect((await put({ max_validation_time: 90_000 })).body.code).toBe('CONFIG_INVALID');
    await node!.stop();
    await open({ dir, stateDir });
    expect(node!.log()).toContain('"overridden":["validation_level","max_concurrent_validations"]');
    expect(JSON.stringify((await call('/api/integrity/config')).body)).toContain('"validation_level":"Full"');
    expect((await call('/api/integrity/validate?wait=20')).body.report.level).toBe('Full');
    expect(node!.log()).toMatch(/"a job has ended".*"trigger":"startup","validationLevel":"Full".*"Healthy"/);
    expect((await post('/api/integrity/config/rollback', {})).status).toBe(200);
    expect((await call('/api/integrity/validate?wait=20')).body.report.level).toBe('Standard');
  });

  it('goes on when its validator process is killed', async () => {
    await open({
      dir: await newChain(300),
      toml: 'integrity.resource_limits.max_cpu_percent = 20\nintegrity.performance.batch_size = 20',
    });
    const { body } = await post('/api/jobs', { level: 'Full', fresh: true });
    await expect.poll(async () => (await call(`/api/jobs/${body.jobId}`)).body.state).toBe('running');
    process.kill(node!.validator.pid, 'SIGKILL');
    expect((await call('/health/live')).status).toBe(200);
    await expect
      .poll(async () => (await call(`/api/jobs/${body.jobId}`)).body, { timeout: 30_000 })
      .toMatchObject({ state: 'completed', status: 'Healthy' });
  });

  it('makes one job of a thousand same requests at once', async () => {
    // So slow that it does not end before the last request is there, on a busy machine too.
    await open({ dir: await newChain(300), toml: 'integrity.resource_limits.max_cpu_percent = 2' });
    const answers = await Promise.all(
      Array.from({ length: 1000 }, () => post('/api/jobs', { level: 'Full', fresh: true })),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
    expect(new Set(answers.map(({ body }) => body.jobId)).size).toBe(1);
    await call(`/api/jobs/${answers[0]!.body.jobId}`, { method: 'DELETE' });
  });

  it('brings jobs that were accepted before it was killed to their end', async () => {
    const dir = await newChain(300);
    const stateDir = join(folder.path, `state-${count++}`);
    const toml =
      'integrity.resource_limits.max_cpu_percent = 5\nblockchain.validation.validate_on_startup = false';
    await open({ dir, stateDir, toml });
    const accepted = await Promise.all(
      [1, 2, 3].map((i) => post('/api/jobs', { level: 'Full', from: 0, to: 250 + i, fresh: true })),
    );
    await node!.stop('SIGKILL');
    await open({ dir, stateDir });
    for (const { body } of accepted) {
      await expect
        .poll(async () => (await call(`/api/jobs/${body.jobId}`)).body, { timeout: 30_000 })
        .toMatchObject({ state: 'completed', status: 'Healthy' });
    }
  });

  it('ends in good order when it is told to, with what was under way', async () => {
    await open({ dir: await newChain(300), toml: 'integrity.resource_limits.max_cpu_percent = 20' });
    const waiting = call('/api/integrity/validate?level=Full&wait=30');
    await expect
      .poll(async () => (await call('/api/jobs?state=running')).body.jobs.length)
      .toBeGreaterThan(0);
    const stopped = node!.stop('SIGTERM');
    expect([200, 202, 503]).toContain((await waiting).status);
    expect(await stopped).toBe(0);
    node = undefined;
  });
});

describe('starting', () => {
  async function serve(
    toml: string,
    args: readonly string[] = [],
  ): Promise<{ status: number | null; stderr: string }> {
    const { writeFileSync } = await import('node:fs');
    const config = join(folder.path, `config-${count++}.toml`);
    writeFileSync(config, toml);
    const child = start(process.execPath, [CLI, 'serve', '--config', config, ...args], { cwd: folder.path });
    child.stdin.end();
    return finish(child);
  }

  it('refuses a setting that does not exist, with its place', async () => {
    const { status, stderr } = await serve('[network.api]\nprot = 8080\n');
    expect(status).toBe(65);
    expect(stderr).toMatch(/CONFIG_INVALID.*config-\d+\.toml:2:1.*prot/s);
  });

  it('refuses a port that is taken', async () => {
    const taken = createServer();
    const port = await new Promise<number>((resolve) => {
      taken.listen(0, '127.0.0.1', () => resolve((taken.address() as { port: number }).port));
    });
    const dir = await newChain();
    const { status, stderr } = await serve(
      `network.api.port = ${port}\nmonitoring.metrics.export_port = 0\nblockchain.storage.data_directory = ${JSON.stringify(dir)}\nstate.directory = ${JSON.stringify(join(folder.path, 'state-port'))}\n`,
    );
    taken.close();
    expect(status).toBe(65);
    expect(stderr).toContain('another process listens there');
  });

  it('refuses the state directory of another node', async () => {
    const dir = await newChain();
    const stateDir = join(folder.path, `state-${count++}`);
    await open({ dir, stateDir });
    const { status, stderr } = await serve(
      `network.api.port = 0\nmonitoring.metrics.export_port = 0\nblockchain.storage.data_directory = ${JSON.stringify(dir)}\nstate.directory = ${JSON.stringify(stateDir)}\n`,
    );
    expect([status, stderr]).toEqual([75, expect.stringContaining('LOCKED')]);
  });

  it('refuses a directory that is no chain, and addresses beyond this machine without authentication', async () => {
    const state = `state.directory = ${JSON.stringify(join(folder.path, 'state-none'))}\n`;
    const none = await serve(`${state}blockchain.storage.data_directory = "nowhere"\n`);
    expect([none.status, none.stderr]).toEqual([65, expect.stringContaining('NOT_A_CHAIN')]);
    const open = await serve(`${state}network.api.host = "0.0.0.0"\n`);
    expect([open.status, open.stderr]).toEqual([65, expect.stringContaining('network.api.host')]);
  });
});

/** Changes one byte in the middle of the largest table file. */
function flipLargestTable(dir: string): void {
  const tables = readdirSync(join(dir, 'db'))
    .filter((name) => name.endsWith('.sst'))
    .map((name) => join(dir, 'db', name))
    .sort((a, b) => statSync(b).size - statSync(a).size);
  const file = openSync(tables[0]!, 'r+');
  const at = Math.floor(statSync(tables[0]!).size / 2);
  const byte = Buffer.alloc(1);
  readSync(file, byte, 0, 1, at);
  writeSync(file, Buffer.from([byte[0]! ^ 0xff]), 0, 1, at);
  closeSync(file);
}
