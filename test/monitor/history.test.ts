import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { silentLog } from '../../src/logging/index.js';
import { History } from '../../src/monitor/index.js';
import { openState, type State } from '../../src/state/index.js';
import { temporaryFolder } from '../support/chains.js';
import { jobOutcome } from './outcomes.js';

const folder = temporaryFolder();
const T = Date.UTC(2026, 0, 5);
let count = 0;

describe('History', () => {
  const states: State[] = [];
  afterEach(async () => {
    await Promise.all(states.splice(0).map((state) => state.close()));
  });
  afterAll(() => folder.remove());

  let nowMs = T;
  async function open(dir = join(folder.path, `state-${count++}`), most = 5) {
    const store = await openState(dir, { log: silentLog });
    states.push(store);
    const options = { store, now: () => nowMs, replica: 'replica', most };
    const { history, recent } = await History.load(options, nowMs);
    return { dir, store, history, recent };
  }
  const close = async (store: State) => {
    states.splice(states.indexOf(store), 1);
    await store.close();
  };

  it('keeps each job once, the newest first, whatever order they come in', async () => {
    const { history } = await open();
    expect(await history.add(jobOutcome({ endedMs: T + 2 }))).toBe(true);
    expect(await history.add(jobOutcome({ endedMs: T + 1 }))).toBe(true);
    expect(await Promise.all([1, 2, 3].map((n) => history.add(jobOutcome({ endedMs: T + n }))))).toEqual([
      false,
      false,
      true,
    ]);
    expect([...history.newest()].map(({ finishedAt }) => Date.parse(finishedAt) - T)).toEqual([3, 2, 1]);
  });

  it('keeps no more than it may, and takes what is older than all of them for no news', async () => {
    const { dir, store, history } = await open();
    for (let n = 1; n <= 8; n++) await history.add(jobOutcome({ endedMs: T + n }));
    expect([...history.newest()].map(({ finishedAt }) => Date.parse(finishedAt) - T)).toEqual([
      8, 7, 6, 5, 4,
    ]);
    expect(await history.add(jobOutcome({ endedMs: T + 1 }))).toBe(false);
    await close(store);
    const again = await open(dir);
    expect([...again.history.newest()]).toEqual([...history.newest()]);
    expect(await again.store.scan('monitor/result/')).toHaveLength(5);
  });

  it('is there after the process was lost without a word, and says what was stored since a time', async () => {
    nowMs = T;
    const { dir, store, history } = await open();
    await history.add(jobOutcome({ endedMs: T + 1 }));
    nowMs = T + 1000;
    const late = jobOutcome({ endedMs: T - 5000 });
    await history.add(late);
    await close(store);
    const again = await open(dir);
    expect(again.history.get(late.jobId)).toEqual(late);
    expect(again.recent).toEqual([late]);
  });

  it('knows nothing of another replica', async () => {
    const { store, history } = await open();
    await history.add(jobOutcome({ endedMs: T + 1 }));
    const other = await History.load({ store, now: () => nowMs, replica: 'other' }, 0);
    expect([...other.history.newest()]).toEqual([]);
  });
});
