import { createHmac } from 'node:crypto';
import { createServer } from 'node:net';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { post } from '../../src/alerts/http-post.js';
import { createEmail, createSlack, createWebhook } from '../../src/alerts/index.js';
import { type Message, messageOf, testMessage } from '../../src/alerts/message.js';
import { isPublicAddress, lookUpPublic } from '../../src/alerts/public-address.js';
import { type MailServer, selfSigned, startMailServer } from '../support/mail-server.js';
import { type Receiver, startReceiver } from '../support/receiver.js';
import { alertOf, CONTEXT, HOSTILE, START } from './support.js';

const open: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});
const kept = <T extends { close(): Promise<unknown> }>(server: T): T => {
  open.push(server);
  return server;
};
const never = () => new AbortController().signal;
const message = (part = {}): Message =>
  messageOf(
    { id: 'ab'.repeat(16), channel: 'webhook', event: 'opened', alerts: [alertOf(part)] },
    CONTEXT,
    START,
  );

describe('the webhook', () => {
  const webhook = (url: string, more = {}) =>
    createWebhook({
      ...{ url, timeoutMs: 500, headers: {}, allowPrivateAddresses: true, ...CONTEXT, now: () => START },
      ...more,
    });

  it('posts provchain-alert/1 with the headers of the settings, signed', async () => {
    const receiver = kept(await startReceiver());
    const headers = { Authorization: 'Bearer t0k', 'Content-Type': 'application/json' };
    await webhook(`${receiver.url}/hook?x=1`, { headers, secret: 's3cret' }).send(message(), never());
    const [request] = receiver.received;
    expect([request?.method, request?.path, request?.headers.authorization]).toEqual([
      'POST',
      '/hook?x=1',
      'Bearer t0k',
    ]);
    expect(request?.headers['content-type']).toBe('application/json');
    expect(request?.headers['x-provchain-delivery']).toBe('ab'.repeat(16));
    const seconds = START / 1000;
    const signed = createHmac('sha256', 's3cret')
      .update(`${seconds}.${'ab'.repeat(16)}.${request?.body}`)
      .digest('hex');
    expect(request?.headers['x-provchain-signature']).toBe(`t=${seconds},v1=${signed}`);
    expect(JSON.parse(request!.body)).toEqual({
      schema: 'provchain-alert/1',
      delivery: 'ab'.repeat(16),
      event: 'opened',
      severity: 'critical',
      subject: '[critical] Chain altered - chain test-chain, replica-1',
      chain: 'test-chain',
      node: 'node-1',
      alerts: [
        {
          id: 'alert-1',
          fingerprint: 'integrity-critical/replica-1',
          rule: 'integrity-critical',
          severity: 'critical',
          state: 'open',
          title: 'Chain altered',
          what: 'Replica replica-1 is Critical',
          where: { chain: 'test-chain', replica: 'replica-1', node: 'node-1', blocks: [7] },
          since: '2026-03-01T12:00:00.000Z',
          lastSeenAt: '2026-03-01T12:00:00.000Z',
          resolvedAt: null,
          resolution: null,
          count: 1,
          action: 'Stop appending.',
          jobId: 'job-9',
          acknowledgedBy: null,
          acknowledgedAt: null,
          comment: null,
          escalatedAt: null,
          url: 'https://node.example/#/alerts/alert-1',
          reportUrl: 'https://node.example/#/report/job-9',
        },
      ],
    });
  });

  it('says why it failed: a status, a redirect that is not followed, silence, nobody there', async () => {
    const elsewhere = kept(await startReceiver());
    const receiver = kept(await startReceiver());
    const send = (text = '/') => webhook(`${receiver.url}${text}`).send(message(), AbortSignal.timeout(300));
    receiver.behave((_, response) => void response.writeHead(500).end('down\r\nfor now'));
    await expect(send()).rejects.toThrow('it answered 500: down for now');
    receiver.behave((_, response) => void response.writeHead(302, { location: elsewhere.url }).end());
    await expect(send()).rejects.toThrow('it answered 302, a redirect, which is not followed');
    receiver.behave(() => {});
    await expect(send()).rejects.toThrow('aborted due to timeout');
    receiver.behave((_, response) => void response.writeHead(500).write('x'));
    await expect(send()).rejects.toThrow('aborted due to timeout');
    receiver.behave((_, response) => response.destroy());
    await expect(send()).rejects.toThrow('socket hang up');
    await receiver.close();
    await expect(send()).rejects.toThrow('ECONNREFUSED');
    expect(elsewhere.received).toEqual([]);
  });

  it('takes a status for an answer though its body never ends', async () => {
    const receiver = kept(await startReceiver((_, response) => void response.writeHead(204).flushHeaders()));
    await webhook(receiver.url).send(message(), AbortSignal.timeout(2000));
    receiver.behave((_, response) => void response.writeHead(200).write('x'));
    await webhook(receiver.url).send(message(), AbortSignal.timeout(2000));
    expect(receiver.received).toHaveLength(2);
  });

  it('goes to no private address unless that is allowed, neither by number nor by name', async () => {
    const receiver = kept(await startReceiver());
    const send = (host: string) =>
      webhook(`http://${host}:${receiver.port}/`, { allowPrivateAddresses: false }).send(message(), never());
    await expect(send('127.0.0.1')).rejects.toThrow('the URL is the private address 127.0.0.1');
    await expect(send('2130706433')).rejects.toThrow('127.0.0.1');
    await expect(send('[::1]')).rejects.toThrow('the private address ::1');
    await expect(send('[::ffff:127.0.0.1]')).rejects.toThrow('private address');
    await expect(send('localhost')).rejects.toThrow('localhost is the private address');
    expect(receiver.received).toEqual([]);
  });

  it('connects to the very address that was looked at', async () => {
    const receiver = kept(await startReceiver());
    const asked: string[] = [];
    await post({
      ...{
        url: `http://any.example:${receiver.port}/`,
        headers: {},
        body: '{}',
        allowPrivateAddresses: false,
      },
      signal: never(),
      lookup: (hostname, options, callback) => {
        asked.push(hostname);
        if (options.all) callback(null, [{ address: '127.0.0.1', family: 4 }]);
        else callback(null, '127.0.0.1', 4);
      },
    });
    expect([asked, receiver.received.length, receiver.received[0]?.headers.host]).toEqual([
      ['any.example'],
      1,
      `any.example:${receiver.port}`,
    ]);
  });
});

