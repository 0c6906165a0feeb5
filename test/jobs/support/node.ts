import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CachedResult } from '../../../src/cache/index.js';
import { resultKey } from '../../../src/cache/index.js';
import {
  type CurrentHead,
  createJobService,
  type FleetNode,
  isTerminal,
  type JobBackend,
  type JobConfig,
  type JobRecord,
  type JobService,
  type JobServiceOptions,
} from '../../../src/jobs/index.js';
import { silentLog } from '../../../src/logging/index.js';
import { openState, type State } from '../../../src/state/index.js';
import { ScriptedValidator } from './scripted-validator.js';

export const CONFIG: JobConfig = {
  validation_level: 'Standard',
  enable_caching: true,
  cache_ttl_seconds: 60,
  enable_parallel_validation: true,
  enable_incremental_validation: false,
  enable_profiling: false,
  max_validation_time: 30,
  max_validation_time_seconds: 60,
  batch_size: 5,
  max_concurrent_validations: 2,
  levels: { audit: { level: 'Full', enable_caching: false, max_validation_time: 120 } },
};

/** One node of a test: its state is real and on disk, its validator and its cache are the test's. */
export interface TestNode {
  readonly service: JobService;
  readonly validator: ScriptedValidator;
  readonly state: State;
  readonly stateDir: string;
  readonly cache: Map<string, CachedResult>;
  readonly chain: { head: CurrentHead; fingerprint: string };
  /** Every job that ended here, in order. */
  readonly ended: JobRecord[];
  /** Ends the process, as far as the queue and the state can tell: nothing is drained. */
  crash(): Promise<void>;
  stop(): Promise<void>;
}

export interface NodeOptions extends Partial<Omit<JobServiceOptions, 'backend' | 'nodes'>> {
  readonly stateDir?: string;
  readonly replica?: string;
  readonly dir?: string;
  readonly nodes?: () => readonly FleetNode[];
  readonly config?: () => JobConfig;
}

const opened = new Set<TestNode>();
const folders = new Set<string>();

/** A node over a backend that was made for it. */
export async function startNode(backend: JobBackend, options: NodeOptions = {}): Promise<TestNode> {
  const {
    stateDir = await mkdtemp(join(tmpdir(), 'jobs-')),
    replica = 'r1',
    dir = '/nowhere',
    nodes,
    ...rest
  } = options;
  folders.add(stateDir);
  const state = await openState(stateDir, { log: silentLog });
  const validator = (rest.validator as ScriptedValidator | undefined) ?? new ScriptedValidator();
  const cache = new Map<string, CachedResult>();
  const chain = { head: { height: 10, headHash: 'a'.repeat(64) } as CurrentHead, fingerprint: 'f1' };
  const ended: JobRecord[] = [];
  const node = rest.node ?? 'n1';
  const self: FleetNode = { nodeId: node, roles: ['api', 'worker'], chainId: 'chain', replica, height: 10 };
  const service = await createJobService({
    chain: {
      chainId: 'chain',
      replica,
      dir,
      state: async () => ({ ...chain }),
    },
    state,
    cache: {
      get: async (key) => cache.get(key),
      put: async (key, entry) => cache.set(key, entry),
    },
    resultKey: (identity) => resultKey({ ...identity, engineVersion: '0' }),
    config: () => CONFIG,
    work: { shards: 2 },
    log: silentLog,
    reconcileMs: 50,
    progressMs: 5,
    graceMs: 50,
    onEnded: (record) => ended.push(record),
    ...rest,
    node,
    validator,
    backend,
    nodes: { list: nodes ?? (() => [self]) },
  });
  let over = false;
  const close = async (drainMs: number) => {
    if (over) return;
    over = true;
    opened.delete(testNode);
    await service.drain(drainMs);
    await state.close();
  };
  const testNode: TestNode = {
    service,
    validator,
    state,
    stateDir,
    cache,
    chain,
    ended,
    crash: () => close(0),
    stop: () => close(2000),
  };
  opened.add(testNode);
  return testNode;
}

export async function stopAllNodes(): Promise<void> {
  await Promise.all([...opened].map((node) => node.crash()));
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
  folders.clear();
}

export const API = { trigger: 'api' } as const;

/** Submits a request that starts a job. */
export async function accept(
  { service }: TestNode,
  request: Parameters<JobService['submit']>[0] = {},
  origin: Parameters<JobService['submit']>[1] = API,
): Promise<JobRecord> {
  const submitted = await service.submit(request, origin);
  if (submitted.kind !== 'accepted') throw new Error('answered from the cache');
  return submitted.record;
}

/** The record of a job once it has ended. */
export async function ending({ service }: TestNode, jobId: string, ms = 15_000): Promise<JobRecord> {
  const record = await service.wait(jobId, ms);
  if (!isTerminal(record.state))
    throw new Error(`${jobId} is ${record.state} after ${ms} ms: ${record.notes}`);
  return record;
}

/** Waits until something holds, which must come soon. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  what: string,
  ms = 10_000,
): Promise<void> {
  const end = performance.now() + ms;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`not within ${ms} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
