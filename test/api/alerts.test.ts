import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { altered, result } from '../alerts/support.js';
import { NOW, TestNode, TOKENS, testAuth } from './node.js';

let node: TestNode;
beforeEach(async () => {
  node = await TestNode.start({ auth: testAuth });
});
afterEach(() => node.close());

const as = (role: string) => ({ token: TOKENS[role] });
const open = () => node.alerts.observe(altered({ startedAt: NOW }));
const list = async (query = '') => (await node.call('GET', `/api/alerts${query}`, as('viewer'))).json;

describe('GET /api/alerts', () => {
  it('shows what is open, with what became of its messages, and how the channels fare', async () => {
    await open();
    while (node.messages.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    const { alerts, silences, channels } = await list();
    expect(alerts).toMatchObject([
      {
        ...{ rule: 'integrity-critical', severity: 'critical', state: 'open', resolvedAt: null, count: 1 },
        where: { chain: 'test-chain', replica: 'replica-1', node: 'node-1', blocks: [7] },
        since: new Date(NOW).toISOString(),
        link: `/#/alerts/${alerts[0].id}`,
        deliveries: [{ channel: 'webhook', event: 'opened' }],
      },
    ]);
    expect(silences).toEqual([]);
    expect(channels.map(({ name, enabled }: { name: string; enabled: boolean }) => [name, enabled])).toEqual([
      ['email', false],
      ['webhook', true],
      ['slack', false],
    ]);
    expect(channels[0]).toMatchObject({ up: null, lastSuccessAt: null, lastError: null, pending: 0 });
  });

  it('sorts out by state, and takes a limit', async () => {
    for (const replica of ['a', 'b', 'c']) await node.alerts.observe(altered({ startedAt: NOW, replica }));
    await node.alerts.observe(result({ startedAt: NOW + 60_000, replica: 'b' }));
    const count = async (query: string) => (await list(query)).alerts.length;
    expect([
      await count(''),
      await count('?state=resolved'),
      await count('?state=all'),
      await count('?limit=1'),
    ]).toEqual([2, 1, 3, 1]);
    const refused = await node.call('GET', '/api/alerts?state=closed', as('viewer'));
    expect([refused.status, refused.json.code]).toEqual([400, 'REQUEST_INVALID']);
  });
});

describe('POST /api/alerts/:id/acknowledge', () => {
  it('notes who deals with it, in the audit log too', async () => {
    await open();
    const { id } = (await list()).alerts[0];
    const body = { comment: 'looking\r\nat it' };
    const { status, json } = await node.call('POST', `/api/alerts/${id}/acknowledge`, {
      ...as('operator'),
      body,
    });
    expect([status, json.state, json.acknowledgedBy, json.comment]).toEqual([
      ...[200, 'acknowledged', 'operator@example.org', 'looking at it'],
    ]);
    expect(node.audited.at(-1)).toMatchObject({
      action: 'alert.acknowledge',
      user: 'operator@example.org',
      details: { alert: id },
    });
  });

  it('knows which alerts there are', async () => {
    const { status, json } = await node.call('POST', '/api/alerts/nope/acknowledge', as('operator'));
    expect([status, json.code]).toEqual([404, 'NOT_FOUND']);
  });
});

describe('silences', () => {
  const body = { match: { rule: 'integrity-critical' }, minutes: 60, reason: 'works' };

  it('keep messages back, are shown, and end when somebody says so', async () => {
    const made = await node.call('POST', '/api/alerts/silences', { ...as('operator'), body });
    expect([made.status, made.json.by, made.json.until]).toEqual([
      ...[201, 'operator@example.org', new Date(NOW + 3_600_000).toISOString()],
    ]);
    await open();
    const { alerts, silences } = await list();
    expect(alerts[0]).toMatchObject({ state: 'open', silencedUntil: made.json.until, deliveries: [] });
    expect(silences).toEqual([made.json]);
    const path = `/api/alerts/silences/${made.json.id}`;
    expect((await node.call('DELETE', path, as('operator'))).status).toBe(204);
    expect((await node.call('DELETE', path, as('operator'))).status).toBe(404);
    await node.alerts.evaluate([], []);
    expect((await list()).alerts[0].deliveries).toHaveLength(1);
    expect(node.audited.map(({ action }) => action)).toEqual([
      'alert.silence',
      'alert.unsilence',
      'alert.unsilence',
    ]);
  });

  it.each([
    { ...body, match: {} },
    { ...body, match: { rule: 'no rule' } },
    { ...body, minutes: 0 },
    { ...body, minutes: 43_201 },
    { ...body, reason: '' },
    { match: body.match, minutes: 1 },
    { ...body, match: { rule: 'memory', more: 1 } },
  ])('are refused: %j', async (wrong) => {
    const { status, json } = await node.call('POST', '/api/alerts/silences', {
      ...as('operator'),
      body: wrong,
    });
    expect([status, json.code]).toEqual([400, 'REQUEST_INVALID']);
  });
});

describe('POST /api/alerts/test', () => {
  it('sends over what is enabled, and says what came of it', async () => {
    const { json } = await node.call('POST', '/api/alerts/test', as('operator'));
    expect(json).toEqual({ results: [{ channel: 'webhook', ok: true, error: null }] });
    expect(node.messages).toEqual(['[info] Test of the alerts - chain test-chain']);
  });

  it('knows no channel that is off', async () => {
    const { status, json } = await node.call('POST', '/api/alerts/test', {
      ...as('operator'),
      body: { channel: 'slack' },
    });
    expect([status, json.code]).toEqual([404, 'NOT_FOUND']);
    expect(json.detail ?? json.message).toContain('enable_slack');
  });
});
