import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blockKey } from '../../src/chain/index.js';
import { ALL, type AlertChannels, startAlertChannels } from '../support/alert-channels.js';
import { smallChain, temporaryFolder } from '../support/chains.js';
import { startNode, type TestNode } from '../support/node.js';
import { tamper } from '../support/raw-store.js';

/** A node whose monitor makes the rounds by itself, every two seconds, while others ask for validations, too. */
const BLOCK = 11;
const ROUNDS_MS = 2_000;

describe('a node that watches its chain', () => {
  const folder = temporaryFolder();
  const dir = join(folder.path, 'chain');
  let channels: AlertChannels;
  let node: TestNode;

  beforeAll(async () => {
    await smallChain(dir, 59);
    channels = await startAlertChannels();
    node = await startNode({
      ...{ dir, name: 'node-1', env: { WEBHOOK_TOKEN: 't0k' } },
      toml: `
blockchain.role = "reader"
blockchain.validation.validate_on_startup = false
integrity.background_monitoring = { enabled = true, interval_seconds = ${ROUNDS_MS / 1000} }
security.rate_limit.enabled = false
${channels.toml}`,
    });
  });
  afterAll(async () => {
    await node?.stop();
    await channels?.close();
    folder.remove();
  });

  const rounds = async () => {
    const text = await (await fetch(node.metricsUrl!)).text();
    const lines = text.split('\n').filter((line) => line.startsWith('provchain_monitor_rounds_total{'));
    return lines.reduce((sum, line) => sum + Number(line.split(' ')[1]), 0);
  };
  async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
    const deadline = Date.now() + 40_000;
    while (!(await condition())) {
      if (Date.now() > deadline) {
        throw new Error(
          `never: ${what}\n${JSON.stringify(ALL.map((one) => channels.events(one)))}\n${node.log()}`,
        );
      }
      await sleep(20);
    }
  }
  const told = (...events: string[]) =>
    until(`told ${events}`, () =>
      ALL.every((channel) => JSON.stringify(channels.events(channel)) === JSON.stringify(events)),
    );
  const moreRounds = async (count: number) => {
    const before = await rounds();
    await until(`${count} more rounds`, async () => (await rounds()) >= before + count);
  };
  let payload: Buffer;

  it('says nothing while everything is well, under load', async () => {
    const asked = async () => {
      for (let i = 0; i < 25; i++) await node.fetch('/api/integrity/validate?wait=10&fresh=true');
    };
    await Promise.all([asked(), asked(), moreRounds(2)]);
    expect(ALL.map((channel) => channels.events(channel))).toEqual([[], [], []]);
    expect(await (await node.fetch('/api/alerts?state=all')).json()).toMatchObject({ alerts: [] });
  });

  it('tells each channel once of a damage within two rounds, and once of its end', async () => {
    await tamper(dir, async (store) => {
      payload = await store.get('payload', blockKey(BLOCK));
      await store.put('payload', blockKey(BLOCK), Buffer.from(payload.toString().replace('http', 'hxxp')));
    });
    const before = await rounds();
    await told('opened');
    // One round may have begun before the damage was there.
    expect((await rounds()) - before).toBeLessThanOrEqual(3);
    await moreRounds(2);
    await tamper(dir, (store) => store.put('payload', blockKey(BLOCK), payload));
    await told('opened', 'resolved');
    await moreRounds(2);
    expect(ALL.map((channel) => channels.deliveries(channel).length)).toEqual([2, 2, 2]);
  });
});