describe('lookUpPublic', () => {
  const ask = (host: string, all: boolean) =>
    new Promise((resolve) => {
      lookUpPublic(host, { all }, (error, address, family) => resolve(error?.message ?? [address, family]));
    });

  it('gives public addresses, and refuses others by name', async () => {
    expect(await ask('8.8.8.8', false)).toEqual(['8.8.8.8', 4]);
    expect(await ask('8.8.8.8', true)).toEqual([[{ address: '8.8.8.8', family: 4 }], undefined]);
    expect(await ask('localhost', true)).toContain('is the private address');
    expect(await ask('localhost', false)).toContain('is the private address');
    expect(await ask('no.such.name.invalid', true)).toContain('no.such.name.invalid');
  });
});

describe('isPublicAddress', () => {
  it.each([
    ...['0.0.0.0', '10.1.2.3', '100.64.0.1', '100.100.100.200', '127.0.0.1', '127.9.9.9', '169.254.169.254'],
    ...[
      '172.16.0.1',
      '172.31.255.255',
      '192.168.0.1',
      '198.18.0.1',
      '224.0.0.1',
      '255.255.255.255',
      '168.63.129.16',
    ],
    ...[
      '::',
      '::1',
      'fe80::1',
      'fe80::1%eth0',
      'fc00::1',
      'fd00:ec2::254',
      'ff02::1',
      '2001:db8::1',
      '2002:7f00:1::',
    ],
    ...['::ffff:10.0.0.1', '::ffff:7f00:1', '::127.0.0.1', '64:ff9b::7f00:1', '64:ff9b:1::a00:1', '2001::1'],
    ...['no address', '', '1.2.3', '[::1]'],
  ])('refuses %s', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });

  it.each([
    ...[
      '8.8.8.8',
      '172.15.0.1',
      '172.32.0.1',
      '100.128.0.1',
      '192.169.0.1',
      '2606:4700::1111',
      '::ffff:8.8.8.8',
    ],
  ])('takes %s', (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });
});

