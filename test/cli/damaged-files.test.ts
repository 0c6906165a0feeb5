import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openWriter } from '../../src/ledger/index.js';
import type { Report } from '../../src/validation/index.js';
import { copyChain, smallChain, temporaryFolder } from '../support/chains.js';
import { provchain } from '../support/cli.js';

/**
 * Damage to the files of a store, seen from the command line: it never ends as Healthy, and never without a message.
 */

const folder = temporaryFolder();
const base = join(folder.path, 'base');
let copies = 0;

beforeAll(async () => {
  await smallChain(base, 120, 32);
  const writer = await openWriter(base);
  await writer.compact();
  await writer.close();
});
afterAll(folder.remove);

const filesOf = (dir: string, pattern: RegExp): string[] =>
  readdirSync(join(dir, 'db'))
    .filter((name) => pattern.test(name))
    .map((name) => join(dir, 'db', name));

/** The table file that holds a text: those of headers, payloads and tree records are different ones. */
function tableWith(dir: string, text: string): string {
  const path = filesOf(dir, /\.sst$/).find((file) => readFileSync(file).includes(text));
  if (path === undefined) throw new Error(`no table file holds ${text}`);
  return path;
}

function flip(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[at] ^= 0x10;
  writeFileSync(path, bytes);
}

const flipAt = (path: string, text: string) => flip(path, readFileSync(path).indexOf(text));

async function validate(
  dir: string,
  level: string,
): Promise<{ code: number; report: Report | undefined; stderr: string }> {
  const { status, stdout, stderr } = await provchain(['validate', dir, '--level', level, '--json']);
  return { code: status ?? -1, report: stdout === '' ? undefined : JSON.parse(stdout), stderr };
}

const copy = () => copyChain(base, join(folder.path, `copy-${copies++}`));

describe('provchain validate', () => {
  it.each(['minimal', 'standard', 'comprehensive', 'full'])(
    'is Healthy on the clean twin at %s',
    async (level) => {
      expect((await validate(copy(), level)).code).toBe(0);
    },
  );

  it.each([
    ['minimal', 'HEADER_UNREADABLE', '"historyRoot"'],
    ['standard', 'PAYLOAD_UNREADABLE', 'BATCH-'],
    ['full', 'PAYLOAD_UNREADABLE', 'BATCH-'],
  ])('is Corrupted at %s with %s for a bit flipped in the table that holds %s', async (level, code, text) => {
    const dir = copy();
    flipAt(tableWith(dir, text), text);
    const { code: exit, report } = await validate(dir, level);
    expect(exit).toBe(2);
    expect(report?.status).toBe('Corrupted');
    expect(report?.complete).toBe(false);
    expect(report?.findings.map((finding) => finding.code)).toContain(code);
  });

  it('is Corrupted with STORE_UNREADABLE when the records of chain and head cannot be read', async () => {
    const dir = copy();
    flipAt(tableWith(dir, '"chainId":"test-chain","format"'), '"chainId":"test-chain","format"');
    const { code, report } = await validate(dir, 'minimal');
    expect(code).toBe(2);
    expect(report).toMatchObject({ status: 'Corrupted', findingCounts: { STORE_UNREADABLE: 1 } });
  });

  it.each([
    ['a table file missing', /\.sst$/, (path: string) => rmSync(path)],
    [
      'a table file cut in half',
      /\.sst$/,
      (path: string) => truncateSync(path, readFileSync(path).length >> 1),
    ],
    ['an empty table file', /\.sst$/, (path: string) => truncateSync(path, 0)],
    ['a bit of the MANIFEST flipped', /^MANIFEST-/, (path: string) => flip(path, 40)],
    ['the MANIFEST missing', /^MANIFEST-/, (path: string) => rmSync(path)],
    ['CURRENT empty', /^CURRENT$/, (path: string) => truncateSync(path, 0)],
    ['CURRENT naming nothing', /^CURRENT$/, (path: string) => writeFileSync(path, 'MANIFEST-999999\n')],
  ] as const)('is Corrupted or Incomplete, and says why, for %s', async (_, pattern, damage) => {
    const dir = copy();
    const [path] = filesOf(dir, pattern);
    if (path === undefined) throw new Error('there is no such file');
    damage(path);
    const { code, report, stderr } = await validate(dir, 'standard');
    expect([2, 3]).toContain(code);
    expect(report?.status ?? stderr).toMatch(/Corrupted|Incomplete|error/);
    expect(report?.findings[0]?.details.reason ?? stderr).toMatch(/\w+/);
  });

  it('is Healthy for garbage in a log that held nothing: the chain still reaches its anchor', async () => {
    const dir = copy();
    for (const path of filesOf(dir, /\.log$/)) writeFileSync(path, Buffer.alloc(5000, 0x5a));
    const { code, report } = await validate(dir, 'standard');
    expect(code).toBe(0);
    expect(report?.checked.headers).toBe(121);
  });

  it('is Critical with TRUNCATED when the log is damaged before the anchored block', async () => {
    const dir = copy();
    const writer = await openWriter(dir);
    await writer.append(Buffer.from('<http://example.org/s> <http://example.org/p> "in the log" .\n'));
    const crashed = copyChain(dir, join(folder.path, 'crashed'));
    await writer.close();
    const log = filesOf(crashed, /\.log$/).find((path) => readFileSync(path).includes('in the log'));
    if (log === undefined) throw new Error('the block is not in the log');
    flipAt(log, 'in the log');
    const { code, report } = await validate(crashed, 'minimal');
    expect(code).toBe(2);
    expect(report?.findings.map((finding) => finding.code)).toContain('TRUNCATED');
  });
});
