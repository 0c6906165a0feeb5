import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { blockKey } from '../../src/chain/index.js';
import { ALL, type AlertChannels, startAlertChannels } from '../support/alert-channels.js';
import { copyChain, smallChain, temporaryFolder } from '../support/chains.js';
import { startNode, type TestNode } from '../support/node.js';
import { tamper } from '../support/raw-store.js';

/** A real node, real channels, and damage on the disk. Validations are asked for over REST. */
const folder = temporaryFolder();
const clean = join(folder.path, 'clean');
beforeAll(() => smallChain(clean, 39));
afterAll(() => folder.remove());

const BLOCK = 7;
const KILLS = 20;
const TOML = `
blockchain.role = "reader"
blockchain.validation.validate_on_startup = false
security.rate_limit.enabled = false
`;

let count = 0;
let dir: string;
let stateDir: string;
let channels: AlertChannels;
let node: TestNode;
let payload: Buffer;

const open = () =>
  startNode({ dir, stateDir, name: 'node-1', toml: TOML + channels.toml, env: { WEBHOOK_TOKEN: 't0k' } });

beforeEach(async () => {
  dir = copyChain(clean, join(folder.path, `chain-${count}`));
  stateDir = join(folder.path, `state-${count++}`);
  channels = await startAlertChannels();
  node = await open();
});
afterEach(async () => {
  await node.stop('SIGKILL');
  await channels.close();
});

const damage = () =>
  tamper(dir, async (store) => {
    payload = await store.get('payload', blockKey(BLOCK));
    await store.put('payload', blockKey(BLOCK), Buffer.from(payload.toString().replace('http', 'hxxp')));
  });
const repair = () => tamper(dir, (store) => store.put('payload', blockKey(BLOCK), payload));

// biome-ignore lint/suspicious/noExplicitAny: the answers are looked at by the tests, field by field.
async function call(path: string, init?: RequestInit): Promise<any> {
  return (await node.fetch(path, init)).json();
}
const post = (path: string, body: object = {}) =>
  call(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
const validate = async (level = 'Standard') =>
  (await post('/api/jobs?wait=30', { level, fresh: true })).report.status as string;

async function until(what: string, condition: () => boolean | Promise<boolean>, seconds = 30): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  while (!(await condition())) {
    if (Date.now() > deadline)
      throw new Error(
        `never: ${what}\n${JSON.stringify(ALL.map((one) => channels.events(one)))}\n${node.log()}`,
      );
    await sleep(20);
  }
}
const told = (...events: string[]) =>
  until(`every channel was told ${events}`, () =>
    ALL.every((channel) => JSON.stringify(channels.events(channel)) === JSON.stringify(events)),
  );
const nothingOwed = () =>
  until('nothing is owed', async () =>
    (await call('/api/alerts?state=all')).channels.every(({ pending }: { pending: number }) => pending === 0),
  );
const counts = () => ALL.map((channel) => channels.deliveries(channel).length);

