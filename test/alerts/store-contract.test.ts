import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { Raised } from '../../src/alerts/alert.js';
import { AlertService, type AlertServiceOptions, AlertStore, type Channel } from '../../src/alerts/index.js';
import {
  connectRedis,
  createSealer,
  openLocalDocuments,
  openSharedDocuments,
  type SharedDocuments,
} from '../../src/fleet/index.js';
import { silentLog } from '../../src/logging/index.js';
import { openState } from '../../src/state/index.js';
import { type RedisServer, redisInstalled, startRedis } from '../support/redis.js';
import { altered, result, START } from './support.js';

/** A node's documents, and how to end it as a crash does. */
interface Documents {
  readonly documents: SharedDocuments;
  close(): Promise<void>;
}

/** The kinds of documents that alerts are kept in. `nodes`: how many share them. */
interface Backend {
  readonly name: string;
  readonly nodes: number;
  open(node: number): Promise<Documents>;
  tearDown(): Promise<void>;
}

function embedded(): Backend {
  const folder = mkdtempSync(join(tmpdir(), 'provchain-alerts-'));
  return {
    name: 'embedded',
    nodes: 1,
    async open() {
      const state = await openState(join(folder, 'state'), { log: silentLog });
      const documents = await openLocalDocuments({ state, now: () => new Date(), log: silentLog });
      return {
        documents,
        async close() {
          await documents.close();
          await state.close();
        },
      };
    },
    tearDown: async () => rmSync(folder, { recursive: true, force: true }),
  };
}

