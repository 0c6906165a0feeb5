import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { connectRedis, createSealer, type RedisConnections } from '../../src/fleet/index.js';
import { silentLog } from '../../src/logging/index.js';
import { type JobOutcome, ResultStream } from '../../src/monitor/index.js';
import { openState, type State } from '../../src/state/index.js';
import { temporaryFolder } from '../support/chains.js';
import { type RedisServer, redisInstalled, startRedis } from '../support/redis.js';
import { jobOutcome } from './outcomes.js';

const SECRET = Buffer.from('a secret that is long enough to be one');
const folder = temporaryFolder();
const T = Date.UTC(2026, 0, 5);
const soon = { timeout: 8000, interval: 10 };
let count = 0;

interface Node {
  readonly taken: JobOutcome[];
  readonly own: JobOutcome[];
  readonly stream: ResultStream;
  readonly stateDir: string;
  close(): Promise<void>;
}

describe.skipIf(!redisInstalled())('ResultStream', () => {
  let redis: RedisServer;
  let connections: RedisConnections;
  const open = new Set<Node>();
  beforeAll(async () => {
    redis = await startRedis({ appendOnly: true });
  });
  afterAll(async () => {
    await redis.stop();
    folder.remove();
  });
  beforeEach(async () => {
    await redis.command('FLUSHALL');
    connections = connectRedis({ url: redis.url, log: silentLog });
    connections.control();
    await vi.waitFor(() => expect(connections.connected('control')).toBe(true), soon);
  });
  afterEach(async () => {
    await Promise.all([...open].map((node) => node.close()));
    await connections.close();
  });

  async function startNode(
    name: string,
    { stateDir = join(folder.path, `state-${count++}`), fails = (): boolean => false } = {},
  ): Promise<Node> {
    const taken: JobOutcome[] = [];
    const own: JobOutcome[] = [];
    const store: State = await openState(stateDir, { log: silentLog });
    const stream = await ResultStream.open({
      redis: connections.control(),
      prefix: 'test',
      sealer: createSealer(SECRET, 'job-outcome'),
      node: name,
      store,
      take: async (outcome) => {
        if (fails()) throw new Error('not now');
        taken.push(outcome);
      },
      own: () => own,
      log: silentLog,
    });
    const node: Node = {
      ...{ taken, own, stream, stateDir },
      async close() {
        if (!open.delete(node)) return;
        await stream.close();
        await store.close();
      },
    };
    open.add(node);
    return node;
  }

  it('brings every outcome to every node, in order, to its publisher too', async () => {
    const [a, b] = [await startNode('a'), await startNode('b')];
    const outcomes = [1, 2, 3].map((n) => jobOutcome({ endedMs: T + n }));
    for (const outcome of outcomes) await a.stream.publish(outcome);
    for (const node of [a, b]) await vi.waitFor(() => expect(node.taken).toEqual(outcomes), soon);
  });

  it('goes on where it left off after a restart', async () => {
    const a = await startNode('a');
    let b = await startNode('b');
    await a.stream.publish(jobOutcome({ endedMs: T + 1 }));
    await vi.waitFor(() => expect(b.taken).toHaveLength(1), soon);
    await b.close();
    const missed = jobOutcome({ endedMs: T + 2 });
    await a.stream.publish(missed);
    b = await startNode('b', { stateDir: b.stateDir });
    await vi.waitFor(() => expect(b.taken).toEqual([missed]), soon);
  });

  it('gives an outcome again that was not taken', async () => {
    let failing = true;
    const b = await startNode('b', { fails: () => failing });
    const outcome = jobOutcome({ endedMs: T + 1 });
    await b.stream.publish(outcome);
    await b.stream.poll();
    expect(b.taken).toEqual([]);
    failing = false;
    await vi.waitFor(() => expect(b.taken).toEqual([outcome]), soon);
  });

  const owners = ({ taken }: Node) => [...new Set(taken.map(({ owner }) => owner))].sort();

  it('publishes the own outcomes of every node again after FLUSHALL', async () => {
    const [a, b] = [await startNode('a'), await startNode('b')];
    a.own.push(jobOutcome({ endedMs: T + 1, owner: 'a' }));
    b.own.push(jobOutcome({ endedMs: T + 2, owner: 'b' }));
    for (const node of [a, b]) await node.stream.publish(node.own[0]!);
    await vi.waitFor(() => expect(owners(b)).toEqual(['a', 'b']), soon);
    await redis.command('FLUSHALL');
    const late = await startNode('late');
    await vi.waitFor(() => expect(owners(late)).toEqual(['a', 'b']), soon);
    const next = jobOutcome({ endedMs: T + 3 });
    await a.stream.publish(next);
    for (const node of [a, b, late]) await vi.waitFor(() => expect(node.taken).toContainEqual(next), soon);
  });

  it('reads from the start when the ids have begun anew', async () => {
    const a = await startNode('a');
    await redis.command('XADD', 'test:results', '9999999999999-0', 'outcome', 'nothing');
    await a.stream.poll();
    await a.stream.poll();
    await redis.command('DEL', 'test:results');
    const outcome = jobOutcome({ endedMs: T + 1 });
    await a.stream.publish(outcome);
    await vi.waitFor(() => expect(a.taken).toEqual([outcome]), soon);
  });

  it('takes nothing that this fleet has not sealed, and goes on behind it', async () => {
    const a = await startNode('a');
    const forged = jobOutcome({ endedMs: T + 1 });
    const stranger = createSealer(
      Buffer.from('another secret, which is as long as the first'),
      'job-outcome',
    );
    const other = createSealer(SECRET, 'job-result');
    const text = JSON.stringify(forged);
    for (const attempt of [text, stranger.seal(text), other.seal(text)]) {
      await redis.command('XADD', 'test:results', '*', 'outcome', attempt);
    }
    await redis.command('XADD', 'test:results', '*', 'something', 'else');
    const sealed = createSealer(SECRET, 'job-outcome').seal(JSON.stringify({ ...forged, level: 'Supreme' }));
    await redis.command('XADD', 'test:results', '*', 'outcome', sealed);
    const true_ = jobOutcome({ endedMs: T + 2 });
    await a.stream.publish(true_);
    await vi.waitFor(() => expect(a.taken).toEqual([true_]), soon);
  });

  it('rejects with QUEUE_UNAVAILABLE while Redis is away, and reads on when it is back', async () => {
    const [a, b] = [await startNode('a'), await startNode('b')];
    await redis.shutDown('SIGKILL');
    const outcome = jobOutcome({ endedMs: T + 1 });
    await expect(a.stream.publish(outcome)).rejects.toMatchObject({ code: 'QUEUE_UNAVAILABLE' });
    await redis.start();
    await vi.waitFor(() => a.stream.publish(outcome), soon);
    await vi.waitFor(() => expect(b.taken).toContainEqual(outcome), soon);
  });
});
