import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  connectRedis,
  createSealer,
  openLocalDocuments,
  openSharedDocuments,
  type RedisConnections,
  type SharedDocuments,
} from '../../src/fleet/index.js';
import { silentLog } from '../../src/logging/index.js';
import { openState, type State } from '../../src/state/index.js';
import { temporaryFolder } from '../support/chains.js';
import { type RedisServer, redisInstalled, startRedis } from '../support/redis.js';

const folder = temporaryFolder();
afterAll(folder.remove);
let count = 0;
const SECRET = Buffer.from('a secret that is long enough to be one');

/** A node that keeps documents: its state, and the documents over it. */
interface Node {
  readonly documents: SharedDocuments;
  readonly dir: string;
  close(): Promise<void>;
}

type OpenNode = (options?: { dir?: string; secret?: Buffer; at?: string }) => Promise<Node>;

/** What must hold wherever documents are kept. */
function describeContract(kind: string, openNode: () => OpenNode): void {
  describe(`SharedDocuments, ${kind}`, () => {
    let node: Node;
    beforeEach(async () => {
      node = await openNode()();
    });
    afterEach(() => node.close());

    it('has nothing under a name that nobody used', () => {
      expect(node.documents.get('freeze')).toBeUndefined();
    });

    it('gives back what was set, with who and when, and the version before it', async () => {
      const first = await node.documents.update('freeze', 0, { frozen: true }, 'ada');
      expect(first).toEqual({
        name: 'freeze',
        revision: 1,
        value: { frozen: true },
        by: 'ada',
        at: expect.any(String),
      });
      const second = await node.documents.update('freeze', 1, { frozen: false }, 'bob');
      const { name: _, ...previous } = first;
      expect(second).toMatchObject({ revision: 2, value: { frozen: false }, by: 'bob', previous });
      expect(second.previous).not.toHaveProperty('previous');
      expect(node.documents.get('freeze')).toEqual(second);
      expect(node.documents.get('other')).toBeUndefined();
    });

    it('fails with REVISION_CONFLICT when the revision is another, and changes nothing', async () => {
      await node.documents.update('config', 0, 'one', 'ada');
      for (const wrong of [0, 2]) {
        await expect(node.documents.update('config', wrong, 'two', 'bob')).rejects.toMatchObject({
          code: 'REVISION_CONFLICT',
        });
      }
      expect(node.documents.get('config')).toMatchObject({ revision: 1, value: 'one' });
    });

    it('lets exactly one of many changes of one revision through', async () => {
      const outcomes = await Promise.allSettled(
        Array.from({ length: 20 }, (_, n) => node.documents.update('config', 0, n, 'ada')),
      );
      const [won] = outcomes.filter(({ status }) => status === 'fulfilled');
      const lost = outcomes.filter(({ status }) => status === 'rejected');
      expect(lost).toHaveLength(19);
      for (const { reason } of lost as PromiseRejectedResult[]) expect(reason.code).toBe('REVISION_CONFLICT');
      const { value } = won as PromiseFulfilledResult<unknown>;
      expect(node.documents.get('config')).toEqual(value);
    });

    it('tells listeners of their name, until they stop, even when one of them throws', async () => {
      const seen: unknown[] = [];
      node.documents.onChange('config', () => {
        throw new Error('a listener with a defect');
      });
      const stop = node.documents.onChange<number>('config', ({ value }) => seen.push(value));
      await node.documents.update('config', 0, 1, 'ada');
      await node.documents.update('freeze', 0, 'not this', 'ada');
      stop();
      await node.documents.update('config', 1, 2, 'ada');
      expect(seen).toEqual([1]);
    });

    it('still knows everything after a restart', async () => {
      const kept = await node.documents.update('config', 0, 'kept', 'ada');
      await node.close();
      node = await openNode()({ dir: node.dir });
      expect(node.documents.get('config')).toEqual(kept);
    });
  });
}

async function openStateOf(dir: string): Promise<State> {
  return openState(dir, { log: silentLog });
}

describeContract('of a node alone', () => async ({ dir = join(folder.path, `local-${count++}`) } = {}) => {
  const state = await openStateOf(dir);
  const documents = await openLocalDocuments({ state, now: () => new Date(), log: silentLog });
  const close = async () => {
    await documents.close();
    await state.close();
  };
  return { documents, dir, close };
});

