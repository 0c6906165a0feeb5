import { spawnSync } from 'node:child_process';
import { hash } from 'node:crypto';
import {
  appendFileSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { encodeHead } from '../../src/audit/files.js';
import { type AuditEvent, verifyAudit } from '../../src/audit/index.js';
import { canonicalJson, ZERO_HASH } from '../../src/chain/index.js';
import { temporaryFolder } from '../support/chains.js';
import { event, headOf, linesOf, makeLog, openLog } from './support.js';

const CHILD = fileURLToPath(new URL('./writer-child.js', import.meta.url));
const root = temporaryFolder();
let folders = 0;
let folder: string;
let file: string;

beforeEach(() => {
  folder = join(root.path, `log-${folders++}`);
  file = join(folder, 'audit.log');
});

afterAll(() => root.remove());

/** Makes the head file say that this line was the last that was acknowledged. */
function setHead(seq: number, digest: unknown): void {
  writeFileSync(join(folder, 'audit.head.json'), encodeHead({ seq, hash: String(digest) }));
}

describe('record', () => {
  it('writes one canonical JSON line with number, time and the hash of the line before', async () => {
    await makeLog(file, 3);
    const lines = linesOf(file);
    expect(lines.map(({ seq, time, prevHash }) => [seq, time, prevHash])).toEqual([
      [1, '2026-03-01T12:00:01.000Z', ZERO_HASH],
      [2, '2026-03-01T12:00:02.000Z', lines[0]?.hash],
      [3, '2026-03-01T12:00:03.000Z', lines[1]?.hash],
    ]);
    for (const line of lines) {
      const { hash: digest, ...body } = line;
      expect(digest).toBe(hash('sha256', canonicalJson(body)));
    }
    expect(readFileSync(file, 'utf8')).toBe(lines.map((line) => `${canonicalJson(line)}\n`).join(''));
    expect(lines[0]).toMatchObject({
      ...{ action: 'block.append', outcome: 'ok', user: 'alice', role: 'operator', address: '192.0.2.1' },
      ...{ requestId: 'request-1', target: 'POST /api/blocks', details: { index: 1 } },
    });
    expect(headOf(folder)).toEqual({ seq: 3, hash: lines[2]?.hash });
  });

  it('resolves when the line is in the file and the head names it or a later one', async () => {
    const log = await openLog(file);
    await Promise.all(
      Array.from({ length: 200 }, async (_, i) => {
        await log.record(event(i));
        const { details, seq } = linesOf(file).find((line) => line.requestId === `request-${i}`) ?? {};
        expect(details).toMatchObject({ index: i });
        expect(headOf(folder).seq).toBeGreaterThanOrEqual(Number(seq));
      }),
    );
    expect(log.head()).toEqual(headOf(folder));
    await log.close();
    expect(await verifyAudit(file)).toMatchObject({ intact: true, lines: 200, firstSeq: 1 });
  });

  it('keeps text of users in one line and away from the terminal of the reader', async () => {
    const log = await openLog(file);
    const texts = fc.string({ unit: 'binary', maxLength: 60 });
    const events: fc.Arbitrary<AuditEvent> = fc.record({
      action: fc.constant('auth.login'),
      outcome: fc.constantFrom('ok', 'refused', 'failed'),
      user: texts,
      target: texts,
      requestId: texts,
      details: fc.dictionary(texts, fc.oneof(texts, fc.double(), fc.boolean(), fc.constant(null)), {
        maxKeys: 5,
      }),
    });
    const nasty = 'a\nb\r\u2028\u2029\u0085\u202e\u0000\u001b[2J\ud800\u{e000}';
    const samples = fc.sample(events, { numRuns: 300, seed: 11 });
    samples.push({
      action: nasty,
      outcome: 'ok',
      user: nasty,
      details: { [nasty]: nasty, __proto__: 'x' } as never,
    });
    await Promise.all(samples.map((sample) => log.record(sample)));
    await log.close();
    const text = readFileSync(file, 'utf8');
    expect(text.split('\n')).toHaveLength(samples.length + 1);
    expect(text).not.toMatch(/[^\n\P{Cc}]|\p{Zl}|\p{Zp}|\p{Bidi_Control}/u);
    expect(linesOf(file).at(-1)?.user).toContain('a\\u{a}b\\u{d}\\u{2028}');
    expect((await verifyAudit(file)).intact).toBe(true);
  });

  it('bounds what users send', async () => {
    const log = await openLog(file);
    const details = Object.fromEntries(
      Array.from({ length: 500 }, (_, i) => [`key${i}`, '"\\'.repeat(10_000)]),
    );
    await log.record({ action: 'x', outcome: 'ok', user: '𝒶'.repeat(100_000), details });
    await log.close();
    expect(statSync(file).size).toBeLessThan(64 * 1024);
    expect((await verifyAudit(file)).intact).toBe(true);
  });

  it('writes no secrets, even if a caller hands them over', async () => {
    const log = await openLog(file);
    const secret = 'Zx81Qp72LmNo';
    await log.record({
      action: 'auth.login',
      outcome: 'refused',
      target: `redis://user:${secret}@host/0`,
      details: {
        password: secret,
        newPassword: secret,
        refreshToken: secret,
        Authorization: secret,
        jwt_secret_key: secret,
        header: `Bearer ${secret}`,
        note: `eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.${secret}`,
        pem: `-----BEGIN PRIVATE KEY-----\n${secret}`,
        status: 401,
      },
    });
    await log.close();
    const text = readFileSync(file, 'utf8');
    expect(text).not.toContain(secret);
    expect(linesOf(file)[0]).toMatchObject({
      target: 'redis://user:[redacted]@host/0',
      details: { password: '[redacted]', header: '[redacted]', status: 401 },
    });
  });

  it('is refused after close, with STORE_UNAVAILABLE when another process writes to the file, and goes on after', async () => {
    const log = await openLog(file);
    await log.record(event(1));
    const before = readFileSync(file);
    appendFileSync(file, 'x');
    await expect(log.record(event(2))).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      place: { source: file },
    });
    expect(readFileSync(file).subarray(0, before.length)).toEqual(before);
    await log.record(event(3));
    await log.close();
    await expect(log.record(event(4))).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
    expect(linesOf(file).map(({ action, requestId }) => requestId ?? action)).toEqual([
      'request-1',
      'audit.recovered',
      'request-3',
    ]);
    expect((await verifyAudit(file)).intact).toBe(true);
  });

  it.runIf(process.platform === 'linux')(
    'is refused when the disk takes no more, and everything acknowledged before is there',
    async () => {
      // Like a full disk: the kernel takes a part of what is written, and then nothing.
      const line = `trap '' XFSZ; ulimit -f 8; exec "$0" "$1" "$2"`;
      const child = spawnSync('/bin/sh', ['-c', line, process.execPath, CHILD, file], { encoding: 'utf8' });
      const printed = child.stdout.trim().split('\n');
      expect(printed.at(-1)).toBe('STORE_UNAVAILABLE');
      const acknowledged = printed.slice(0, -1).filter((text) => /^\d+$/.test(text));
      expect(acknowledged.length).toBeGreaterThan(2);
      expect(await verifyAudit(file)).toMatchObject({ intact: true });
      await makeLog(file, 1);
      const ids = linesOf(file).map(({ requestId }) => requestId);
      expect(ids).toEqual(expect.arrayContaining([...acknowledged, 'request-1']));
      expect(await verifyAudit(file)).toMatchObject({ intact: true, unfinishedBytes: 0 });
    },
  );
});

