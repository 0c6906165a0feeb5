import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { StorageFingerprints } from '../../src/cache/index.js';
import { temporaryFolder } from '../support/chains.js';

const folder = temporaryFolder();
afterAll(folder.remove);

let fingerprints: StorageFingerprints;
afterEach(() => fingerprints.close());

/** A directory that is watched, whose last look stays young: only a change that the system tells of makes another. */
async function watched() {
  const dir = join(mkdtempSync(join(folder.path, 'dir-')), 'chain');
  mkdirSync(join(dir, 'db'), { recursive: true });
  for (const name of [
    'chain.json',
    'replica.json',
    'anchor.json',
    'db/000010.sst',
    'db/000011.log',
    'db/LOG',
  ]) {
    writeFileSync(join(dir, name), 'x');
  }
  let now = 0;
  fingerprints = new StorageFingerprints({ clock: () => now, watch: true });
  await fingerprints.of(dir);
  now = 1000;
  const first = fingerprints.of(dir);
  await first;
  expect(fingerprints.of(dir)).toBe(first);
  return { dir, first };
}

const replace = (path: string) => {
  cpSync(path, `${path}.new`, { recursive: true, preserveTimestamps: true });
  renameSync(path, `${path}.old`);
  renameSync(`${path}.new`, path);
};

const SEEN: Record<string, (dir: string) => void> = {
  'a byte written to a file of the database': (dir) => appendFileSync(join(dir, 'db/000010.sst'), 'y'),
  'the times of a file set': (dir) => utimesSync(join(dir, 'db/000011.log'), 1, 1),
  'a file added': (dir) => writeFileSync(join(dir, 'db/000012.sst'), 'x'),
  'chain.json written': (dir) => writeFileSync(join(dir, 'chain.json'), 'y'),
  'the anchor replaced': (dir) => {
    writeFileSync(join(dir, 'anchor.json.tmp'), 'y');
    renameSync(join(dir, 'anchor.json.tmp'), join(dir, 'anchor.json'));
  },
  'the database replaced': (dir) => replace(join(dir, 'db')),
  'the whole directory replaced': (dir) => replace(dir),
};

describe('StorageFingerprints with a watch', () => {
  it.each(Object.keys(SEEN))('are taken anew at once after: %s', async (name) => {
    const { dir, first } = await watched();
    SEEN[name]!(dir);
    await expect.poll(async () => (await fingerprints.of(dir)) === (await first)).toBe(false);
  });

  it('see what is written to a database that took the place of another', async () => {
    const { dir } = await watched();
    replace(join(dir, 'db'));
    let shared = '';
    // Until it has stood still for a moment, none comes twice.
    await expect
      .poll(async () => {
        const before = shared;
        shared = await fingerprints.of(dir);
        return shared === before;
      })
      .toBe(true);
    appendFileSync(join(dir, 'db/000010.sst'), 'y');
    await expect.poll(async () => (await fingerprints.of(dir)) === shared).toBe(false);
  });

  it('are shared on after the diary of RocksDB or a temporary file beside the anchor was written', async () => {
    const { dir, first } = await watched();
    appendFileSync(join(dir, 'db/LOG'), 'opened');
    writeFileSync(join(dir, 'anchor.json.tmp'), 'y');
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(fingerprints.of(dir)).toBe(first);
  });
});