describe.skipIf(!redisInstalled())('with Redis', () => {
  let redis: RedisServer;
  const open: RedisConnections[] = [];
  beforeAll(async () => {
    redis = await startRedis({ appendOnly: true });
  });
  afterAll(() => redis.stop());
  beforeEach(() => redis.command('FLUSHALL'));
  afterEach(async () => {
    await Promise.all(open.splice(0).map((connections) => connections.close()));
  });

  const openNode: OpenNode = async ({ dir = join(folder.path, `fleet-${count++}`), secret, at } = {}) => {
    const state = await openStateOf(dir);
    const connections = connectRedis({ url: redis.url, log: silentLog });
    open.push(connections);
    const control = connections.control();
    const documents = await openSharedDocuments({
      state,
      redis: control,
      prefix: 'test',
      sealer: createSealer(secret ?? SECRET, 'document'),
      now: () => (at ? new Date(at) : new Date()),
      log: silentLog,
    });
    const close = async () => {
      await documents.close();
      await state.close();
      await connections.close();
    };
    return { documents, dir, close };
  };

  describeContract('of a node of a fleet', () => openNode);

  describe('two nodes', () => {
    let a: Node;
    let b: Node;
    beforeEach(async () => {
      a = await openNode();
      b = await openNode();
    });
    afterEach(async () => {
      await a.close();
      await b.close();
    });
    const soon = { timeout: 5000, interval: 10 };

    it('bring a change from one to the other without being asked', async () => {
      const listener = vi.fn();
      b.documents.onChange('config', listener);
      const document = await a.documents.update('config', 0, { ttl: 5 }, 'ada');
      await vi.waitFor(() => expect(b.documents.get('config')).toEqual(document), soon);
      expect(listener.mock.calls).toEqual([[document]]);
    });

    it('know what stands in Redis from the start, with nothing in their own state', async () => {
      const document = await a.documents.update('freeze', 0, true, 'ada');
      const late = await openNode();
      expect(late.documents.get('freeze')).toEqual(document);
      expect(late.documents.syncedAt()).toBeTypeOf('number');
      await late.close();
    });

    it('refuse a change that goes by a version which the other has replaced already', async () => {
      await a.documents.update('config', 0, 1, 'ada');
      await expect(b.documents.update('config', 0, 2, 'bob')).rejects.toMatchObject({
        code: 'REVISION_CONFLICT',
      });
      expect(b.documents.get('config')).toMatchObject({ revision: 1, value: 1 });
    });

    it('put the documents back after FLUSHALL, the later revision first, whoever has it', async () => {
      await a.documents.update('config', 0, 'one', 'ada');
      await a.documents.update('freeze', 0, true, 'ada');
      await vi.waitFor(() => expect(b.documents.get('freeze')).toBeDefined(), soon);
      await b.documents.update('config', 1, 'two', 'bob');
      await redis.command('FLUSHALL');
      const third = await openNode();
      await vi.waitFor(() => {
        expect(third.documents.get('config')).toMatchObject({ revision: 2, value: 'two', by: 'bob' });
        expect(third.documents.get('freeze')).toMatchObject({ revision: 1, value: true });
        expect(a.documents.get('config')).toMatchObject({ revision: 2 });
      }, soon);
      await third.close();
    });

    it('fail with QUEUE_UNAVAILABLE while Redis is away, read on, and go on when it is back', async () => {
      await a.documents.update('config', 0, 1, 'ada');
      await redis.shutDown('SIGKILL');
      await expect(a.documents.update('config', 1, 2, 'ada')).rejects.toMatchObject({
        code: 'QUEUE_UNAVAILABLE',
      });
      expect(a.documents.get('config')).toMatchObject({ value: 1 });
      await redis.start();
      await vi.waitFor(() => a.documents.update('config', 1, 2, 'ada'), { timeout: 5000, interval: 50 });
      await vi.waitFor(() => expect(b.documents.get('config')).toMatchObject({ revision: 2, value: 2 }), {
        timeout: 3000,
        interval: 10,
      });
    });

    it('agree on the later of two changes that were made on one revision while Redis was emptied', async () => {
      const early = await openNode({ at: '2030-01-01T00:00:00.000Z' });
      await early.documents.update('config', 0, 'early', 'ada');
      await early.close();
      await redis.command('FLUSHALL');
      const late = await openNode({ at: '2031-01-01T00:00:00.000Z' });
      await late.documents.update('config', 0, 'late', 'bob');
      const again = await openNode({ dir: early.dir });
      await vi.waitFor(() => {
        for (const node of [a, b, late, again])
          expect(node.documents.get('config')).toMatchObject({ value: 'late' });
      }, soon);
      await late.close();
      await again.close();
    });

    it('ignore what was not sealed by the fleet, or was sealed for another name, and write over it', async () => {
      const sealer = createSealer(SECRET, 'document');
      const stranger = createSealer(Buffer.from('another secret, which is as long as the first'), 'document');
      const forged = (name: string) =>
        JSON.stringify({ name, revision: 99, value: 'forged', by: 'eve', at: '2030-01-01T00:00:00.000Z' });
      await a.documents.update('config', 0, 'ours', 'ada');
      const attempts = [
        forged('config'),
        stranger.seal(forged('config'), 'config'),
        sealer.seal(forged('freeze'), 'freeze'),
        createSealer(SECRET, 'job-result').seal(forged('config'), 'config'),
      ];
      for (const attempt of attempts) {
        await redis.command('HSET', 'test:documents', 'config', attempt);
        await vi.waitFor(
          async () => expect(await redis.command('HGETALL', 'test:documents')).toContain('ours'),
          soon,
        );
        expect(a.documents.get('config')).toMatchObject({ revision: 1, value: 'ours' });
        expect(b.documents.get('config')).not.toMatchObject({ value: 'forged' });
      }
      await redis.command('HSET', 'test:documents', 'config', forged('config'));
      expect(await a.documents.update('config', 1, 'next', 'ada')).toMatchObject({ revision: 2 });
      await vi.waitFor(() => expect(b.documents.get('config')).toMatchObject({ value: 'next' }), soon);
    });

    it('never go back to an older version that somebody puts into Redis', async () => {
      await a.documents.update('freeze', 0, 'frozen', 'ada');
      const held = (await redis.command('HGET', 'test:documents', 'freeze')).split('\r\n')[1]!;
      await a.documents.update('freeze', 1, 'open', 'ada');
      await vi.waitFor(() => expect(b.documents.get('freeze')).toMatchObject({ value: 'open' }), soon);
      await redis.command('HSET', 'test:documents', 'freeze', held);
      await vi.waitFor(
        async () => expect(await redis.command('HGETALL', 'test:documents')).toContain('open'),
        soon,
      );
      expect(b.documents.get('freeze')).toMatchObject({ revision: 2, value: 'open' });
    });
  });
});