describe('Slack', () => {
  const slack = (receiver: Receiver) =>
    createSlack({
      webhookUrl: `${receiver.url}/services/T/B/X`,
      ...{ timeoutMs: 500, channel: '#alerts', username: 'ProvChain Monitor', allowPrivateAddresses: true },
    });

  it('gets blocks with the block, the code and links, to the byte', async () => {
    const receiver = kept(await startReceiver());
    await slack(receiver).send(message({ what: 'PAYLOAD_DIGEST_MISMATCH × 1' }), never());
    const plain = (text: string) => ({ type: 'plain_text', text, emoji: false });
    const section = (text: string) => ({ type: 'section', text: plain(text) });
    expect(JSON.parse(receiver.received[0]!.body)).toEqual({
      text: '[critical] Chain altered - chain test-chain, replica-1',
      parse: 'none',
      link_names: false,
      unfurl_links: false,
      unfurl_media: false,
      channel: '#alerts',
      username: 'ProvChain Monitor',
      blocks: [
        { type: 'header', text: plain('🔴 Chain altered') },
        section('What: PAYLOAD_DIGEST_MISMATCH × 1'),
        section('Where: chain test-chain, replica replica-1, node node-1, block 7'),
        section('Since: 2026-03-01 12:00:00 UTC (just now)'),
        section('What to do now: Stop appending.'),
        section('Rule: integrity-critical, seen 1 time'),
        {
          type: 'section',
          text: {
            type: 'mrkdwn',
            text: '<https://node.example/#/alerts/alert-1|Open the alert>  ·  <https://node.example/#/report/job-9|Open the report>',
            verbatim: true,
          },
        },
        { type: 'context', elements: [plain('Sent by the ProvChain node node-1 for chain test-chain.')] },
      ],
    });
  });

  it('is given as many alerts as one message to it can name', async () => {
    const receiver = kept(await startReceiver());
    const most = slack(receiver).mostAlerts!;
    const alerts = Array.from({ length: most }, (_, n) => alertOf({ title: `Alert ${n}` }));
    const batch = { id: 'cd', channel: 'slack', event: 'opened', alerts } as const;
    await slack(receiver).send(messageOf(batch, CONTEXT, START), never());
    const { blocks } = JSON.parse(receiver.received[0]!.body) as { blocks: { type: string }[] };
    expect(blocks.filter(({ type }) => type === 'header')).toHaveLength(5);
    expect(blocks.length).toBeLessThanOrEqual(50);
  });

  it('gets hostile text as text: nothing from outside is in a place where markup is read', async () => {
    const receiver = kept(await startReceiver());
    await slack(receiver).send(
      message({ title: HOSTILE, what: HOSTILE, action: HOSTILE, jobId: HOSTILE }),
      never(),
    );
    const body = JSON.parse(receiver.received[0]!.body) as {
      text: string;
      blocks: { text?: { type: string; text: string } }[];
    };
    expect(body.text).not.toMatch(/[<>]|&(?!amp;|lt;|gt;)/);
    const marked = body.blocks.flatMap(({ text }) => (text?.type === 'mrkdwn' ? [text.text] : []));
    expect(marked).toHaveLength(1);
    expect(marked[0]).toMatch(/^<https:[^<>|]+\|Open the alert> {2}· {2}<https:[^<>|]+\|Open the report>$/);
    expect(receiver.received[0]!.body).not.toMatch(/[\u202e\u200b]|\\u202e|\\r|\\n/);
  });
});

