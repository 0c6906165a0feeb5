import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { linesOf, makeLog } from '../audit/support.js';
import { temporaryFolder } from '../support/chains.js';
import { provchain } from '../support/cli.js';

const folder = temporaryFolder();
let logs = 0;
let file: string;

beforeEach(async () => {
  file = join(folder.path, `${logs++}`, 'audit.log');
  await makeLog(file, 12, { maxBytes: 2000 });
});

afterAll(() => folder.remove());

describe('audit verify', () => {
  it('says that an intact log is intact, and exits 0', async () => {
    const plain = await provchain(['audit', 'verify', file]);
    expect(plain).toMatchObject({ status: 0, stderr: '' });
    expect(plain.stdout).toContain('intact: 12 lines in');
    expect(plain.stdout).toContain(`last hash ${linesOf(file).at(-1)?.hash}`);
    const json = await provchain(['audit', 'verify', file, '--json']);
    expect(JSON.parse(json.stdout)).toMatchObject({
      intact: true,
      lines: 12,
      firstSeq: 1,
      last: { seq: 12 },
    });
  });

  it('names file and line of what was altered, and exits 2', async () => {
    writeFileSync(file, readFileSync(file, 'utf8').replace('alice', 'mallo'));
    const plain = await provchain(['audit', 'verify', file]);
    expect(plain).toMatchObject({ status: 2, stderr: '' });
    expect(plain.stdout).toContain(`AUDIT_BROKEN ${file}:1: the line was altered: its hash is another`);
    expect(plain.stdout).toContain('altered: 12 lines in');
    const json = await provchain(['audit', 'verify', file, '--json']);
    expect(json).toMatchObject({ status: 2, stderr: '' });
    expect(JSON.parse(json.stdout)).toMatchObject({
      intact: false,
      code: 'AUDIT_BROKEN',
      problems: [{ kind: 'altered', source: file, line: 1 }],
    });
  });

  it('takes archived files as told, and finds that a known line is not there', async () => {
    rmSync(file.replace('audit.log', 'audit-0000000001.log'));
    expect((await provchain(['audit', 'verify', file])).status).toBe(2);
    expect((await provchain(['audit', 'verify', file, '--archived'])).status).toBe(0);
    const known = String(linesOf(file)[0]?.hash);
    const args = ['audit', 'verify', file, '--archived', '--contains'];
    expect((await provchain([...args, known])).status).toBe(0);
    expect(
      (await provchain([...args, known.replace(/./, (digit) => (digit === '0' ? '1' : '0'))])).status,
    ).toBe(2);
    expect((await provchain([...args, 'xyz'])).status).toBe(64);
  });

  it('exits 65 when there is no log', async () => {
    const { status, stderr } = await provchain(['audit', 'verify', join(folder.path, 'none.log'), '--json']);
    expect(status).toBe(65);
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'FILE_UNREADABLE' } });
  });
});
