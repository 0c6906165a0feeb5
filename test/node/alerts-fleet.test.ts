import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blockKey } from '../../src/chain/index.js';
import { ALL, type AlertChannels, startAlertChannels } from '../support/alert-channels.js';
import { smallChain, temporaryFolder } from '../support/chains.js';
import { startNode, type TestNode } from '../support/node.js';
import { tamper } from '../support/raw-store.js';
import { type RedisServer, redisInstalled, startRedis } from '../support/redis.js';

/** Two real nodes over one chain directory, that both see what is wrong and both may tell of it. */
const BLOCK = 5;

describe.skipIf(!redisInstalled())('two nodes of a fleet', () => {
  const folder = temporaryFolder();
  const dir = join(folder.path, 'chain');
  let redis: RedisServer;
  let channels: AlertChannels;
  let nodes: TestNode[] = [];

  const open = (name: string) =>
    startNode({
      ...{ dir, name, stateDir: join(folder.path, name), env: { WEBHOOK_TOKEN: 't0k' } },
      toml: `
redis.url = "${redis.url}"
blockchain.role = "reader"
blockchain.validation.validate_on_startup = false
jobs.lock_seconds = 2
security.rate_limit.enabled = false
${channels.toml}`,
    });

  beforeAll(async () => {
    await smallChain(dir, 29);
    redis = await startRedis({ appendOnly: true });
    channels = await startAlertChannels();
    nodes = await Promise.all([open('n1'), open('n2')]);
  });
  afterAll(async () => {
    await Promise.all(nodes.map((node) => node.stop('SIGKILL')));
    await channels?.close();
    await redis?.stop();
    folder.remove();
  });

  const validate = async (node: TestNode) => {
    const answer = await node.fetch('/api/jobs?wait=30', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ level: 'Standard', fresh: true }),
    });
    return ((await answer.json()) as { report: { status: string } }).report.status;
  };
  const validateOnBoth = () => Promise.all([...nodes, ...nodes].map(validate));
  async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
    const deadline = Date.now() + 40_000;
    while (!(await condition())) {
      if (Date.now() > deadline) {
        const seen = JSON.stringify(ALL.map((one) => channels.events(one)));
        throw new Error(`never: ${what}\n${seen}\n${nodes.map((node) => node.log()).join('\n')}`);
      }
      await sleep(20);
    }
  }
  const told = (...events: string[]) =>
    until(`told ${events}`, () =>
      ALL.every((channel) => JSON.stringify(channels.events(channel)) === JSON.stringify(events)),
    );
  // biome-ignore lint/suspicious/noExplicitAny: looked at field by field.
  const alerts = async (node: TestNode): Promise<any> => (await node.fetch('/api/alerts?state=all')).json();
  const nothingOwed = () =>
    until('nothing is owed', async () =>
      (await alerts(nodes[0]!)).channels.every(({ pending }: { pending: number }) => pending === 0),
    );
  const counts = () => ALL.map((channel) => channels.deliveries(channel).length);
  let payload: Buffer;
  const damage = () =>
    tamper(dir, async (store) => {
      payload = await store.get('payload', blockKey(BLOCK));
      await store.put('payload', blockKey(BLOCK), Buffer.from(payload.toString().replace('http', 'hxxp')));
    });
  const repair = () => tamper(dir, (store) => store.put('payload', blockKey(BLOCK), payload));

  it('tell each channel once of a damage, and once of its end', async () => {
    await validateOnBoth();
    await damage();
    await validateOnBoth();
    await told('opened');
    for (const node of nodes) {
      await until('both know', async () => (await alerts(node)).alerts.length === 1);
    }
    await repair();
    await validateOnBoth();
    await told('opened', 'resolved');
    await nothingOwed();
    expect(counts()).toEqual([2, 2, 2]);
  });

  it('lose nothing when the one that has seen it is killed, and tell the rest through the other', async () => {
    const before = counts();
    channels.webhook.behave((_, response) => void response.writeHead(503).end());
    await damage();
    await validate(nodes[0]!);
    await until('the other node knows', async () =>
      (await alerts(nodes[1]!)).alerts.some(({ state }: { state: string }) => state === 'open'),
    );
    await until('two messages are out', () => counts()[0]! > before[0]! && counts()[2]! > before[2]!);
    await nodes[0]!.stop('SIGKILL');
    channels.webhook.received.splice(before[1]!);
    channels.webhook.behave((_, response) => void response.end());
    await told('opened', 'resolved', 'opened');
    await nothingOwedAt(1);
    nodes[0] = await open('n1');
    await repair();
    await validateOnBoth();
    await told('opened', 'resolved', 'opened', 'resolved');
    const more = counts().map((now, at) => now - before[at]!);
    for (const arrived of more) expect(arrived).toBeLessThanOrEqual(3);
  });

  it('tell of Redis that is away, each for itself, and of its return', async () => {
    const before = channels.webhook.received.length;
    await redis.shutDown('SIGKILL');
    const about = () =>
      channels.webhook.received
        .slice(before)
        .map(
          ({ body }) =>
            JSON.parse(body) as { event: string; alerts: { rule: string; where: { node: string } }[] },
        )
        .flatMap(({ event, alerts }) => alerts.map(({ rule, where }) => `${event} ${rule} ${where.node}`));
    await until('both tell', () => about().length >= 2);
    expect(about().sort()).toEqual(['opened redis-away n1', 'opened redis-away n2']);
    await redis.start();
    await until('both tell the end', () => about().length >= 4);
    expect(about().sort().slice(2)).toEqual(['resolved redis-away n1', 'resolved redis-away n2']);
  }, 120_000);

  async function nothingOwedAt(index: number): Promise<void> {
    await until('nothing is owed', async () =>
      (await alerts(nodes[index]!)).channels.every(({ pending }: { pending: number }) => pending === 0),
    );
  }
});
