import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProvChainError } from '../../src/errors.js';
import { createLog, LOG_LEVELS, type LogOptions, silentLog, withFields } from '../../src/logging/index.js';

const NOW = new Date('2026-10-17T08:00:00.000Z');

/** A log into memory, and the lines of it. */
function captured(options: Partial<LogOptions> = {}) {
  const output = new PassThrough();
  let text = '';
  output.on('data', (chunk) => {
    text += chunk;
  });
  const log = createLog({ level: 'debug', format: 'json', output, now: () => NOW, ...options });
  const lines = () => text.split('\n').slice(0, -1);
  return { log, lines, entries: () => lines().map((line) => JSON.parse(line)), text: () => text };
}

/** A JWT made for this test; its signature is no signature. */
const TOKEN = `${btoa('{"alg":"HS256"}')}.${btoa('{"sub":"anna"}').replaceAll('=', '')}.c2lnbmF0dXJl`;

describe('createLog', () => {
  it('writes one JSON object per line, with time, level, message and the fields', () => {
    const { log, lines } = captured({ fields: { node: 'node-1' } });
    log.info('job accepted', { jobId: 'j1', level: 'Full', blocks: 3n, at: NOW });
    expect(lines()).toEqual([
      '{"timestamp":"2026-10-17T08:00:00.000Z","level":"info","message":"job accepted","node":"node-1","jobId":"j1","_level":"Full","blocks":"3","at":"2026-10-17T08:00:00.000Z"}',
    ]);
  });

  it('writes text with quoted values', () => {
    const { log, lines } = captured({ format: 'text' });
    log.warn('slow', { jobId: 'j1', path: '/a b', ms: 12, list: ['x'] });
    expect(lines()).toEqual(['2026-10-17T08:00:00.000Z WARN  slow jobId=j1 path="/a b" ms=12 list=["x"]']);
  });

  it.each(LOG_LEVELS.map((level, index) => [level, index] as const))(
    'leaves out what is less important than %s',
    (level, index) => {
      const { log, entries } = captured({ level });
      for (const name of ['debug', 'info', 'warn', 'error'] as const) log[name]('m');
      expect(entries().map((entry) => entry.level)).toEqual(LOG_LEVELS.slice(Math.max(1, index)));
    },
  );

  it('writes nothing after it was closed', async () => {
    const { log, lines } = captured();
    await log.close();
    await log.close();
    log.error('late');
    expect(lines()).toEqual([]);
  });

  it('shows errors with code, place, stack and cause', () => {
    const { log, entries } = captured();
    const cause = new Error('ENOENT');
    log.error('failed', {
      error: new ProvChainError('NOT_A_CHAIN', 'no chain', { cause, place: { line: 3 } }),
    });
    expect(entries()[0].error).toMatchObject({
      code: 'NOT_A_CHAIN',
      message: 'no chain',
      place: { line: 3 },
      stack: expect.stringContaining('create-log.test'),
      cause: { message: 'ENOENT' },
    });
  });
});

describe('withFields', () => {
  it('adds its fields to every line, and lets those of the line win', () => {
    const { log, entries } = captured();
    const ofRequest = withFields(log, { requestId: 'r1', jobId: 'none' });
    withFields(ofRequest, { user: 'anna' }).info('a', { jobId: 'j1' });
    ofRequest.debug('b');
    ofRequest.error('c');
    expect(entries()).toMatchObject([
      { requestId: 'r1', user: 'anna', jobId: 'j1' },
      { level: 'debug', requestId: 'r1', jobId: 'none' },
      { level: 'error', requestId: 'r1' },
    ]);
  });

  it('takes a log that writes nowhere', () => {
    expect(() => withFields(silentLog, { a: 1 }).warn('x')).not.toThrow();
  });
});

