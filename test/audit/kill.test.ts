import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { verifyAudit } from '../../src/audit/index.js';
import { temporaryFolder } from '../support/chains.js';
import { linesOf, makeLog } from './support.js';

const CHILD = fileURLToPath(new URL('./writer-child.js', import.meta.url));
const folder = temporaryFolder();
const file = join(folder.path, 'audit.log');
const ROUNDS = 12;

afterAll(() => folder.remove());

/** Runs the writer, kills it with SIGKILL after some of its lines, and gives the ids it was told are durable. */
async function writeAndKill(from: number, lines: number, extraMs: number): Promise<string[]> {
  const child = spawn(process.execPath, [CHILD, file, `${from}`], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  const enough = new Promise<void>((resolve) => {
    child.stdout.on('data', (bytes) => {
      output += bytes;
      if (output.split('\n').length > lines) resolve();
    });
  });
  await Promise.race([enough, once(child, 'exit')]);
  await sleep(extraMs);
  child.kill('SIGKILL');
  if (!child.stdout.closed) await once(child.stdout, 'close');
  return output.split('\n').slice(0, -1);
}

describe('an audit log whose process is killed again and again', () => {
  it('has every acknowledged line, once, and is intact', async () => {
    const acknowledged: string[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      acknowledged.push(...(await writeAndKill(round * 100_000, 20 + round * 7, round % 5)));
      const verdict = await verifyAudit(file);
      expect(verdict.problems).toEqual([]);
    }
    await makeLog(file, 1);
    const verdict = await verifyAudit(file);
    expect(verdict).toMatchObject({ intact: true, firstSeq: 1 });
    expect(verdict.files.length).toBeGreaterThan(3);
    const written = verdict.files.flatMap(({ source }) => linesOf(source).map(({ requestId }) => requestId));
    const counts = new Map<unknown, number>();
    for (const id of written) counts.set(id, (counts.get(id) ?? 0) + 1);
    expect(acknowledged.length).toBeGreaterThan(ROUNDS * 20);
    expect(acknowledged.filter((id) => counts.get(id) !== 1)).toEqual([]);
  });
});
