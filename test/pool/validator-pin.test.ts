import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blockKey, encodeHeadRecord, HEAD_KEY } from '../../src/chain/index.js';
import { openWriter } from '../../src/ledger/index.js';
import { silentLog } from '../../src/logging/index.js';
import { createValidator, type RunResult, type Validator } from '../../src/pool/index.js';
import { workloadDocument } from '../../src/rdf/index.js';
import type { Pin } from '../../src/validation/index.js';
import { copyChain, smallChain, temporaryFolder } from '../support/chains.js';
import { tamper } from '../support/raw-store.js';

const folder = temporaryFolder();
const chain = join(folder.path, 'chain');
const behind = join(folder.path, 'behind');
let validator: Validator;
let pin: Pin;

/** The chain, and a copy of it that was taken before the last twenty blocks. */
beforeAll(async () => {
  await smallChain(chain, 30);
  copyChain(chain, behind);
  const writer = await openWriter(chain);
  for (let i = 30; i < 50; i++) await writer.append(Buffer.from(workloadDocument('trace', i, { quads: 8 })));
  pin = { height: 51, headHash: writer.head.hash };
  await writer.close();
  validator = createValidator({ workers: 1, log: silentLog });
});

afterAll(async () => {
  await validator.close();
  folder.remove();
});

const run = (dir: string): Promise<RunResult> =>
  validator.run(dir, { level: 'Standard', pin }, { signal: new AbortController().signal });

describe('a job whose pinned head the store does not show', () => {
  it('is left to others over a copy that is behind', async () => {
    const { report, unseen } = await run(behind);
    expect([unseen, report.status, report.findingCounts]).toEqual([
      'pin',
      'Incomplete',
      { STORE_UNAVAILABLE: 1 },
    ]);
  });

  it('reports the end that was cut off since', async () => {
    const cut = copyChain(chain, join(folder.path, 'cut'));
    await tamper(cut, async (store) => {
      const hash = (await store.get('header', blockKey(39))).subarray(0, 32).toString('hex');
      for (let index = 40; index < 51; index++) {
        await store.delete('header', blockKey(index));
        await store.delete('payload', blockKey(index));
      }
      await store.put('default', HEAD_KEY, encodeHeadRecord({ hash, index: 39 }));
    });
    const { report, unseen } = await run(cut);
    expect([unseen, report.status]).toEqual([undefined, 'Critical']);
    expect(report.findingCounts).toHaveProperty('TRUNCATED');
  });

  it('reports a last block that was changed since', async () => {
    const changed = copyChain(chain, join(folder.path, 'changed'));
    await tamper(changed, async (store) => {
      const header = await store.get('header', blockKey(50));
      header[header.length - 3]! ^= 1;
      await store.put('header', blockKey(50), header);
    });
    const { report, unseen } = await run(changed);
    expect([unseen, report.status]).toEqual([undefined, 'Critical']);
  });
});
