import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blockKey } from '../../src/chain/index.js';
import { changeOneQuad } from '../../src/cli/tamper.js';
import { LEVELS, type Report } from '../../src/validation/index.js';
import { copyChain, smallChain, temporaryFolder } from '../support/chains.js';
import { CLI, finish, provchain, start } from '../support/cli.js';
import { tamper } from '../support/raw-store.js';

const folder = temporaryFolder();
const chain = join(folder.path, 'chain');
const BLOCKS = 40;
const ESCAPE = '\u001b[';

beforeAll(() => smallChain(chain, BLOCKS, 16));
afterAll(() => folder.remove());

async function reportOf(
  directory: string,
  ...options: string[]
): Promise<{ status: number | null; report: Report }> {
  const { status, stdout } = await provchain(['validate', directory, ...options, '--json']);
  return { status, report: JSON.parse(stdout) as Report };
}

async function damagedChain(name: string, damage: Parameters<typeof tamper>[1]): Promise<string> {
  const directory = copyChain(chain, join(folder.path, name));
  await tamper(directory, damage);
  return directory;
}

describe('validate', () => {
  it.each(LEVELS)('finds an intact chain Healthy at %s, in any case, and exits 0', async (level) => {
    const { status, report } = await reportOf(chain, '--level', level.toUpperCase());
    expect(report).toMatchObject({ schema: 'provchain-report/1', status: 'Healthy', level, complete: true });
    expect([status, report.checked.headers]).toEqual([0, BLOCKS + 1]);
  });

  it('gives the same digest for any number of workers and size of their work', async () => {
    const one = await reportOf(chain, '-l', 'full', '-w', '1');
    const three = await reportOf(chain, '-l', 'full', '-w', '3', '--batch-size', '7');
    expect(three.report.shards.length).toBeGreaterThan(one.report.shards.length);
    expect(three.report.reportDigest).toBe(one.report.reportDigest);
  });

  it('says what it checked, and what to type next', async () => {
    const { status, stdout, stderr } = await provchain(['validate', chain]);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(
      /^Healthy {2}Intact: nothing wrong in all 41 blocks, checked at level Standard\.\n/,
    );
    expect(stdout).toContain(`Next: provchain validate ${chain} --level Full`);
  });

  it('claims nothing about the data at Minimal, and says so', async () => {
    expect((await provchain(['validate', chain, '-l', 'minimal'])).stdout).toMatch(
      /^Healthy {2}Headers intact: /,
    );
  });

  it('checks a part, and a set of checks of its own', async () => {
    const { status, report } = await reportOf(
      chain,
      '--from',
      '3',
      '--to',
      '9',
      '--checks',
      'history,payloads',
    );
    expect(status).toBe(0);
    expect(report).toMatchObject({
      level: 'Custom',
      scope: { from: 3, to: 9, partial: true },
      checked: { payloads: 6 },
    });
  });

  it('exits 2 with the block, the reason and the next command for one changed quad', async () => {
    const directory = copyChain(chain, join(folder.path, 'changed'));
    await changeOneQuad(directory, 17);
    const { status, stdout } = await provchain(['validate', directory]);
    expect(status).toBe(2);
    expect(stdout).toMatch(
      /^Critical {2}NOT INTACT: 1 finding, in block 17\. All 41 blocks were checked\.\n/,
    );
    expect(stdout).toContain('Critical PAYLOAD_DIGEST_MISMATCH: 1 finding, block 17\n');
    expect(stdout).toContain(`Next: provchain inspect ${directory} 17\n`);
    const { report } = await reportOf(directory, '-w', '1');
    expect(report.findings).toMatchObject([
      { code: 'PAYLOAD_DIGEST_MISMATCH', severity: 'Critical', block: 17 },
    ]);
  });

  it('exits 1 for a payload that was only rewritten', async () => {
    const directory = await damagedChain('rewritten', async (store) => {
      const payload = await store.get('payload', blockKey(5));
      await store.put(
        'payload',
        blockKey(5),
        Buffer.from(payload.toString().split('\n').reverse().join('\n').trim()),
      );
    });
    const { status, report } = await reportOf(directory);
    expect([status, report.status, Object.keys(report.findingCounts)]).toEqual([
      1,
      'Warning',
      ['PAYLOAD_NOT_CANONICAL'],
    ]);
    expect((await provchain(['validate', directory])).stdout).toMatch(
      /^Warning {2}Intact, with 1 finding to look at/,
    );
  });

  it('exits 2 when the end was cut off, and also without the anchor, unless told to go without', async () => {
    const directory = await damagedChain('cut', async (store) => {
      const previous = await store.get('header', blockKey(BLOCKS - 1));
      for (const column of ['header', 'payload'] as const) await store.delete(column, blockKey(BLOCKS));
      const head = { hash: previous.subarray(0, 32).toString('hex'), index: BLOCKS - 1 };
      await store.put('default', Buffer.from('head'), Buffer.from(JSON.stringify(head)));
    });
    const { status, report } = await reportOf(directory, '--level', 'minimal');
    expect([status, report.status]).toEqual([2, 'Critical']);
    expect(report.findingCounts).toHaveProperty('TRUNCATED', 1);
    rmSync(join(directory, 'anchor.json'));
    const missing = await reportOf(directory, '--level', 'minimal');
    expect([missing.status, Object.keys(missing.report.findingCounts)]).toEqual([2, ['ANCHOR_INVALID']]);
    const without = await provchain(['validate', directory, '--level', 'minimal', '--no-anchor']);
    expect(without.status).toBe(0);
    expect(without.stdout).toContain('No anchor was compared');
  });

  it('exits 3 when the time is up, with what was covered', async () => {
    const { status, report } = await reportOf(chain, '--time-limit', '0.001');
    expect([status, report.status, report.complete]).toEqual([3, 'Incomplete', false]);
    expect(report.findingCounts).toHaveProperty('TIME_LIMIT');
  });

  it('ends with a message when the database was overwritten, never Healthy', async () => {
    const directory = copyChain(chain, join(folder.path, 'overwritten'));
    writeFileSync(join(directory, 'db/CURRENT'), 'MANIFEST-999999\n');
    const { status, stdout, stderr } = await provchain(['validate', directory]);
    expect([2, 3]).toContain(status);
    expect(`${stdout}${stderr}`).toMatch(/Corrupted|Incomplete|STORE_CORRUPT|STORE_UNAVAILABLE/);
  });
});

describe('what goes where', () => {
  it('has no colours on a pipe, colours with FORCE_COLOR, and none again with NO_COLOR', async () => {
    const args = ['validate', chain];
    expect((await provchain(args)).stdout).not.toContain(ESCAPE);
    expect((await provchain(args, { env: { FORCE_COLOR: '1' } })).stdout).toContain(ESCAPE);
    expect((await provchain(args, { env: { FORCE_COLOR: '1', NO_COLOR: '1' } })).stdout).not.toContain(
      ESCAPE,
    );
  });

  it('is quiet when the reader goes away, and still exits with the verdict', async () => {
    const child = start(process.execPath, [CLI, 'inspect', chain, '7', '--json']);
    child.stdout.destroy();
    child.stdin.end();
    expect(await finish(child)).toMatchObject({ status: 0, stderr: '' });
  });
});
