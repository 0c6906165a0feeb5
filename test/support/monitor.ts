import { setTimeout as sleep } from 'node:timers/promises';
import type { DashboardView, MapView } from '../../src/api/index.js';
import type { TestNode } from './node.js';

export async function dashboardOf(node: TestNode): Promise<DashboardView> {
  const answer = await node.fetch('/api/integrity/dashboard');
  if (answer.status !== 200)
    throw new Error(`the dashboard answered ${answer.status}: ${await answer.text()}`);
  return (await answer.json()) as DashboardView;
}

export async function mapOf(node: TestNode): Promise<MapView> {
  return (await (await node.fetch('/api/integrity/map')).json()) as MapView;
}

interface JobLine {
  readonly jobId: string;
  readonly trigger: string;
  readonly createdAt: string;
  readonly state: string;
  readonly status: string | null;
}

/** Jobs of one trigger, the newest first, 200 at most. */
export async function jobsOf(node: TestNode, trigger: string): Promise<JobLine[]> {
  const answer = await node.fetch('/api/jobs?limit=200');
  const { jobs } = (await answer.json()) as { jobs: JobLine[] };
  return jobs.filter((job) => job.trigger === trigger);
}

/** The dashboard once it shows what is waited for. */
export async function untilDashboard(
  node: TestNode,
  holds: (view: DashboardView) => boolean,
  seconds = 30,
): Promise<DashboardView> {
  const deadline = performance.now() + seconds * 1000;
  for (;;) {
    const view = await dashboardOf(node);
    if (holds(view)) return view;
    if (performance.now() > deadline) throw new Error(`not within ${seconds} s: ${JSON.stringify(view)}`);
    await sleep(100);
  }
}
