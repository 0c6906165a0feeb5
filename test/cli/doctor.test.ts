import { chmodSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { smallChain, temporaryFolder } from '../support/chains.js';
import { provchain } from '../support/cli.js';

const folder = temporaryFolder();
const chain = join(folder.path, 'chain');

beforeAll(() => smallChain(chain, 1));
afterAll(() => folder.remove());

interface Diagnosed {
  readonly ok: number;
  readonly warn: number;
  readonly fail: number;
  readonly diagnoses: readonly { name: string; state: string; value: string; action?: string }[];
}

async function doctor(...args: string[]): Promise<{ status: number | null } & Diagnosed> {
  const { status, stdout } = await provchain(['doctor', ...args, '--json']);
  return { status, ...(JSON.parse(stdout) as Diagnosed) };
}

describe('doctor', () => {
  it('finds what this machine validates with in order, and leaves nothing behind', async () => {
    const before = readdirSync(chain).sort();
    const { fail, diagnoses } = await doctor(chain);
    expect(fail).toBe(0);
    const states = new Map(diagnoses.map(({ name, state }) => [name, state]));
    for (const name of [
      'Node.js',
      'rocksdb-native',
      'worker threads',
      'oxigraph',
      'chain files',
      'producer key',
    ]) {
      expect([name, states.get(name)]).toEqual([name, 'ok']);
    }
    expect([...states.keys()]).toEqual(
      expect.arrayContaining(['cores', 'memory', 'open files', 'free space', 'durable write']),
    );
    expect(readdirSync(chain).sort()).toEqual(before);
  });

  it('warns of a key that others can read and of a missing anchor, says what to do, and exits 1', async () => {
    const directory = join(folder.path, 'open');
    await smallChain(directory, 1);
    chmodSync(join(directory, 'keys/producer.pem'), 0o644);
    rmSync(join(directory, 'anchor.json'));
    const { status, diagnoses } = await doctor(directory);
    expect(status).toBe(1);
    const warnings = diagnoses.filter(({ state }) => state === 'warn');
    expect(warnings).toContainEqual(
      expect.objectContaining({ name: 'producer key', action: expect.stringContaining('chmod 600') }),
    );
    expect(warnings).toContainEqual(
      expect.objectContaining({ name: 'chain files', value: 'anchor.json missing' }),
    );
  });

  it('exits 3 when a chain has no database', async () => {
    const directory = join(folder.path, 'empty');
    await smallChain(directory, 1);
    rmSync(join(directory, 'db'), { recursive: true });
    expect(await doctor(directory)).toMatchObject({ status: 3, fail: 1 });
  });

  it('refuses what is not a directory', async () => {
    const { status, stderr } = await provchain(['doctor', join(folder.path, 'nowhere'), '--json']);
    expect([status, JSON.parse(stderr).error.code]).toEqual([65, 'FILE_UNREADABLE']);
  });
});