describe('a log', () => {
  it.each([
    ['a password', { password: 'hunter2-hunter2' }],
    ['a header', { headers: { Authorization: 'Basic YW5uYTpodW50ZXIy', cookie: 'sid=hunter2' } }],
    ['a token in a nested object', { body: [{ refreshToken: 'hunter2' }] }],
    ['a secret that is a number', { jwt_secret_key: 4711, apiKey: 'hunter2' }],
    ['a map', { headers: new Map([['x-api-key', 'hunter2']]) }],
  ])('redacts %s by the name of its field', (_, fields) => {
    const { log, text } = captured();
    log.info('request', fields);
    expect(text()).not.toMatch(/hunter2|YW5uY|4711/);
    expect(text()).toContain('[redacted]');
  });

  it.each([
    ['a bearer token', 'sent Bearer hunter2.hunter2-hunter2 to it', 'sent Bearer [redacted] to it'],
    ['basic credentials', 'Basic aHVudGVyMjpodW50ZXIy', 'Basic [redacted]'],
    ['a JWT', `got ${TOKEN}!`, 'got [redacted]!'],
    [
      'a Redis URL',
      'redis://:hunter2@/x?@10.0.0.1:6379/0 refused',
      'redis://[redacted]@10.0.0.1:6379/0 refused',
    ],
    ['a URL with a user', 'GET https://anna:hunter2@host/a@b', 'GET https://[redacted]@host/a@b'],
    ['a query', '/login?token=hunter2&next=1', '/login?token=[redacted]&next=1'],
    [
      'JSON in a text',
      '{"password":"hunter2 hunter2","user":"anna"}',
      '{"password":[redacted],"user":"anna"}',
    ],
    ['a password hash', '$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$aGFzaA end', '[redacted] end'],
    [
      'a private key',
      '-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----\nafter',
      '[redacted]\nafter',
    ],
  ])('redacts %s by how it looks, in messages and values', (_, text, clean) => {
    const { log, entries } = captured();
    log.info(text, { value: text, error: new Error(text) });
    const [entry] = entries();
    expect(entry.message).toBe(clean);
    expect(entry.value).toBe(clean);
    expect(entry.error.message).toBe(clean);
    expect(entry.error.stack).not.toContain('hunter2');
  });

  it('redacts the secrets that it was told of, wherever they stand', () => {
    const { log, text } = captured({ secrets: ['correct horse battery', 'short'] });
    log.info('a correct horse battery b', { 'x correct horse battery': 'short' });
    expect(text()).not.toContain('horse');
    expect(text()).toContain('short');
  });

  it('redacts a secret that begins just before the text is cut', () => {
    const { log, entries } = captured();
    log.info('m', { value: `${'x'.repeat(4080)} Bearer ${'hunter2'.repeat(20)}` });
    expect(entries()[0].value).not.toContain('hunter2');
  });

  it('leaves ordinary fields alone', () => {
    const { log, entries } = captured();
    const fields = { headHash: 'ab'.repeat(32), url: 'https://host/a?b=c', signature: 'x', tokens: false };
    log.info('basic checks of a chain passed', fields);
    expect(entries()[0]).toMatchObject({ message: 'basic checks of a chain passed', ...fields });
  });

  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to find.
  const terminators = /[\n\r\u0000-\u0009\u000b\u001b\u007f-\u009f\u2028\u2029\u202e\u2066]/;

  it.each(['json', 'text'] as const)('in %s format stays one line, whatever a user sends', (format) => {
    const sent = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('\n', '\r\n2026 ERROR forged', '\u2028', '\u001b[2K', '\u009b2K', '\u202e', '"}\n{"'),
    );
    fc.assert(
      fc.property(sent, fc.dictionary(sent, fc.anything()), (message, fields) => {
        const { log, lines } = captured({ format });
        log.info(message, fields);
        expect(lines()).toHaveLength(1);
        expect(lines()[0]).not.toMatch(terminators);
        if (format === 'json') expect(JSON.parse(lines()[0]!)).toMatchObject({ level: 'info' });
      }),
      { numRuns: 150 },
    );
  });

  it('cannot be told a time, level or message by a field', () => {
    const { log, entries } = captured();
    log.debug(
      'real',
      JSON.parse('{"message":"forged","level":"error","timestamp":"1970","__proto__":{"a":1}}'),
    );
    expect(entries()[0]).toMatchObject({ message: 'real', level: 'debug', timestamp: NOW.toISOString() });
    expect(entries()[0]._message).toBe('forged');
  });

  it('takes cycles, depth, getters that throw, functions and large values without throwing', () => {
    const { log, lines, entries } = captured();
    const cyclic: Record<string, unknown> = { name: 'cyclic' };
    cyclic.self = cyclic;
    let deep: unknown = 'end';
    for (let depth = 0; depth < 10_000; depth++) deep = [deep];
    log.info('odd', {
      cyclic,
      deep,
      bytes: new Uint8Array(5),
      text: 'x'.repeat(1_000_000),
      many: Array.from({ length: 10_000 }, (_, index) => index),
      nan: Number.NaN,
      call: () => 1,
      date: new Date(Number.NaN),
      get broken(): string {
        throw new Error('no');
      },
    });
    expect(entries()[0]).toMatchObject({
      cyclic: { name: 'cyclic', self: '[circular]' },
      bytes: '[5 bytes]',
      nan: 'NaN',
      call: '[function]',
      date: '[invalid date]',
      broken: '[unreadable]',
    });
    expect(lines()[0]!.length).toBeLessThan(6000);
  });
});
