import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../src/validation/index.js';
import { temporaryFolder } from '../support/chains.js';
import { checkChain } from '../support/check-chain.js';
import { CLI, finish, provchain, start } from '../support/cli.js';

const folder = temporaryFolder();
const chain = join(folder.path, 'chain');
const BLOCKS = 3000;
const CTRL_C = '\u0003';
const FULL = ['validate', chain, '--level', 'full', '--workers', '1', '--batch-size', '50'];

beforeAll(async () => {
  await provchain(['generate', chain, '--blocks', `${BLOCKS}`]);
});

afterAll(() => folder.remove());

/** Runs a command on a terminal of its own (util-linux's script) and presses a key once the text has appeared there. */
async function onTerminal(args: readonly string[], waitFor: RegExp, key: string, redirect = '') {
  const line = `${[process.execPath, CLI, ...args].map((word) => `'${word}'`).join(' ')} ${redirect}`;
  // The program takes the shell's place: a shell that waited for it would be interrupted as well, and some end as 130.
  const child = start('script', ['-qefc', `stty cols 120; exec ${line}`, '/dev/null'], {
    env: { TERM: 'xterm', SHELL: '/bin/sh' },
  });
  let seen = '';
  let pressed = false;
  child.stdout.on('data', (chunk) => {
    seen += chunk;
    if (pressed || !waitFor.test(seen)) return;
    pressed = true;
    child.stdin.write(key);
  });
  const outcome = await finish(child);
  return { ...outcome, pressed };
}

describe.runIf(process.platform === 'linux')('Ctrl-C', () => {
  it('ends a validation as Incomplete with what was covered so far, and exits 3', async () => {
    const file = join(folder.path, 'report.json');
    const { pressed, status, stdout } = await onTerminal(
      [...FULL, '--json'],
      /[1-9][0-9]* blocks\/s/,
      CTRL_C,
      `> ${file}`,
    );
    expect([pressed, status]).toEqual([true, 3]);
    expect(stdout).toContain('Stopping');
    const report = JSON.parse(readFileSync(file, 'utf8')) as Report;
    expect(report).toMatchObject({
      status: 'Incomplete',
      complete: false,
      scope: { from: 0, to: BLOCKS + 1 },
    });
    expect(report.findingCounts).toHaveProperty('CANCELLED');
    expect(report.checked.headers).toBeLessThan(BLOCKS);
  });

  it('shows the report of what was covered to a person', async () => {
    const { status, stdout } = await onTerminal(FULL, /[1-9][0-9]* blocks\/s/, CTRL_C);
    expect(status).toBe(3);
    expect(stdout).toContain('Not known: not everything could be checked');
    expect(stdout).toContain('CANCELLED');
  });

  it('stops generate between blocks, which leaves a sound chain and exits 3', async () => {
    const directory = join(folder.path, 'stopped');
    const args = ['generate', directory, '--blocks', '100000'];
    const { status, stdout } = await onTerminal(args, /[1-9][0-9]* blocks\/s/, CTRL_C);
    expect(status).toBe(3);
    const { hashes } = await checkChain(directory);
    const [, height] = /now has ([\d,]+) blocks/.exec(stdout) ?? [];
    expect(Number(height?.replaceAll(',', ''))).toBe(hashes.length);
  });
});

describe('SIGTERM', () => {
  it('ends a validation as Ctrl-C does', async () => {
    const child = start(process.execPath, [CLI, ...FULL]);
    child.stdin.end();
    const ended = finish(child);
    const children = `/proc/${child.pid}/task/${child.pid}/children`;
    // The validator process: from its start on there is something to stop.
    while (child.exitCode === null && readFileSync(children, 'utf8').trim() === '') await sleep(10);
    child.kill('SIGTERM');
    const { status, signal, stderr } = await ended;
    expect({ status, signal }).toEqual({ status: 3, signal: null });
    expect(stderr).toContain('Stopping');
  });
});

describe('a second signal', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)('ends the process at once: %s', async (name) => {
    const module = new URL('../../src/cli/interrupt.js', import.meta.url).href;
    const program = `
      const { onInterrupt } = await import(${JSON.stringify(module)});
      onInterrupt(() => console.log('announced'));
      setInterval(() => {}, 1000);
      console.log('waiting');`;
    const child = start(process.execPath, ['--input-type=module', '-e', program]);
    child.stdin.end();
    // Every line of the child is answered with one signal.
    child.stdout.on('data', () => child.kill(name));
    const { signal, stdout } = await finish(child);
    expect([signal, stdout]).toEqual([name, 'waiting\nannounced\n']);
  });
});
