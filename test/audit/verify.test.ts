import {
  appendFileSync,
  cpSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeEntry } from '../../src/audit/entry.js';
import { type AuditVerdict, verifyAudit } from '../../src/audit/index.js';
import { ZERO_HASH } from '../../src/chain/index.js';
import { temporaryFolder } from '../support/chains.js';
import { event, linesOf, makeLog, openLog } from './support.js';

const root = temporaryFolder();
const original = join(root.path, 'original');
let copies = 0;
/** Names of the files with lines, oldest first. */
let files: string[];

beforeAll(async () => {
  await makeLog(join(original, 'audit.log'), 24, { maxBytes: 2500 });
  files = [
    ...readdirSync(original)
      .filter((name) => /^audit-\d+/.test(name))
      .sort(),
    'audit.log',
  ];
  expect(files.length).toBeGreaterThan(2);
});

afterAll(() => root.remove());

/** A copy of the log that a test may damage. */
function copy(): { folder: string; file: string; verify(): Promise<AuditVerdict> } {
  const folder = join(root.path, `copy-${copies++}`);
  cpSync(original, folder, { recursive: true });
  const file = join(folder, 'audit.log');
  return { folder, file, verify: () => verifyAudit(file) };
}

const split = (path: string) => readFileSync(path, 'utf8').split('\n').slice(0, -1);
const join_ = (lines: readonly string[]) => lines.map((line) => `${line}\n`).join('');

/** Changes the lines of one file. */
function edit(path: string, change: (lines: string[]) => void): void {
  const lines = split(path);
  change(lines);
  writeFileSync(path, join_(lines));
}

