import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { blockKey } from '../../src/chain/index.js';
import { type AlertChannels, startAlertChannels } from '../support/alert-channels.js';
import { smallChain, temporaryFolder } from '../support/chains.js';
import { provchain } from '../support/cli.js';
import { problem, startJobServer } from '../support/job-server.js';
import { startNode, type TestNode } from '../support/node.js';
import { tamper } from '../support/raw-store.js';

describe('provchain alerts against a real node', () => {
  const folder = temporaryFolder();
  const dir = join(folder.path, 'chain');
  let channels: AlertChannels;
  let node: TestNode;

  beforeAll(async () => {
    await smallChain(dir, 9);
    channels = await startAlertChannels();
    const toml = `blockchain.role = "reader"\nblockchain.validation.validate_on_startup = false\n${channels.toml}`;
    node = await startNode({ dir, toml, env: { WEBHOOK_TOKEN: 't0k' } });
    await tamper(dir, async (store) => {
      const payload = await store.get('payload', blockKey(3));
      await store.put('payload', blockKey(3), Buffer.from(payload.toString().replace('http', 'hxxp')));
    });
    await node.fetch('/api/integrity/validate?wait=30');
    for (;;) {
      const listed = (await (await node.fetch('/api/alerts')).json()) as { alerts: unknown[] };
      if (listed.alerts.length > 0) break;
    }
  });
  afterAll(async () => {
    await node?.stop();
    await channels?.close();
    folder.remove();
  });

  const alerts = (...args: string[]) =>
    provchain(['alerts', args[0]!, '--server', node.url, ...args.slice(1)]);
  const listed = async () => JSON.parse((await alerts('list', '--json')).stdout);

  it('lists what is open with what to do, and the channels', async () => {
    const { status, stdout, stderr } = await alerts('list');
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain('critical  Chain altered');
    expect(stdout).toContain('blocks 3');
    expect(stdout).toContain('Stop appending to this replica');
    expect(stdout).toMatch(/email +(works|not tried yet)/);
  });

  it('acknowledges', async () => {
    const [{ id }] = (await listed()).alerts;
    const { status, stdout } = await alerts('ack', id, '--comment', 'restoring');
    expect([status, stdout]).toEqual([0, 'Acknowledged. Chain altered\n']);
    expect((await listed()).alerts[0]).toMatchObject({
      state: 'acknowledged',
      acknowledgedBy: 'local',
      comment: 'restoring',
    });
    expect((await alerts('list')).stdout).toContain('acknowledged by local');
  });

  it('silences, and ends a silence', async () => {
    const args = ['--rule', 'disk-space', '--minutes', '5', '--reason', 'works'];
    const made = await alerts('silence', ...args, '--json');
    const { id, match, by } = JSON.parse(made.stdout);
    expect([match, by]).toEqual([{ rule: 'disk-space' }, 'local']);
    expect((await alerts('list')).stdout).toContain('rule disk-space until');
    expect(await alerts('silence', '--end', id)).toMatchObject({
      status: 0,
      stdout: 'The silence has ended.\n',
    });
    expect(await alerts('silence', '--end', id)).toMatchObject({ status: 65 });
  });

  it('tests one channel or all, and ends with 3 when one does not take it', async () => {
    expect(await alerts('test', 'email')).toMatchObject({ status: 0, stdout: 'email: sent\n' });
    channels.slack.behave((_, response) => void response.writeHead(500).end('no\u001b[31m'));
    const { status, stdout } = await alerts('test');
    expect([status, stdout]).toEqual([3, 'email: sent\nwebhook: sent\nslack: it answered 500: no[31m\n']);
  });
});

describe('provchain alerts', () => {
  const open: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const server of open.splice(0)) await server.close();
  });

  it.each([
    [['silence', '--minutes', '5', '--reason', 'x'], 'say what to silence'],
    [['silence', '--rule', 'memory'], 'say why: --reason'],
    [['silence', '--rule', 'luck', '--reason', 'x'], 'luck'],
    [['silence', '--end', 'x', '--rule', 'memory'], 'cannot be used with'],
    [['test', 'pigeon'], '"pigeon" is no channel'],
    [['ack'], 'alert'],
  ])('refuses %j', async (args, why) => {
    const { status, stderr } = await provchain(['alerts', ...args]);
    expect(status).toBe(64);
    expect(stderr).toContain(why);
  });

  it('passes on what the server refuses, and shows no control characters of it', async () => {
    const server = await startJobServer({
      'GET /api/alerts': problem('FORBIDDEN', 'this needs the role viewer'),
      'POST /api/alerts/test': {
        body: { results: [{ channel: 'email\u001b[2J', ok: false, error: 'a\u0007b' }] },
      },
    });
    open.push(server);
    const refused = await provchain(['alerts', 'list', '--server', server.url]);
    expect([refused.status, refused.stderr.includes('this needs the role viewer')]).toEqual([65, true]);
    const { status, stdout } = await provchain(['alerts', 'test', '--server', server.url]);
    expect(status).toBe(3);
    for (const control of ['\u0007', '\u001b']) expect(stdout).not.toContain(control);
  });
});