describe('rotation', () => {
  it('begins a new file at the size and carries the chain over', async () => {
    await makeLog(file, 40, { maxBytes: 2000 });
    const names = readdirSync(folder).sort();
    expect(names.length).toBeGreaterThan(5);
    expect(names).toContain('audit-0000000001.log');
    const verdict = await verifyAudit(file);
    expect(verdict).toMatchObject({ intact: true, lines: 40, firstSeq: 1, last: { seq: 40 } });
    expect(verdict.files.map(({ source }) => source)).toEqual(
      [...names.filter((name) => /^audit-\d+\.log$/.test(name)), 'audit.log'].map((name) =>
        join(folder, name),
      ),
    );
    for (const { source, lines } of verdict.files.slice(0, -1)) {
      expect(source).toContain(String(linesOf(source)[0]?.seq).padStart(10, '0'));
      expect(linesOf(source)).toHaveLength(lines);
    }
  });

  it('goes on in a new file when the process died between two of its steps', async () => {
    await makeLog(file, 10, { maxBytes: 1000 });
    const active = linesOf(file);
    const firstSeq = Number(active[0]?.seq);
    // The last file has its number, and the new one was not made.
    writeFileSync(join(folder, `audit-${String(firstSeq).padStart(10, '0')}.log`), readFileSync(file));
    rmSync(file);
    expect((await verifyAudit(file)).intact).toBe(true);
    await makeLog(file, 2);
    expect(linesOf(file).map(({ seq }) => seq)).toEqual([11, 12]);
    expect(await verifyAudit(file)).toMatchObject({ intact: true, lines: 12, incidents: [] });
  });
});