describe('verifyAudit', () => {
  it('finds nothing wrong with a log of several files', async () => {
    expect(await copy().verify()).toMatchObject({
      ...{
        intact: true,
        lines: 24,
        firstSeq: 1,
        problemCount: 0,
        problems: [],
        incidents: [],
        unfinishedBytes: 0,
      },
      last: { seq: 24 },
      head: { seq: 24 },
    });
  });

  it('finds every change of a single byte, and the line', async () => {
    const { folder, verify } = copy();
    const bytes = files.map((name) => readFileSync(join(folder, name)));
    const change = fc.record({
      file: fc.nat(files.length - 1),
      at: fc.nat(),
      to: fc.oneof(fc.nat(255), fc.constantFrom(...'\n 0aA"{}\\,:')),
    });
    await fc.assert(
      fc.asyncProperty(change, async ({ file, at, to }) => {
        const good = bytes[file] as Buffer;
        const bad = Buffer.from(good);
        const index = at % bad.length;
        bad[index] = typeof to === 'number' ? to : to.charCodeAt(0);
        fc.pre(bad[index] !== good[index]);
        const path = join(folder, files[file] as string);
        const line = good.subarray(0, index).toString('latin1').split('\n').length;
        writeFileSync(path, bad);
        const verdict = await verify();
        writeFileSync(path, good);
        expect(verdict).toMatchObject({ intact: false, code: 'AUDIT_BROKEN' });
        expect(verdict.problems[0]).toMatchObject({ source: path, line });
      }),
      { numRuns: 600 },
    );
    expect((await verify()).intact).toBe(true);
  });

  it('finds changes of one bit all over the last line', async () => {
    const { file, verify } = copy();
    const good = readFileSync(file);
    const start = good.lastIndexOf(0x0a, good.length - 2) + 1;
    for (let index = start; index < good.length; index += 2) {
      const bad = Buffer.from(good);
      bad[index] = (bad[index] as number) ^ (1 << (index % 8));
      writeFileSync(file, bad);
      expect((await verify()).intact).toBe(false);
    }
  });

  it('finds every byte inserted, and every byte removed', async () => {
    const { folder, verify } = copy();
    const name = files[1] as string;
    const path = join(folder, name);
    const good = readFileSync(path);
    await fc.assert(
      fc.asyncProperty(fc.nat(good.length - 1), fc.option(fc.nat(255)), async (at, byte) => {
        const added = byte === null ? Buffer.alloc(0) : Buffer.from([byte]);
        const bad = Buffer.concat([good.subarray(0, at), added, good.subarray(byte === null ? at + 1 : at)]);
        writeFileSync(path, bad);
        const verdict = await verify();
        writeFileSync(path, good);
        expect(verdict.intact).toBe(false);
      }),
      { numRuns: 150 },
    );
  });

  it('finds lines removed anywhere but at the end, with the place and the numbers', async () => {
    for (let seq = 1; seq < 24; seq++) {
      const { folder, verify } = copy();
      const name = files.find((one) => linesOf(join(folder, one)).some((line) => line.seq === seq)) as string;
      const path = join(folder, name);
      edit(path, (lines) =>
        lines.splice(
          lines.findIndex((line) => JSON.parse(line).seq === seq),
          1,
        ),
      );
      const verdict = await verify();
      expect(verdict.problems).toMatchObject([
        { kind: 'removed', message: `line ${seq} is missing before this one` },
      ]);
    }
  });

  it('finds two lines that changed places, and one that is there twice', async () => {
    const swapped = copy();
    edit(swapped.file, (lines) => lines.splice(0, 2, ...lines.slice(0, 2).reverse()));
    expect((await swapped.verify()).problems.map(({ kind }) => kind)).toContain('reordered');
    const doubled = copy();
    edit(doubled.file, (lines) => lines.splice(1, 0, lines[0] ?? ''));
    expect((await doubled.verify()).problems).toMatchObject([
      { kind: 'reordered', source: doubled.file, line: 2 },
    ]);
  });

  it('finds a line that was replaced by one with a right hash of its own', async () => {
    const { file, verify } = copy();
    const [, second] = linesOf(file);
    const { hash: _, seq, prevHash, time, ...rest } = second ?? {};
    const before = { seq: Number(seq) - 1, hash: String(prevHash) };
    const { line } = encodeEntry({ ...rest, user: 'mallory' }, before, String(time));
    edit(file, (lines) => lines.splice(1, 1, line));
    expect((await verify()).problems).toMatchObject([{ kind: 'replaced', source: file, line: 3 }]);
  });

  it('finds a last line that was replaced in this way by the head file', async () => {
    const { file, verify } = copy();
    const last = linesOf(file).at(-1);
    const { hash: _, seq, prevHash, time, ...rest } = last ?? {};
    const before = { seq: Number(seq) - 1, hash: String(prevHash) };
    edit(file, (lines) =>
      lines.splice(-1, 1, encodeEntry({ ...rest, user: 'mallory' }, before, String(time)).line),
    );
    expect((await verify()).problems).toMatchObject([
      { kind: 'replaced', source: file, line: split(file).length },
    ]);
  });

  it('finds an end that was cut off, within the last file and with whole files', async () => {
    const cut = copy();
    edit(cut.file, (lines) => lines.splice(-1, 1));
    expect((await cut.verify()).problems).toMatchObject([
      { kind: 'truncated', message: 'the end was cut off: lines 24 to 24 are missing', source: cut.file },
    ]);
    const gone = copy();
    rmSync(gone.file);
    expect((await gone.verify()).problems).toMatchObject([{ kind: 'truncated', source: gone.file }]);
    const emptied = copy();
    for (const name of files) rmSync(join(emptied.folder, name));
    writeFileSync(emptied.file, '');
    expect((await emptied.verify()).problems).toMatchObject([
      { kind: 'truncated', message: expect.stringContaining('lines 1 to 24') },
    ]);
  });

  it('finds a whole file that is missing, misnamed or cut in the middle of a line', async () => {
    const missing = copy();
    rmSync(join(missing.folder, files[1] as string));
    expect((await missing.verify()).problems).toMatchObject([{ kind: 'removed', line: 1 }]);
    const swapped = copy();
    const [one, two] = files.map((name) => join(swapped.folder, name)) as [string, string];
    renameSync(one, `${one}.x`);
    renameSync(two, one);
    renameSync(`${one}.x`, two);
    expect((await swapped.verify()).intact).toBe(false);
    const torn = copy();
    const path = join(torn.folder, files[0] as string);
    const bytes = readFileSync(path);
    writeFileSync(path, bytes.subarray(0, bytes.length - 30));
    expect((await torn.verify()).problems[0]).toMatchObject({ kind: 'altered', source: path });
  });

  it('takes a log whose oldest files were archived when told so, and still finds holes in it', async () => {
    const { folder, file, verify } = copy();
    rmSync(join(folder, files[0] as string));
    expect((await verify()).problems).toMatchObject([{ kind: 'removed' }]);
    expect(await verifyAudit(file, { archived: true })).toMatchObject({ intact: true });
    rmSync(join(folder, files[2] as string));
    expect(await verifyAudit(file, { archived: true })).toMatchObject({ intact: false });
  });

  it('finds a log that was written anew by a hash that is known from before', async () => {
    const { folder, file, verify } = copy();
    const known = String(linesOf(file)[0]?.hash);
    expect(await verifyAudit(file, { contains: known })).toMatchObject({ intact: true });
    rmSync(folder, { recursive: true });
    await makeLog(file, 24, { now: () => new Date('2026-03-01T12:00:00.000Z') });
    expect(await verify()).toMatchObject({ intact: true });
    expect((await verifyAudit(file, { contains: known })).problems).toMatchObject([{ kind: 'unknown-hash' }]);
  });

  it('counts many problems and lists the first of them', async () => {
    const { file, verify } = copy();
    appendFileSync(file, 'x\n'.repeat(500));
    const verdict = await verify();
    expect([verdict.problemCount, verdict.problems.length]).toEqual([500, 100]);
  });

  it('reads a line of megabytes without keeping it, and lines after it', async () => {
    const { file, verify } = copy();
    const lines = split(file);
    writeFileSync(file, `${'y'.repeat(3_000_000)}\n${join_(lines)}`);
    expect((await verify()).problems[0]).toMatchObject({
      kind: 'altered',
      line: 1,
      message: expect.stringContaining('longer than any'),
    });
  });

  it('says FILE_UNREADABLE when there is no log', async () => {
    const file = join(root.path, 'none', 'audit.log');
    await expect(verifyAudit(file)).rejects.toMatchObject({
      code: 'FILE_UNREADABLE',
      place: { source: file },
    });
  });

  it('finds nothing wrong with a log that is written and rotated meanwhile', async () => {
    const file = join(root.path, 'busy', 'audit.log');
    const log = await openLog(file, { maxBytes: 3000 });
    let done = false;
    const writing = (async () => {
      for (let i = 0; i < 400; i += 4) await Promise.all([0, 1, 2, 3].map((j) => log.record(event(i + j))));
      done = true;
    })();
    let checks = 0;
    while (!done) {
      const verdict = await verifyAudit(file);
      expect(verdict.problems).toEqual([]);
      checks += 1;
    }
    await writing;
    await log.close();
    expect(checks).toBeGreaterThan(0);
    expect(await verifyAudit(file)).toMatchObject({ intact: true, lines: 400 });
  });
});

describe('the hash of a line', () => {
  it('is what its description says, so that other programs can check it', () => {
    const { line, point } = encodeEntry(
      { action: 'auth.login', outcome: 'ok', user: 'alice' },
      { seq: 0, hash: ZERO_HASH },
      '2026-03-01T12:00:00.000Z',
    );
    expect(point).toEqual({
      seq: 1,
      hash: 'cacd902c659657d9f229028bbf76ff6b1027325bfd306d0a02ba1698026d2f07',
    });
    expect(line).toBe(
      `{"action":"auth.login","hash":"${point.hash}","outcome":"ok","prevHash":"${ZERO_HASH}","seq":1,` +
        '"time":"2026-03-01T12:00:00.000Z","user":"alice"}',
    );
  });
});
