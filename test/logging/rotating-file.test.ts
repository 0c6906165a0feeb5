import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLog } from '../../src/logging/index.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'provchain-log-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const logFiles = () => readdirSync(folder).filter((name) => /^app-[\d-]+(?:\.\d+)?\.log$/.test(name));

function open(maxSizeMb = 1, maxFiles = 3) {
  return createLog({
    level: 'info',
    format: 'json',
    output: 'none',
    file: { path: join(folder, 'app.log'), maxSizeMb, maxFiles },
  });
}

describe('the log file', () => {
  it('is reached under its configured name, and holds every line once the log is closed', async () => {
    const log = open();
    for (let index = 0; index < 1000; index++) log.info('line', { index });
    await log.close();
    const lines = readFileSync(join(folder, 'app.log'), 'utf8').trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line).index)).toEqual(Array.from({ length: 1000 }, (_, i) => i));
    expect(lstatSync(join(folder, 'app.log')).isSymbolicLink()).toBe(true);
    expect(lstatSync(join(folder, logFiles()[0]!)).mode & 0o777 & ~0o640).toBe(0);
  });

  it('is continued by the next start', async () => {
    for (const index of [0, 1]) {
      const log = open();
      log.info('line', { index });
      await log.close();
    }
    expect(readFileSync(join(folder, 'app.log'), 'utf8').trimEnd().split('\n')).toHaveLength(2);
    expect(logFiles()).toHaveLength(1);
  });

  it('is rotated by size, of which only so many are kept, the newest under the name', async () => {
    const log = open(0.05, 3);
    const text = 'x'.repeat(2000);
    for (let index = 0; index < 400; index++) {
      log.info('line', { index, text });
      // The rotation opens and ends its files asynchronously.
      if (index % 20 === 0) await sleep(5);
    }
    await log.close();
    expect(logFiles()).toHaveLength(3);
    const newest = readFileSync(join(folder, 'app.log'), 'utf8').trimEnd().split('\n');
    expect(JSON.parse(newest.at(-1)!).index).toBe(399);
    for (const name of logFiles()) expect(lstatSync(join(folder, name)).size).toBeLessThan(60_000);
  });

  it('that rotates deletes nothing else', async () => {
    writeFileSync(join(folder, 'app-notes.log'), 'mine');
    writeFileSync(join(folder, 'audit.log'), 'mine too');
    const log = open(0.01, 1);
    for (let index = 0; index < 50; index++) log.info('line', { text: 'x'.repeat(2000) });
    await log.close();
    expect(existsSync(join(folder, 'app-notes.log'))).toBe(true);
    expect(existsSync(join(folder, 'audit.log'))).toBe(true);
  });

  it('is refused with CONFIG_INVALID at the start when its folder cannot be', () => {
    writeFileSync(join(folder, 'file'), '');
    const path = join(folder, 'file', 'app.log');
    const options = { level: 'info', format: 'json', file: { path, maxSizeMb: 1, maxFiles: 1 } } as const;
    expect(() => createLog(options)).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', place: { source: path } }),
    );
  });

  it('that breaks is reported once and does not end the process; the other output goes on', async () => {
    const output = new PassThrough();
    let text = '';
    output.on('data', (chunk) => {
      text += chunk;
    });
    // A folder where the file should be: opening it fails, as a full disk does, after the log was made.
    const today = new Date().toISOString().slice(0, 10);
    mkdirSync(join(folder, `app-${today}.log`));
    mkdirSync(join(folder, `app-${today}.1.log`));
    const log = createLog({
      level: 'info',
      format: 'json',
      output,
      file: { path: join(folder, 'app.log'), maxSizeMb: 100, maxFiles: 1 },
    });
    log.info('first');
    await expect.poll(() => text, { timeout: 5000 }).toContain('the log file cannot be written');
    log.info('second');
    await log.close();
    const messages = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).message);
    expect(messages).toEqual(['first', expect.stringContaining('cannot be written'), 'second']);
  });
});