describe('opening after a crash', () => {
  it('cuts off the beginning of a line at any byte, and says so in the next line', async () => {
    await makeLog(file, 3);
    const whole = readFileSync(file);
    const lastStart = whole.lastIndexOf(0x0a, whole.length - 2) + 1;
    const [, second] = linesOf(file);
    for (let length = lastStart + 1; length < whole.length - 1; length += 13) {
      writeFileSync(file, whole.subarray(0, length));
      // The third line was never acknowledged.
      setHead(2, second?.hash);
      expect(await verifyAudit(file)).toMatchObject({
        intact: true,
        lines: 2,
        unfinishedBytes: length - lastStart,
      });
      await makeLog(file, 1);
      const torn = whole.subarray(lastStart, length);
      expect(linesOf(file)[2]).toMatchObject({
        action: 'audit.recovered',
        seq: 3,
        details: { cutBytes: torn.length, cutSha256: hash('sha256', torn), completedLine: false },
      });
      expect(await verifyAudit(file)).toMatchObject({
        ...{ intact: true, lines: 4, unfinishedBytes: 0 },
        incidents: [{ action: 'audit.recovered', seq: 3, line: 3, source: file }],
      });
    }
  });

  it('completes a line that lacks nothing but its end', async () => {
    await makeLog(file, 3);
    const [, second, third] = linesOf(file);
    truncateSync(file, statSync(file).size - 1);
    setHead(2, second?.hash);
    await makeLog(file, 1);
    const lines = linesOf(file);
    expect(lines[2]).toEqual(third);
    expect(lines[3]).toMatchObject({ action: 'audit.recovered', details: { completedLine: true } });
    expect(await verifyAudit(file)).toMatchObject({ intact: true, lines: 5 });
  });

  it('keeps lines that the head does not name yet', async () => {
    await makeLog(file, 5);
    const [first] = linesOf(file);
    setHead(1, first?.hash);
    await makeLog(file, 1);
    expect(await verifyAudit(file)).toMatchObject({ intact: true, lines: 6, incidents: [] });
  });

  it.each<[string, (lines: string[]) => void, RegExp]>([
    ['its end is missing', (lines) => lines.splice(3, 2), /lines 4 to 5 were acknowledged and are not there/],
    ['everything is missing', (lines) => lines.splice(0), /lines 1 to 5/],
    [
      'its last line was altered',
      (lines) => lines.push(`${lines.pop()?.replace('alice', 'mallo')}`),
      /last line/,
    ],
    ['its last line is no line', (lines) => lines.push('hello'), /no JSON/],
  ])(
    'mends nothing when %s: it goes on, says so, and verification still finds it',
    async (_, damage, text) => {
      await makeLog(file, 5);
      const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
      damage(lines);
      writeFileSync(file, lines.map((line) => `${line}\n`).join(''));
      expect((await verifyAudit(file)).intact).toBe(false);
      await makeLog(file, 2);
      const after = readFileSync(file, 'utf8').split('\n').slice(0, -1);
      expect(after.slice(0, lines.length)).toEqual(lines);
      expect(JSON.parse(after[lines.length] ?? '')).toMatchObject({
        action: 'audit.damaged',
        outcome: 'failed',
        details: { damage: expect.stringMatching(text) },
      });
      const verdict = await verifyAudit(file);
      expect(verdict).toMatchObject({ intact: false, code: 'AUDIT_BROKEN' });
      expect(verdict.incidents.map(({ action }) => action)).toEqual(['audit.damaged']);
    },
  );

  it.each([
    ['missing', undefined],
    ['empty', ''],
    ['no JSON', 'x'],
  ])('says that the head file is %s, and goes on', async (_, text) => {
    await makeLog(file, 2);
    const head = join(folder, 'audit.head.json');
    if (text === undefined) rmSync(head);
    else writeFileSync(head, text);
    expect((await verifyAudit(file)).problems).toMatchObject([{ kind: 'head', source: head }]);
    await makeLog(file, 1);
    expect(linesOf(file)[2]).toMatchObject({ action: 'audit.damaged', seq: 3 });
  });
});
