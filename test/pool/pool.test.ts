import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chainFiles, openSource } from '../../src/ledger/index.js';
import { createPool, type ValidationPool } from '../../src/pool/pool.js';
import { type Plan, pinChain, planValidation } from '../../src/validation/index.js';
import { smallChain, temporaryFolder } from '../support/chains.js';

const folder = temporaryFolder();
const chain = join(folder.path, 'chain');
const never = new AbortController().signal;
let plan: Plan;
let pool: ValidationPool;

beforeAll(async () => {
  await smallChain(chain, 20);
  const evidence = await chainFiles(chain);
  const source = await openSource(chain);
  const { pin, anchorIndex } = await pinChain(source, evidence);
  await source.close();
  plan = planValidation(evidence, pin, anchorIndex, { jobId: 'job', node: 'node' });
  pool = createPool({ workers: 1 });
});
afterAll(async () => {
  await pool.close();
  folder.remove();
});

describe('ValidationPool', () => {
  it('checks shards of several jobs on the same threads', async () => {
    const other = { ...plan, jobId: 'other' };
    for (const job of [plan, other, plan]) {
      const outcome = await pool.runnerFor(chain, job).run({ range: { from: 5, to: 15 } }, never);
      expect(outcome).toMatchObject({
        result: { coveredTo: 15, facts: [], checked: { headers: 10, payloads: 10 } },
      });
    }
  });

  it('answers with the code and words of what a shard threw', async () => {
    const missing = join(folder.path, 'missing');
    const outcome = await pool
      .runnerFor(missing, { ...plan, jobId: 'nowhere' })
      .run({ range: plan.scope }, never);
    expect(outcome).toMatchObject({
      failed: { code: 'NOT_A_CHAIN', message: expect.stringContaining(missing) },
    });
  });

  it('ends a thread that met a defect and goes on with another', async () => {
    const broken = { ...plan, jobId: 'broken', evidence: undefined as unknown as Plan['evidence'] };
    const [defect, sound] = await Promise.all([
      pool.runnerFor(chain, broken).run({ range: plan.scope }, never),
      pool.runnerFor(chain, plan).run({ range: plan.scope }, never),
    ]);
    expect(defect).toMatchObject({ failed: { code: 'INTERNAL', message: expect.stringContaining('trust') } });
    expect(sound).toMatchObject({ result: { coveredTo: plan.scope.to } });
  });

  it('fails what is under way when it is closed, and closes twice', async () => {
    const closing = createPool({ workers: 1 });
    const running = closing.runnerFor(chain, plan).run({ range: plan.scope }, never);
    await Promise.all([closing.close(), closing.close()]);
    expect(await running).toMatchObject({ failed: { code: 'INTERNAL' } });
  });
});
