import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { projectRoot } from '../support/project.js';

const POOLS = 60;

/** In a process of its own, which a thread that is ended at the wrong moment would abort. */
const SCRIPT = `
import { createPool } from './dist/src/pool/pool.js';
for (let i = 0; i < ${POOLS}; i++) {
  const pool = createPool({ workers: 2 });
  pool.ready().catch(() => {});
  // From before the threads load anything to after they have loaded all of it.
  await new Promise((resolve) => setTimeout(resolve, 20 + (i * 160) / ${POOLS}));
  await pool.close();
}
console.log('all closed');
`;

it('ends threads that are still booting without the process', async () => {
  const args = ['--input-type=module', '--eval', SCRIPT];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: projectRoot() });
  expect(stdout).toBe('all closed\n');
});
