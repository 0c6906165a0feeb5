import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { silentLog } from '../../src/logging/index.js';
import { openState } from '../../src/state/index.js';
import { copyChain, temporaryFolder } from '../support/chains.js';

const folder = temporaryFolder();
afterAll(folder.remove);

let count = 0;
const newDir = () => join(folder.path, `state-${count++}`);
const open = (dir = newDir()) => openState(dir, { log: silentLog });

describe('State', () => {
  it('gives back what was put, after it was opened again too', async () => {
    const dir = newDir();
    const state = await open(dir);
    await state.put([
      ['a', { n: 1, text: 'ü😀' }],
      ['b', null],
      ['c', [1, 'x', false]],
    ]);
    await state.delete(['c', 'never there']);
    for (const opened of [state, undefined]) {
      const seen = opened ?? (await open(dir));
      expect(await seen.get('a')).toEqual({ n: 1, text: 'ü😀' });
      expect(await seen.get('b')).toBeNull();
      expect(await seen.get('c')).toBeUndefined();
      await seen.close();
    }
  });

  it('takes a key away where its value is undefined, in one batch with what is set', async () => {
    const state = await open();
    await state.put([['old', 1]]);
    await state.put([
      ['old', undefined],
      ['new', 2],
    ]);
    expect(await state.scan('')).toEqual([{ key: 'new', value: 2 }]);
    await state.close();
  });

  it('keeps the order of calls for one key', async () => {
    const state = await open();
    await Promise.all(Array.from({ length: 500 }, (_, n) => state.put([['key', n]])));
    expect(await state.get('key')).toBe(499);
    await state.close();
  });

  it('writes what is called together with one sync, and what comes meanwhile with the next', async () => {
    const state = await open();
    await Promise.all(Array.from({ length: 1000 }, (_, n) => state.put([[`k${n}`, n]])));
    expect(state.stats()).toEqual({ changes: 1000, batches: 1 });
    const first = state.put([['x', 0]]);
    await sleep(0);
    const later = Array.from({ length: 100 }, (_, n) => state.put([[`y${n}`, n]]));
    await Promise.all([first, ...later]);
    expect(state.stats()).toEqual({ changes: 1101, batches: 3 });
    await state.close();
  });

  it('scans as a sorted list of the keys would, for any prefix, start, limit and direction', async () => {
    const key = fc.string({
      minLength: 1,
      maxLength: 4,
      unit: fc.constantFrom('a', 'b', '/', 'é', '￿', '😀'),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(key, { maxLength: 40 }),
        fc.oneof(fc.constant(''), key),
        fc.option(key, { nil: undefined }),
        fc.integer({ min: 0, max: 50 }),
        fc.boolean(),
        async (keys, prefix, after, limit, reverse) => {
          const state = await open();
          await state.put(keys.map((name) => [name, name]));
          const bytes = (text: string) => Buffer.from(text);
          const sign = reverse ? -1 : 1;
          const expected = keys
            .filter((name) => name.startsWith(prefix))
            .filter((name) => after === undefined || sign * Buffer.compare(bytes(name), bytes(after)) > 0)
            .sort((a, b) => sign * Buffer.compare(bytes(a), bytes(b)))
            .slice(0, limit);
          const found = await state.scan<string>(prefix, { after, limit, reverse });
          expect(found).toEqual(expected.map((name) => ({ key: name, value: name })));
          await state.close();
        },
      ),
      { numRuns: 60 },
    );
  });

  it('pages through more entries than one read takes', async () => {
    const state = await open();
    const names = Array.from({ length: 2500 }, (_, n) => `p/${String(n).padStart(5, '0')}`);
    await state.put(names.map((name) => [name, 1]));
    const seen: string[] = [];
    for (let after: string | undefined; ; ) {
      const page = await state.scan('p/', { after, limit: 700 });
      seen.push(...page.map((entry) => entry.key));
      if (page.length < 700) break;
      after = page.at(-1)!.key;
    }
    expect(seen).toEqual(names);
    await state.close();
  });

  it('moves a long log into files by itself', async () => {
    const dir = newDir();
    const state = await open(dir);
    for (let n = 0; n < 12; n++) await state.put([[`big/${n}`, 'x'.repeat(1 << 20)]]);
    const logs = readdirSync(join(dir, 'db')).filter((name) => name.endsWith('.log'));
    const bytes = logs.reduce((sum, name) => sum + statSync(join(dir, 'db', name)).size, 0);
    expect(bytes).toBeLessThan(9 << 20);
    expect(await state.get('big/0')).toHaveLength(1 << 20);
    await state.close();
  });

  it('fails with INTERNAL after closing', async () => {
    const state = await open();
    await state.close();
    await expect(state.put([['a', 1]])).rejects.toMatchObject({ code: 'INTERNAL' });
  });
});