describe('a node with three channels', () => {
  it('tells of a damage once, and of its end once, however often it is seen', async () => {
    for (let i = 0; i < 5; i++) expect(await validate()).toBe('Healthy');
    await damage();
    for (let i = 0; i < 5; i++) expect(await validate()).toBe('Critical');
    await told('opened');
    // The jobs' ends are taken one after the other, behind the answers to whoever waited.
    await until('all were seen', async () => (await call('/api/alerts')).alerts[0].count === 5);
    expect((await call('/api/alerts')).alerts).toMatchObject([
      {
        ...{ rule: 'integrity-critical', state: 'open', count: 5 },
        where: { blocks: [BLOCK] },
      },
    ]);
    expect(channels.webhook.received[0]?.headers.authorization).toBe('Bearer t0k');
    expect(channels.mail.received[0]).toMatchObject({ secure: true, to: ['admin@company.example'] });
    expect(channels.mail.received[0]?.raw).toContain('PAYLOAD_DIGEST_MISMATCH');
    expect(channels.slack.received[0]?.body).toContain(`block ${BLOCK}`);
    await repair();
    expect(await validate('Minimal')).toBe('Healthy');
    expect((await call('/api/alerts')).alerts).toHaveLength(1);
    for (let i = 0; i < 5; i++) expect(await validate()).toBe('Healthy');
    await told('opened', 'resolved');
    await nothingOwed();
    expect(counts()).toEqual([2, 2, 2]);
    expect((await call('/api/alerts')).alerts).toEqual([]);
  });

  it('tells once over a channel that was down, when it is back, opening before end', async () => {
    channels.webhook.behave((_, response) => void response.writeHead(503).end());
    await damage();
    expect(await validate()).toBe('Critical');
    await until('two attempts', () => channels.webhook.received.length >= 2);
    const { channels: fares, alerts } = await call('/api/alerts');
    expect(fares[1]).toMatchObject({ name: 'webhook', up: false, pending: 1, lastError: 'it answered 503' });
    expect(alerts[0].deliveries[1]).toMatchObject({ channel: 'webhook', state: 'pending', sentAt: null });
    await repair();
    expect(await validate()).toBe('Healthy');
    channels.webhook.received.splice(0);
    channels.webhook.behave((_, response) => void response.end());
    await told('opened', 'resolved');
    await nothingOwed();
    expect(counts()).toEqual([2, 2, 2]);
    const metrics = await (await fetch(node.metricsUrl!)).text();
    expect(metrics).toContain('provchain_alert_channel_up{channel="webhook"} 1');
    expect(metrics).toContain('provchain_alerts_open{severity="critical"} 0');
    expect(metrics).toContain(
      'provchain_alerts_opened_total{rule="integrity-critical",severity="critical"} 1',
    );
    expect(metrics).toMatch(/provchain_alert_deliveries_total\{channel="webhook",outcome="retried"\} [2-9]/);
  });

  it(`loses nothing when it is killed ${KILLS} times between damage and message, and repeats one message at most`, async () => {
    let random = 12_345;
    const next = (below: number) => {
      random = (random * 1_103_515_245 + 12_345) % 2_147_483_648;
      return random % below;
    };
    // Slow enough that some kills hit a message on its way: it has arrived, and is not noted as sent.
    for (const receiver of [channels.webhook, channels.slack]) {
      receiver.behave((_, response) => void setTimeout(() => response.end(), 120));
    }
    let duplicates = 0;
    for (let i = 0; i < KILLS; i++) {
      const before = counts();
      await (i % 2 === 0 ? damage() : repair());
      const asked = post('/api/jobs', { level: 'Standard', fresh: true }).catch(() => undefined);
      // Every other kill comes while the job may not have ended, or not even been accepted.
      const waits = i % 4 < 2;
      if (waits) await asked;
      await sleep(next(250));
      await node.stop('SIGKILL');
      node = await open();
      if (!waits) await validate();
      const events = Array.from({ length: i + 1 }, (_, at) => (at % 2 === 0 ? 'opened' : 'resolved'));
      await told(...events);
      await nothingOwed();
      const more = counts().map((now, at) => now - before[at]!);
      for (const arrived of more) expect([1, 2]).toContain(arrived);
      duplicates += more.filter((arrived) => arrived === 2).length;
    }
    console.info(`${KILLS} kills: ${duplicates} of ${3 * KILLS} messages came twice`);
  }, 240_000);
});

describe('provchain alerts over REST', () => {
  it('sends tests, and says of a channel that does not answer why', async () => {
    channels.slack.behave((_, response) => void response.writeHead(404).end('no_team'));
    const { results } = await post('/api/alerts/test');
    expect(results).toEqual([
      { channel: 'email', ok: true, error: null },
      { channel: 'webhook', ok: true, error: null },
      { channel: 'slack', ok: false, error: 'it answered 404: no_team' },
    ]);
    expect(channels.mail.received[0]?.raw).toContain('Subject: [info] Test of the alerts');
    expect((await post('/api/alerts/test', { channel: 'email' })).results).toHaveLength(1);
  });
});
