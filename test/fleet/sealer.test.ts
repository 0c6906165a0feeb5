import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { createSealer, sealingSecret } from '../../src/fleet/index.js';
import { silentLog } from '../../src/logging/index.js';

const SECRET = Buffer.from('a secret that is long enough to be one');
const sealer = createSealer(SECRET, 'job-result');

describe('Sealer', () => {
  it('opens what it sealed, for any text and place', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string(), (text, place) => {
        expect(sealer.open(sealer.seal(text, place), place)).toBe(text);
      }),
    );
  });

  it('keeps its format: values of an older version of the program stay readable', () => {
    const sealed = 's1.1csUapZjTOxUqB_BUwJHzIyoCrOGwI8gVU8WZPV5r8Q.text';
    expect(sealer.seal('text', 'place')).toBe(sealed);
    expect(sealer.open(sealed, 'place')).toBe('text');
  });

  it('refuses a text with any one character changed, and any beginning of it', () => {
    const sealed = sealer.seal('a report that says healthy', 'job-1');
    for (let at = 0; at < sealed.length; at++) {
      const other = sealed[at] === 'x' ? 'y' : 'x';
      expect(sealer.open(sealed.slice(0, at) + other + sealed.slice(at + 1), 'job-1')).toBeUndefined();
      expect(sealer.open(sealed.slice(0, at), 'job-1')).toBeUndefined();
    }
  });

  it('refuses another purpose, another place and another secret', () => {
    const sealed = sealer.seal('text', 'place');
    expect(createSealer(SECRET, 'cached-result').open(sealed, 'place')).toBeUndefined();
    expect(
      createSealer(Buffer.from('another one of at least 32 bytes'), 'job-result').open(sealed, 'place'),
    ).toBe(undefined);
    expect(sealer.open(sealed, 'elsewhere')).toBeUndefined();
    expect(sealer.open(sealed)).toBeUndefined();
  });

  it('tells where the place ends and the text begins', () => {
    const body = (sealed: string) => sealed.slice(0, 's1.'.length + 43);
    expect(body(sealer.seal('bc', 'a'))).not.toBe(body(sealer.seal('c', 'ab')));
    expect(body(sealer.seal('0:x', ''))).not.toBe(body(sealer.seal('x', '0:')));
  });

  it.each([null, undefined, '', 'text', 's1.', `s1.${'é'.repeat(43)}.text`])('refuses %j', (sealed) => {
    expect(sealer.open(sealed)).toBeUndefined();
  });
});

describe('sealingSecret', () => {
  const away = ['redis://redis.internal:6379'];

  it('takes a secret of 32 bytes, wherever Redis is', () => {
    expect(sealingSecret('x'.repeat(32), away, silentLog)).toEqual(Buffer.from('x'.repeat(32)));
  });

  it('fails with CONFIG_INVALID for a shorter one, on the loopback too', () => {
    for (const urls of [away, ['redis://127.0.0.1']]) {
      expect(() => sealingSecret('x'.repeat(31), urls, silentLog)).toThrow(
        expect.objectContaining({ code: 'CONFIG_INVALID' }),
      );
    }
  });

  it.each([
    [['redis://127.0.0.1:6379', 'redis://redis.internal']],
    [['redis://127.0.0.1.example.org']],
    [['redis://localhost.example.org']],
    [['redis://10.0.0.1']],
    [['no url']],
  ])('fails with CONFIG_INVALID without one when a Redis is elsewhere: %j', (urls) => {
    expect(() => sealingSecret(undefined, urls, silentLog)).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID' }),
    );
  });

  it.each([
    'redis://localhost',
    'redis://127.0.0.1:7000/2',
    'redis://user:word@127.1.2.3',
    'redis://[::1]:6379',
  ])('warns, and gives all nodes one, without one at %s', (url) => {
    const log = { ...silentLog, warn: vi.fn() };
    expect(sealingSecret('', [url], log)).toEqual(sealingSecret(undefined, [url], silentLog));
    expect(log.warn).toHaveBeenCalledOnce();
  });
});