describe('openState', () => {
  it('fails with LOCKED when it is open already, in another process too', async () => {
    const dir = newDir();
    const child = startWriter(dir, 0);
    await child.told(1);
    await expect(open(dir)).rejects.toMatchObject({ code: 'LOCKED', place: { source: dir } });
    await child.kill();
    const state = await open(dir);
    await expect(open(dir)).rejects.toMatchObject({ code: 'LOCKED' });
    await state.close();
  });

  it('fails with CONFIG_INVALID where a file is in the way', async () => {
    const dir = newDir();
    writeFileSync(dir, '');
    await expect(open(dir)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });

  it('makes the directory readable by its owner only', async () => {
    const dir = newDir();
    await (await open(dir)).close();
    expect(statSync(dir).mode & 0o777).toBe(0o700);
  });

  it('leaves out a record cut off at the end of the log, at whatever byte', async () => {
    const { dir, log, confirmedBytes } = await unflushed();
    const size = statSync(log).size;
    for (let cut = 1; cut <= 16; cut++) {
      const torn = copyChain(dir, newDir());
      truncateSync(log.replace(dir, torn), size - Math.ceil(((size - confirmedBytes) * cut) / 16));
      const state = await open(torn);
      expect(await state.get('first')).toBe('kept');
      expect(await state.get('last')).toBeUndefined();
      await state.close();
    }
  });

  it('refuses with STORE_CORRUPT where a confirmed record of the log was changed', async () => {
    const { dir, log, confirmedBytes } = await unflushed();
    const bytes = readFileSync(log);
    bytes[Math.floor(confirmedBytes / 2)]! ^= 1;
    writeFileSync(log, bytes);
    await expect(open(dir)).rejects.toMatchObject({ code: 'STORE_CORRUPT', place: { source: dir } });
  });
});

describe('kill -9 while writing', () => {
  it('loses nothing that was confirmed, 12 times over the same state', async () => {
    const dir = newDir();
    const confirmed: number[] = [];
    let first = 0;
    for (let round = 0; round < 12; round++) {
      const child = startWriter(dir, first);
      if (round % 4 > 0) await child.told(1);
      await sleep((round * 37) % 110);
      const numbers = await child.kill();
      confirmed.push(...numbers);
      first = Math.max(first, ...numbers.map((n) => n + 1)) + 1000;
    }
    const state = await open(dir);
    for (const n of confirmed) {
      const value = await state.get<{ n: number; text: string }>(`n/${n}`);
      expect(value?.n).toBe(n);
      expect(value?.text.startsWith(String(n))).toBe(true);
    }
    await state.close();
    expect(confirmed.length).toBeGreaterThan(100);
  });
});

/** A state whose log holds `first`, of which `confirmedBytes` bytes are, and then `last`, as a killed process leaves it. */
async function unflushed() {
  const live = newDir();
  const state = await open(live);
  const logOf = (dir: string) => {
    const logs = readdirSync(join(dir, 'db')).filter((name) => name.endsWith('.log'));
    return join(dir, 'db', logs.sort().at(-1)!);
  };
  await state.put([['first', 'kept']]);
  const confirmedBytes = statSync(logOf(live)).size;
  await state.put([['last', 'x'.repeat(70_000)]]);
  // Copying the files within their process gives the lock back, which matters to nobody here.
  const dir = copyChain(live, newDir());
  await state.close();
  return { dir, log: logOf(dir), confirmedBytes };
}

function startWriter(dir: string, first: number) {
  const script = fileURLToPath(new URL('./writer-child.js', import.meta.url));
  const child = spawn(process.execPath, [script, dir, String(first)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  let wake = () => {};
  child.stdout.on('data', (bytes) => {
    output += bytes;
    wake();
  });
  const exited = new Promise<void>((resolve) => child.once('close', () => resolve()));
  // A killed process may leave half a line.
  const lines = () =>
    output
      .slice(0, output.lastIndexOf('\n') + 1)
      .split('\n')
      .filter(Boolean);
  return {
    async told(wanted: number) {
      while (lines().length < wanted) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    async kill(): Promise<number[]> {
      child.kill('SIGKILL');
      await exited;
      return lines().slice(1).map(Number);
    },
  };
}
