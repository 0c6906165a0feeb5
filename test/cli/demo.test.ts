import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { LEVELS, type Report } from '../../src/validation/index.js';
import { temporaryFolder } from '../support/chains.js';
import { provchain } from '../support/cli.js';

const folder = temporaryFolder();
const demo = join(folder.path, 'demo');

afterAll(() => folder.remove());

interface Demonstration {
  readonly levels: readonly Report[];
  readonly tampering: { block: number; before: string; after: string };
  readonly found: Report;
}

describe('demo', () => {
  it('passes every level, finds the changed quad, and shows the command that shows it', async () => {
    const { status, stdout } = await provchain(['demo', demo, '--blocks', '60']);
    expect(status).toBe(0);
    for (const level of LEVELS) expect(stdout).toMatch(new RegExp(`^${level} +Healthy +61 `, 'm'));
    expect(stdout).toContain('Critical PAYLOAD_DIGEST_MISMATCH: 1 finding, block 29');
    const next = /^Next: (?:npx )?provchain (.*)$/m.exec(stdout)?.[1]?.split(' ') ?? [];
    const shown = await provchain(next);
    expect(shown.status).toBe(2);
    const changed = stdout.split('\n').filter((line) => /^[-+] /.test(line));
    expect(changed).toHaveLength(2);
    const [before, after] = changed.map((line) => line.slice(2));
    expect(shown.stdout).toContain(`\n- ${after}\n+ ${before}\n`);
  });

  it('replaces what an earlier one made, and gives all of it as one document', async () => {
    const { status, stdout } = await provchain(['demo', demo, '--blocks', '20', '--json']);
    const { levels, tampering, found } = JSON.parse(stdout) as Demonstration;
    expect(status).toBe(0);
    expect(levels.map(({ level, status }) => [level, status])).toEqual(
      LEVELS.map((level) => [level, 'Healthy']),
    );
    expect(levels.map(({ chain }) => chain.height)).toEqual([21, 21, 21, 21]);
    expect(found.findings).toMatchObject([{ code: 'PAYLOAD_DIGEST_MISMATCH', block: tampering.block }]);
  });

  it('leaves a directory alone that it did not make', async () => {
    const mine = join(folder.path, 'mine');
    mkdirSync(join(mine, 'chain'), { recursive: true });
    writeFileSync(join(mine, 'chain', 'precious.txt'), '');
    const { status, stderr } = await provchain(['demo', mine, '--json']);
    expect([status, JSON.parse(stderr).error.code]).toEqual([65, 'CHAIN_EXISTS']);
    expect(readdirSync(join(mine, 'chain'))).toEqual(['precious.txt']);
  });
});