describe('email', () => {
  const certificate = selfSigned();
  afterAll(() => certificate.remove());
  const TLS = { key: certificate.key, cert: certificate.cert };
  const LOGIN = { user: 'alerts@company.example', pass: 'pa$$ word' };
  const email = ({ port }: Pick<MailServer, 'port'>, more: Partial<Parameters<typeof createEmail>[0]> = {}) =>
    createEmail({
      ...{ host: 'localhost', port, security: 'starttls', username: LOGIN.user, password: LOGIN.pass },
      ...{ from: 'alerts@company.example', recipients: ['admin@company.example', 'dev@company.example'] },
      ...{ ca: certificate.cert, timeoutMs: 2000 },
      ...more,
    });

  it('arrives over STARTTLS with a login, as text and as HTML, with an id that stays', async () => {
    const server = kept(await startMailServer({ ...TLS, login: LOGIN }));
    for (let i = 0; i < 2; i++) await email(server).send(message(), never());
    const [mail, again] = server.received;
    expect(mail).toMatchObject({ from: 'alerts@company.example', secure: true, user: LOGIN.user });
    expect(mail?.to).toEqual(['admin@company.example', 'dev@company.example']);
    const head = mail!.raw.slice(0, mail!.raw.indexOf('\r\n\r\n'));
    expect(head).toContain('Subject: [critical] Chain altered - chain test-chain, replica-1\r\n');
    expect(head).toContain(`Message-ID: <${'ab'.repeat(16)}@company.example>\r\n`);
    expect(head).toContain('References: <alert-1@company.example>');
    expect(head).toContain('Auto-Submitted: auto-generated');
    expect(again?.raw).toContain(`Message-ID: <${'ab'.repeat(16)}@company.example>\r\n`);
    expect(mail?.raw).toContain('What to do now: Stop appending.');
    expect(mail?.raw).toContain('https://node.example/#/alerts/alert-1');
    expect(mail?.raw).toContain('Content-Type: text/html; charset=utf-8');
  });

  it('is not sent where STARTTLS is not offered, and the password is not either', async () => {
    const server = kept(
      await startMailServer({ hideSTARTTLS: true, disabledCommands: ['STARTTLS'], login: LOGIN }),
    );
    await expect(email(server).send(message(), never())).rejects.toThrow(/STARTTLS/);
    expect(server.received).toEqual([]);
  });

  it('is not sent to a server whose certificate nobody vouches for, or which is for another name', async () => {
    const server = kept(await startMailServer({ ...TLS, login: LOGIN }));
    await expect(email(server, { ca: undefined }).send(message(), never())).rejects.toThrow(/certificate/);
    expect(server.received).toEqual([]);
  });

  it('arrives over TLS from the start, and in the clear where that is what the settings say', async () => {
    const tls = kept(await startMailServer({ ...TLS, secure: true, login: LOGIN }));
    await email(tls, { security: 'tls' }).send(message(), never());
    expect(tls.received).toMatchObject([{ secure: true }]);
    const clear = kept(await startMailServer({ disabledCommands: ['STARTTLS', 'AUTH'] }));
    await email(clear, { security: 'none', username: undefined }).send(message(), never());
    expect(clear.received).toMatchObject([{ secure: false }]);
  });

  it('says why it failed: a login, recipients, a server that refuses, hangs, or is not there', async () => {
    const server = kept(
      await startMailServer({
        ...{ ...TLS, login: LOGIN },
        onRcptTo: (_address, _session, done) => done(new Error('no such box')),
      }),
    );
    await expect(email(server, { password: 'wrong' }).send(message(), never())).rejects.toThrow(
      /no such login/,
    );
    await expect(email(server).send(message(), never())).rejects.toThrow(/no such box|recipients/);
    const hanging = createServer(() => {}).listen(0, '127.0.0.1');
    await new Promise((resolve) => hanging.once('listening', resolve));
    const { port } = hanging.address() as { port: number };
    await expect(email({ port }, { timeoutMs: 200 }).send(message(), never())).rejects.toThrow(
      /greeting|timeout/i,
    );
    await expect(email({ port }).send(message(), AbortSignal.timeout(100))).rejects.toThrow(/timeout/);
    await new Promise((resolve) => hanging.close(resolve));
    await expect(email({ port }).send(message(), never())).rejects.toThrow(/ECONNREFUSED/);
  });

  it('is sent to the recipients that are accepted, with a warning that names the others', async () => {
    const server = kept(
      await startMailServer({
        ...{ ...TLS, login: LOGIN },
        onRcptTo: ({ address }, _session, done) =>
          done(address.startsWith('dev') ? new Error('no such box') : null),
      }),
    );
    const warnings: string[] = [];
    await email(server).send(message(), never(), (warning) => warnings.push(warning));
    expect(server.received.map(({ to }) => to)).toEqual([['admin@company.example']]);
    expect(warnings).toEqual(['the server refused 1 of the recipients: dev@company.example']);
  });

  it('lets go of a server that drips', async () => {
    const closed: Promise<void>[] = [];
    const dripping = createServer((socket) => {
      const timer = setInterval(() => socket.write('220-x\r\n'), 20);
      socket.on('error', () => {});
      closed.push(new Promise((resolve) => socket.once('close', () => resolve(clearInterval(timer)))));
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => dripping.once('listening', resolve));
    const { port } = dripping.address() as { port: number };
    await expect(email({ port }).send(message(), AbortSignal.timeout(200))).rejects.toThrow(/timeout/);
    await Promise.all(closed);
    expect(closed).toHaveLength(1);
    await new Promise((resolve) => dripping.close(resolve));
  });

  it('carries hostile text as text: it ends no header and is no markup', async () => {
    const server = kept(await startMailServer({ ...TLS, login: LOGIN }));
    const hostile = message({
      title: HOSTILE,
      what: HOSTILE,
      action: HOSTILE,
      where: { chain: HOSTILE, replica: HOSTILE, blocks: [] },
    });
    await email(server).send(hostile, never());
    const [mail] = server.received;
    expect(mail?.to).toEqual(['admin@company.example', 'dev@company.example']);
    const head = mail!.raw.slice(0, mail!.raw.indexOf('\r\n\r\n'));
    expect(head).not.toMatch(/^Bcc:/im);
    expect(head.match(/^Subject:/gim)).toHaveLength(1);
    const html = mail!.raw.slice(mail!.raw.indexOf('text/html'));
    expect(html).not.toMatch(/<script/i);
    expect(mail?.raw).not.toContain('\u202e');
  });

  it('says of a test that nothing is wrong', async () => {
    const server = kept(await startMailServer({ ...TLS, login: LOGIN }));
    await email(server).send(testMessage('ff', 'ann', CONTEXT, START), never());
    expect(server.received[0]?.raw).toContain('Subject: [info] Test of the alerts - chain test-chain\r\n');
    expect(server.received[0]?.raw).toContain('asked for by ann');
  });
});
