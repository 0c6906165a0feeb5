import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EventReader } from './event-reader.js';
import { TestNode } from './node.js';

let node: TestNode;
const PATH = '/api/jobs/job-001/events';

beforeEach(async () => {
  node = await TestNode.start({ options: { maxEventStreams: 2 } });
  await node.call('POST', '/api/jobs');
});
afterEach(() => node.close());

const open = (headers?: Record<string, string>) => EventReader.open(node.port, PATH, headers);
const watchers = () => node.jobs.listeners.get('job-001')?.size ?? 0;

/** What happens on the server when a client leaves comes a moment after it has left. */
async function untilNobodyWatches(): Promise<void> {
  while (watchers() > 0 || !node.observed.some(([route]) => route.endsWith('/events'))) await sleep(2);
}

describe('GET /api/jobs/:id/events', () => {
  it('tells the state, the progress and the end, with the revision as id, and then is over', async () => {
    const reader = await open();
    expect([reader.status, reader.headers['content-type']]).toEqual([200, 'text/event-stream']);
    expect(reader.headers['x-accel-buffering']).toBe('no');
    expect(reader.headers['cache-control']).toContain('no-store');
    await reader.until(({ events }) => events.length === 1);
    node.jobs.progress('job-001', 5, 1000);
    await reader.until(({ events }) => events.length === 2);
    node.jobs.finish('job-001');
    await reader.end();
    expect(reader.events.map(({ id, type, data }) => [id, type, data.state])).toEqual([
      [1, 'state', 'queued'],
      [2, 'progress', 'running'],
      [3, 'state', 'completed'],
    ]);
    expect(reader.events[1]!.data.progress).toEqual({
      blocks: 5,
      totalBlocks: 10,
      bytes: 500,
      etaSeconds: 1,
    });
    await untilNobodyWatches();
  });

  it('goes on after the revision that the client has seen', async () => {
    node.jobs.progress('job-001', 1, 100);
    node.jobs.progress('job-001', 2, 200);
    const reader = await open({ 'Last-Event-ID': '2' });
    await reader.until(({ events }) => events.length === 1);
    node.jobs.finish('job-001');
    await reader.end();
    expect(reader.events.map(({ id }) => id)).toEqual([3, 4]);
  });

  it('tells nothing twice', async () => {
    const reader = await open({ 'Last-Event-ID': '1' });
    await reader.until(({ comments }) => comments > 0);
    expect(reader.events).toEqual([]);
    node.jobs.finish('job-001');
    await reader.end();
    expect(reader.events.map(({ id }) => id)).toEqual([2]);
  });

  it('gives the last state of a job that has ended, and 204 to who has seen it', async () => {
    node.jobs.finish('job-001');
    const late = await open();
    await late.end();
    expect(late.events.map(({ id, data }) => [id, data.state])).toEqual([[2, 'completed']]);
    const seen = await node.call('GET', PATH, { headers: { 'Last-Event-ID': '2' } });
    expect([seen.status, seen.text]).toEqual([204, '']);
    expect(watchers()).toBe(0);
  });

  it('begins anew for an id that is none', async () => {
    const reader = await open({ 'Last-Event-ID': 'x'.repeat(100) });
    await reader.until(({ events }) => events.length === 1);
    expect(reader.events[0]!.id).toBe(1);
    reader.close();
    await untilNobodyWatches();
  });

  it('leaves nothing behind when the client leaves, also at once', async () => {
    const timers = process.getActiveResourcesInfo().filter((each) => each === 'Timeout').length;
    const reader = await open();
    await reader.until(({ comments }) => comments > 1);
    expect(watchers()).toBe(1);
    reader.close();
    await untilNobodyWatches();
    for (let count = 0; count < 20; count++) {
      void open().then((each) => each.close());
      await sleep(0);
    }
    await sleep(50);
    await untilNobodyWatches();
    expect(process.getActiveResourcesInfo().filter((each) => each === 'Timeout').length).toBeLessThanOrEqual(
      timers + 1,
    );
    // As many streams as may be open can be opened again, so those are not counted any more.
    const again = await Promise.all([open(), open()]);
    expect(again.map(({ status }) => status)).toEqual([200, 200]);
    for (const each of again) each.close();
  });

  it('opens no more streams than allowed', async () => {
    const readers = await Promise.all([open(), open()]);
    const { status, json } = await node.call('GET', PATH);
    expect([status, json.code]).toEqual([503, 'OVERLOADED']);
    for (const reader of readers) reader.close();
  });

  it('ends when the node stops', async () => {
    const reader = await open();
    await reader.until(({ events }) => events.length === 1);
    node.stopping.abort();
    await reader.end();
    expect(watchers()).toBe(0);
  });

  it('says 404 for a job that is not there', async () => {
    expect((await node.call('GET', '/api/jobs/job-009/events')).json.code).toBe('NOT_FOUND');
  });
});
