import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { smallChain, temporaryFolder, validateChain } from '../support/chains.js';
import { startNode, type TestNode } from '../support/node.js';

const folder = temporaryFolder();
afterAll(() => folder.remove());

const TOML = `
blockchain.validation.validate_on_startup = false
integrity.performance.batch_size = 20
security.rate_limit.enabled = false
`;
const ROUNDS = 4;
const LEVELS = ['Full', 'Standard', 'Minimal'];

describe('a node that is killed while it appends and validates', () => {
  it('has every block that it confirmed, ends every job that it accepted, and knows every Idempotency-Key', async () => {
    const dir = join(folder.path, 'chain');
    await smallChain(dir, 100);
    const open = () => startNode({ dir, toml: TOML, stateDir: join(folder.path, 'state') });
    const blocks = new Map<number, string>();
    const jobs = new Map<string, { key: string; request: object }>();
    let requests = 0;

    const post = (node: TestNode, path: string, type: string, body: string, key?: string) =>
      node.fetch(path, {
        method: 'POST',
        headers: { 'content-type': type, ...(key === undefined ? {} : { 'idempotency-key': key }) },
        body,
      });
    const appendOne = async (node: TestNode) => {
      const answer = await post(
        node,
        '/api/blocks',
        'text/turtle',
        `<http://e/s> <http://e/p> "${Math.random()}" .`,
      );
      // biome-ignore lint/suspicious/noExplicitAny: one field of the answer.
      const block = (await answer.json()) as any;
      if (answer.status === 201) blocks.set(block.index, block.hash);
    };
    const submitOne = async (node: TestNode) => {
      const key = `key-${requests++}`;
      const request = { level: LEVELS[requests % LEVELS.length], from: requests % 90, fresh: true };
      const answer = await post(node, '/api/jobs', 'application/json', JSON.stringify(request), key);
      // biome-ignore lint/suspicious/noExplicitAny: one field of the answer.
      const job = (await answer.json()) as any;
      if (answer.status === 202) jobs.set(job.jobId, { key, request });
      await sleep(20);
    };
    for (let round = 0; round < ROUNDS; round++) {
      const node = await open();
      let dead = false;
      const lane = async (work: (node: TestNode) => Promise<void>) => {
        while (!dead) await work(node).catch(() => {});
      };
      const lanes = [lane(appendOne), lane(appendOne), lane(submitOne)];
      await sleep(200 + 150 * round);
      await node.stop('SIGKILL');
      dead = true;
      await Promise.all(lanes);
    }
    expect(blocks.size).toBeGreaterThan(0);
    expect(jobs.size).toBeGreaterThan(0);

    const node = await open();
    try {
      // biome-ignore lint/suspicious/noExplicitAny: the answers are looked at field by field.
      const get = async (path: string): Promise<any> => (await node.fetch(path)).json();
      for (const [index, hash] of blocks) expect((await get(`/api/blocks/${index}`)).hash).toBe(hash);
      for (const [jobId, { key, request }] of jobs) {
        await expect
          .poll(() => get(`/api/jobs/${jobId}`), { timeout: 30_000 })
          .toMatchObject({ state: 'completed', status: 'Healthy' });
        const again = await post(node, '/api/jobs', 'application/json', JSON.stringify(request), key);
        expect(((await again.json()) as { job: { jobId: string } }).job.jobId).toBe(jobId);
      }
    } finally {
      await node.stop();
    }
    expect((await validateChain(dir, { level: 'Full' })).status).toBe('Healthy');
  });
});