function fleet(): Backend & { redis?: RedisServer } {
  const folder = mkdtempSync(join(tmpdir(), 'provchain-alerts-'));
  return {
    name: 'fleet',
    nodes: 2,
    async open(node) {
      this.redis ??= await startRedis();
      const state = await openState(join(folder, `state-${node}`), { log: silentLog });
      const connections = connectRedis({ url: this.redis.url, name: `node-${node}`, log: silentLog });
      const documents = await openSharedDocuments({
        ...{ state, redis: connections.control(), prefix: 'test', now: () => new Date(), log: silentLog },
        ...{ sealer: createSealer(Buffer.alloc(32, 7), 'document'), pollMs: 20 },
      });
      return {
        documents,
        async close() {
          await documents.close();
          await connections.close();
          await state.close();
        },
      };
    },
    async tearDown() {
      await this.redis?.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A channel that keeps what it is given, and does with it what a test says. */
class Recorder implements Channel {
  readonly name = 'webhook';
  readonly timeoutMs = 1000;
  readonly sent: string[] = [];
  fail: Error | undefined;

  async send({ event, alerts }: Parameters<Channel['send']>[0]): Promise<void> {
    await sleep(2);
    if (this.fail) throw this.fail;
    this.sent.push(`${event} ${alerts.map(({ where }) => where.replica ?? where.node).join(',')}`);
  }
}

const disk = (node: string): Raised => ({
  ...{ rule: 'disk-space', subject: node, severity: 'critical', rank: 2, title: 'T', what: 'W', action: 'A' },
  place: { chain: 'test-chain', node, blocks: [] },
});

describe.each([
  ['embedded', embedded],
  ['fleet', fleet],
] as const)('alerts over %s documents', (kind, make) => {
  const skipped = kind === 'fleet' && !redisInstalled();
  let backend: Backend;
  const open: { close(): Promise<void> }[] = [];

  async function start(): Promise<{
    services: AlertService[];
    documents: SharedDocuments[];
    channel: Recorder;
  }> {
    const channel = new Recorder();
    const services: AlertService[] = [];
    const all: SharedDocuments[] = [];
    for (let node = 0; node < backend.nodes; node++) {
      const { documents, close } = await backend.open(node);
      const options: AlertServiceOptions = {
        store: new AlertStore({ documents, by: `node-${node}` }),
        channels: [channel],
        book: { cooldownMs: 0, groupWaitMs: 0, escalateAfterMs: 0, repeatMs: 0 },
        thresholds: { critical: 3, warning: 5 },
        context: { chain: 'test-chain', node: `node-${node}` },
        log: silentLog,
        now: () => Date.now(),
        chance: () => 0,
      };
      const service = new AlertService(options);
      services.push(service);
      all.push(documents);
      open.push({ close: () => service.close().then(close) });
    }
    return { services, documents: all, channel };
  }
  const stop = async () => {
    for (const one of open.splice(0)) await one.close();
  };
  afterEach(async () => {
    await stop();
    await backend?.tearDown();
  });
  const until = async (condition: () => boolean) => {
    for (let i = 0; !condition(); i++) {
      if (i > 2000) throw new Error('never');
      await sleep(5);
    }
  };
  const settled = (services: AlertService[]) =>
    until(() => services.every((service) => service.figures().pending.webhook === 0));

  it.skipIf(skipped)('opens and tells once, whoever sees it and how often', async () => {
    backend = make();
    const { services, channel } = await start();
    const seen = altered();
    await Promise.all(
      [...services, ...services].flatMap((service) => [
        service.observe(seen),
        service.evaluate([disk('n')], []),
      ]),
    );
    await until(() => channel.sent.length >= 1);
    await settled(services);
    expect(channel.sent.join(' ').match(/opened/g)?.length).toBeLessThanOrEqual(2);
    expect(channel.sent.flatMap((line) => line.split(' ')[1]!.split(',')).sort()).toEqual(['n', 'replica-1']);
    for (const service of services) {
      await until(() => service.list({ state: 'open', limit: 10 }).alerts.length === 2);
    }
    await services.at(-1)!.observe(result({ startedAt: START + 60_000 }));
    await until(() => channel.sent.some((line) => line === 'resolved replica-1'));
  });

  it.skipIf(skipped)('takes many changes at once, and loses none', async () => {
    backend = make();
    const { services, channel } = await start();
    const names = Array.from({ length: 20 }, (_, i) => `n${String(i).padStart(2, '0')}`);
    await Promise.all(names.map((name, i) => services[i % services.length]!.evaluate([disk(name)], [])));
    await until(() => channel.sent.flatMap((line) => line.split(' ')[1]!.split(',')).length >= names.length);
    await settled(services);
    expect(channel.sent.flatMap((line) => line.split(' ')[1]!.split(',')).sort()).toEqual(names);
  });

  it.skipIf(skipped)('owes after a restart what it owed before', async () => {
    backend = make();
    const first = await start();
    first.channel.fail = new Error('down');
    await first.services[0]!.observe(altered());
    await until(() => first.services[0]!.list({ state: 'open', limit: 1 }).channels[1]?.up === false);
    await stop();
    const second = await start();
    expect(first.channel.sent).toEqual([]);
    await until(() => second.channel.sent.length > 0);
    await settled(second.services);
    expect(second.channel.sent).toEqual(['opened replica-1']);
    expect(second.services[0]!.list({ state: 'open', limit: 1 }).channels[1]).toMatchObject({
      up: true,
      pending: 0,
    });
  });

  it.skipIf(skipped)('writes nothing for a thousand intact results', async () => {
    backend = make();
    const { services, documents } = await start();
    for (let i = 0; i < 1000; i++) await services[0]!.observe(result({ startedAt: START + i }));
    for (const service of services) await service.evaluate([], []);
    for (const one of documents) expect(one.get('alerts')).toBeUndefined();
  });

  it.skipIf(skipped)('keeps acknowledgements and silences for every node', async () => {
    backend = make();
    const { services } = await start();
    const [one, other] = [services[0]!, services.at(-1)!];
    await one.silence({ rule: 'integrity-critical' }, 5, 'works', 'ann');
    await until(() => other.list({ state: 'all', limit: 1 }).silences.length === 1);
    await other.observe(altered());
    const [alert] = other.list({ state: 'open', limit: 1 }).alerts;
    expect(alert).toMatchObject({ deliveries: [] });
    await until(() => one.list({ state: 'open', limit: 1 }).alerts.length === 1);
    await one.acknowledge(alert!.id, 'bob', 'mine');
    await until(() => other.list({ state: 'open', limit: 1 }).alerts[0]?.acknowledgedBy === 'bob');
    await other.endSilence(other.list({ state: 'all', limit: 1 }).silences[0]!.id);
    await until(() => one.list({ state: 'all', limit: 1 }).silences.length === 0);
    await expect(one.endSilence('gone')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(one.acknowledge('gone', 'bob', undefined)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});
