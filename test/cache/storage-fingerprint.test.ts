import { execFile } from 'node:child_process';
import {
  appendFileSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { StorageFingerprints } from '../../src/cache/index.js';
import { openSource } from '../../src/ledger/index.js';
import { smallChain, temporaryFolder } from '../support/chains.js';

const execute = promisify(execFile);
const folder = temporaryFolder();
afterAll(folder.remove);

/** A chain directory by the names of its files only. */
function newDirectory(): string {
  const dir = mkdtempSync(join(folder.path, 'dir-'));
  mkdirSync(join(dir, 'db'));
  for (const name of ['chain.json', 'replica.json', 'anchor.json']) writeFileSync(join(dir, name), '{}');
  for (const name of [
    '000010.sst',
    '000011.sst',
    '000012.log',
    'CURRENT',
    'MANIFEST-000009',
    'OPTIONS-000007',
  ]) {
    writeFileSync(join(dir, 'db', name), `content of ${name}`);
  }
  for (const name of ['LOG', 'LOG.old.17', 'LOCK']) writeFileSync(join(dir, 'db', name), '');
  return dir;
}

/** A fingerprint of now, shared with nothing. */
const fingerprintOf = (dir: string) => new StorageFingerprints().of(dir);

function overwriteByte(path: string, at: number): void {
  const file = openSync(path, 'r+');
  writeSync(file, Buffer.from([readFileSync(path)[at]! ^ 1]), 0, 1, at);
  closeSync(file);
}

const CHANGES: Record<string, (dir: string) => void> = {
  'a byte changed in the middle of a table file': (dir) => overwriteByte(join(dir, 'db/000010.sst'), 5),
  'a byte changed, and the modification time set back': (dir) => {
    const path = join(dir, 'db/000010.sst');
    const { atime, mtime } = statSync(path);
    overwriteByte(path, 3);
    utimesSync(path, atime, mtime);
  },
  'a byte added to the log': (dir) => appendFileSync(join(dir, 'db/000012.log'), 'x'),
  'a file touched': (dir) => utimesSync(join(dir, 'db/000011.sst'), 1, 1),
  'a file rewritten with the same bytes': (dir) => {
    const path = join(dir, 'db/CURRENT');
    writeFileSync(path, readFileSync(path));
  },
  'a file renamed': (dir) => renameSync(join(dir, 'db/000010.sst'), join(dir, 'db/000099.sst')),
  'a file replaced by its copy': (dir) => {
    const path = join(dir, 'db/000010.sst');
    writeFileSync(`${path}.tmp`, readFileSync(path));
    renameSync(`${path}.tmp`, path);
  },
  'two files exchanged': (dir) => {
    const [a, b] = [join(dir, 'db/000010.sst'), join(dir, 'db/000011.sst')];
    renameSync(a, `${a}.tmp`);
    renameSync(b, a);
    renameSync(`${a}.tmp`, b);
  },
  'a file added': (dir) => writeFileSync(join(dir, 'db/000013.sst'), 'x'),
  'a file taken away': (dir) => unlinkSync(join(dir, 'db/000011.sst')),
  'chain.json changed': (dir) => writeFileSync(join(dir, 'chain.json'), '{ }'),
  'replica.json changed': (dir) => writeFileSync(join(dir, 'replica.json'), '{ }'),
  'anchor.json taken away': (dir) => rmSync(join(dir, 'anchor.json')),
};

describe('StorageFingerprints', () => {
  it('looks again after what this process has written, although the last look is young', async () => {
    const dir = newDirectory();
    let now = 1000;
    const fingerprints = new StorageFingerprints({ clock: () => now });
    now += 60;
    await fingerprints.of(dir);
    now += 60;
    const before = await fingerprints.of(dir);
    appendFileSync(join(dir, 'db/000012.log'), 'a block');
    expect(await fingerprints.of(dir)).toBe(before);
    fingerprints.forget(dir);
    expect(await fingerprints.of(dir)).not.toBe(before);
  });

  it('stays the same while nothing changes, for every instance and by every path', async () => {
    const dir = newDirectory();
    const link = `${dir}-link`;
    symlinkSync(dir, link);
    const first = await fingerprintOf(dir);
    expect(first).toMatch(/^[0-9a-f]{64}$/);
    expect(await fingerprintOf(dir)).toBe(first);
    expect(await fingerprintOf(link)).toBe(first);
  });

  it.each(Object.keys(CHANGES))('is another one after: %s', async (name) => {
    const dir = newDirectory();
    const before = await fingerprintOf(dir);
    CHANGES[name]!(dir);
    expect(await fingerprintOf(dir)).not.toBe(before);
  });

  it('is another one after each of any changes of any files, and never one that was there before', async () => {
    const files = ['db/000010.sst', 'db/000011.sst', 'db/000012.log', 'db/MANIFEST-000009', 'anchor.json'];
    const change = fc.record({
      file: fc.constantFrom(...files),
      byte: fc.nat({ max: 1 }),
      how: fc.nat({ max: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 5 }), async (changes) => {
        const dir = newDirectory();
        const seen = new Set([await fingerprintOf(dir)]);
        for (const { file, byte, how } of changes) {
          const path = join(dir, file);
          const { atime, mtime } = statSync(path);
          if (how === 0) appendFileSync(path, 'x');
          else if (how === 1) utimesSync(path, byte, byte);
          else overwriteByte(path, byte);
          if (how === 3) utimesSync(path, atime, mtime);
          const fingerprint = await fingerprintOf(dir);
          expect(seen).not.toContain(fingerprint);
          seen.add(fingerprint);
        }
      }),
      { numRuns: 15 },
    );
  });

  it('is the same after the diary and the lock of RocksDB changed', async () => {
    const dir = newDirectory();
    const before = await fingerprintOf(dir);
    appendFileSync(join(dir, 'db/LOG'), 'opened');
    renameSync(join(dir, 'db/LOG'), join(dir, 'db/LOG.old.18'));
    utimesSync(join(dir, 'db/LOCK'), 1, 1);
    expect(await fingerprintOf(dir)).toBe(before);
  });

  it('never comes again when the stamps have stood for less than a clock tick, since a change in it would not show', async () => {
    const dir = newDirectory();
    let now = 0;
    const fingerprints = new StorageFingerprints({ clock: () => now });
    const early = await fingerprints.of(dir);
    now = 1000;
    const settled = await fingerprints.of(dir);
    expect(settled).toBe(await fingerprintOf(dir));
    expect(early).toMatch(/^[0-9a-f]{64}$/);
    expect(early).not.toBe(settled);
  });

  it('fails with STORE_UNAVAILABLE where no chain directory is, and again for the next request', async () => {
    const fingerprints = new StorageFingerprints();
    const dir = join(folder.path, 'later');
    for (let i = 0; i < 2; i++) {
      await expect(fingerprints.of(dir)).rejects.toMatchObject({
        code: 'STORE_UNAVAILABLE',
        place: { source: dir },
      });
    }
    renameSync(newDirectory(), dir);
    expect(await fingerprints.of(dir)).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe('the thread that looks at the files', () => {
  const indexUrl = new URL('../../src/cache/index.js', import.meta.url).href;

  it('keeps a process alive until it has answered, and no longer', async () => {
    const script = `
      import { StorageFingerprints } from ${JSON.stringify(indexUrl)};
      const fingerprints = new StorageFingerprints();
      const looks = [1, 2].map(() => fingerprints.of(${JSON.stringify(newDirectory())}));
      process.stdout.write((await Promise.all([...looks, fingerprints.of('/nowhere').catch((error) => error.code)])).join(' '));`;
    const { stdout } = await execute(process.execPath, ['--input-type=module', '--eval', script]);
    expect(stdout).toMatch(/^([0-9a-f]{64}) \1 STORE_UNAVAILABLE$/);
  });
});

describe('StorageFingerprints, shared', () => {
  const dir = { path: '' };
  beforeAll(() => {
    dir.path = newDirectory();
  });

  /** Of a clock that only the test moves; the first pass is over, and the files have settled. */
  async function atRest() {
    let now = 0;
    const fingerprints = new StorageFingerprints({ clock: () => now });
    await fingerprints.of(dir.path);
    now = 1000;
    const first = fingerprints.of(dir.path);
    await first;
    const at = (ms: number) => {
      now = ms;
      return fingerprints.of(dir.path);
    };
    return { first, at, forget: () => fingerprints.forget(dir.path) };
  }

  it('gives all requests at once one pass', async () => {
    const { first, at } = await atRest();
    expect(at(1000)).toBe(first);
    expect(at(1050)).toBe(first);
  });

  it('begins a new one for a request that comes more than 50 ms after the last one began', async () => {
    const { first, at } = await atRest();
    const later = at(1051);
    expect(later).not.toBe(first);
    expect(await later).toBe(await first);
  });

  it('begins a new one before the last has had its time, for which no request then waits', async () => {
    const { first, at } = await atRest();
    // It begins the next pass, and does not wait for it.
    expect(at(1040)).toBe(first);
    const next = at(1051);
    expect(next).not.toBe(first);
    await next;
    // Begun at 1040, it is good for 50 ms from then on.
    expect(at(1060)).toBe(next);
    expect(at(1091)).not.toBe(next);
  });

  it('does not give one that was begun ahead of a change', async () => {
    const { first, at, forget } = await atRest();
    expect(at(1040)).toBe(first);
    forget();
    writeFileSync(join(dir.path, 'anchor.json'), '{"other":1}');
    expect(await at(1041)).not.toBe(await first);
  });

  it('lets those who come while an old pass is under way share the one after it', async () => {
    const { at } = await atRest();
    const slow = at(2000);
    const late = at(2100);
    expect(late).not.toBe(slow);
    expect(at(2200)).toBe(late);
    await late;
    expect(await at(2201)).toBe(await slow);
  });
});

describe('StorageFingerprints of a real chain', () => {
  it('is not changed by opening it for reading', async () => {
    const chain = join(folder.path, 'chain');
    await smallChain(chain, 5);
    const before = await fingerprintOf(chain);
    const source = await openSource(chain);
    await source.get('header', Buffer.alloc(8));
    await source.close();
    expect(await fingerprintOf(chain)).toBe(before);
    const table = readdirSync(join(chain, 'db')).find((name) => name.endsWith('.sst'))!;
    overwriteByte(join(chain, 'db', table), 20);
    expect(await fingerprintOf(chain)).not.toBe(before);
  });
});
