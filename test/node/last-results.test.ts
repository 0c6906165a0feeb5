import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openLocalDocuments, type SharedDocuments } from '../../src/fleet/index.js';
import type { JobRecord } from '../../src/jobs/index.js';
import { silentLog } from '../../src/logging/index.js';
import { LastResults } from '../../src/node/last-results.js';
import { openState, type State } from '../../src/state/index.js';
import type { Report } from '../../src/validation/index.js';
import { temporaryFolder } from '../support/chains.js';

const folder = temporaryFolder();
afterAll(() => folder.remove());

let count = 0;
let state: State;
let documents: SharedDocuments;
let results: LastResults;

beforeEach(async () => {
  state = await openState(join(folder.path, `state-${count++}`), { log: silentLog });
  documents = await openLocalDocuments({ state, now: () => new Date(), log: silentLog });
  results = new LastResults({ documents, replica: 'replica-1', nodeId: 'node-1', log: silentLog });
});
afterEach(async () => {
  await results.close();
  await documents.close();
  await state.close();
});

const at = (minute: number) => new Date(Date.UTC(2026, 0, 1, 12, minute)).toISOString();

interface Read {
  readonly from: number;
  readonly to: number;
  readonly status?: Report['status'];
  readonly complete?: boolean;
  /** Minute of its oldest evidence. */
  readonly evidence?: number;
  readonly opened?: boolean;
  readonly requireAnchor?: boolean;
  readonly partial?: boolean;
}

/** Notes the report of a Full job that read the chain between two minutes. */
function note(read: Read): boolean {
  const { from, to, status = 'Healthy', complete = true, evidence = from, opened = true } = read;
  const { requireAnchor = true, partial = false } = read;
  const record = { spec: { jobId: `job-${from}-${to}`, requireAnchor } } as JobRecord;
  const report = {
    level: 'Full',
    replica: 'replica-1',
    status,
    complete,
    scope: { from: 0, to: 10, partial },
    chain: { height: opened ? 10 : null, headHash: opened ? 'ab'.repeat(32) : null },
    reportDigest: 'cd'.repeat(32),
    asOf: at(evidence),
    startedAt: at(from),
    finishedAt: at(to),
  } as unknown as Report;
  return results.note(record, report);
}

const standing = () => results.list().map(({ status, complete, jobId }) => ({ status, complete, jobId }));

/** What a node says that was started anew, from what was written. */
async function afterRestart() {
  await results.close();
  results = new LastResults({ documents, replica: 'replica-1', nodeId: 'node-1', log: silentLog });
  return standing();
}

describe('LastResults', () => {
  it('takes a finding although its evidence of other blocks is older than that of the result before', async () => {
    note({ from: 1, to: 2 });
    note({ from: 3, to: 4, status: 'Critical', evidence: 0 });
    expect(standing()).toEqual([{ status: 'Critical', complete: true, jobId: 'job-3-4' }]);
    expect(await afterRestart()).toEqual([{ status: 'Critical', complete: true, jobId: 'job-3-4' }]);
  });

  it('takes a later clean result that reused older evidence, so that what was mended does not stay altered', async () => {
    note({ from: 1, to: 2, status: 'Critical' });
    note({ from: 3, to: 4, evidence: 0 });
    expect(await afterRestart()).toEqual([{ status: 'Healthy', complete: true, jobId: 'job-3-4' }]);
  });

  it.each([
    ['the finding ends first', { from: 1, to: 4 }, { from: 2, to: 6 }],
    ['the finding ends last', { from: 2, to: 6 }, { from: 1, to: 4 }],
  ])('keeps the worse of two that read at the same time: %s', async (_name, critical, healthy) => {
    const reads = [{ ...critical, status: 'Critical' as const }, healthy];
    for (const read of reads) note(read);
    expect(standing()[0]!.status).toBe('Critical');
    await afterRestart();
    for (const read of reads.reverse()) note(read);
    expect((await afterRestart())[0]!.status).toBe('Critical');
  });

  it('lets no result that came to no end take a finding back, and lets it replace a clean one', async () => {
    note({ from: 1, to: 2, status: 'Critical' });
    note({ from: 3, to: 4, status: 'Incomplete', complete: false });
    expect(standing()).toEqual([{ status: 'Critical', complete: true, jobId: 'job-1-2' }]);
    note({ from: 5, to: 6 });
    note({ from: 7, to: 8, status: 'Incomplete', complete: false });
    expect(await afterRestart()).toEqual([{ status: 'Incomplete', complete: false, jobId: 'job-7-8' }]);
  });

  it('counts a store that could not be opened, of which no height is known', async () => {
    note({ from: 1, to: 2 });
    expect(note({ from: 3, to: 4, status: 'Corrupted', complete: false, opened: false })).toBe(true);
    expect(await afterRestart()).toEqual([{ status: 'Corrupted', complete: false, jobId: 'job-3-4' }]);
  });

  it('takes nothing from a report of a part, or for which the chain may be without its anchor', () => {
    note({ from: 1, to: 2, status: 'Critical' });
    expect(note({ from: 3, to: 4, requireAnchor: false })).toBe(false);
    expect(note({ from: 5, to: 6, partial: true })).toBe(false);
    expect(standing()).toEqual([{ status: 'Critical', complete: true, jobId: 'job-1-2' }]);
  });
});
