import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '../../src/client/index.js';
import { benchChain } from '../chains.js';
import { type NodeSettings, startNode } from '../node-process.js';
import { expectEqual, WrongAnswer } from '../verify.js';
import { type BareProcess, startBare } from './bare-process.js';
import type { BareJob } from './bare-server.js';
import type { LoadOptions, Mode } from './load-options.js';

/** A started node on a chain of its own. */
export interface Site {
  readonly url: string;
  /** Blocks of the chain when the node started. */
  readonly height: number;
  /** Does something while a node with workers runs beside, if this one has none. */
  withWorkers<T>(work: () => Promise<T>): Promise<T>;
  /** Validates the whole chain anew. Errors: WrongAnswer unless it is intact and has so many blocks. */
  validate(level: 'Standard' | 'Full', height: number): Promise<void>;
}

export interface SiteOptions extends LoadOptions {
  readonly roles?: readonly ('api' | 'worker')[];
  readonly settings?: NodeSettings;
}

const DOCUMENTS = 1000;
const QUADS = 12;
/** As many jobs as a run submits are kept, so that each can be asked about at its end. */
const KEPT_JOBS = 1_000_000;

/** Starts a node on a copy of the chain, and ends both after the work. */
export async function withSite<T>(
  mode: Mode,
  options: SiteOptions,
  work: (site: Site) => Promise<T>,
): Promise<T> {
  const { dir: original, expected } = await benchChain(
    { profile: 'trace', documents: DOCUMENTS, quads: QUADS },
    options.note,
  );
  const folder = mkdtempSync(join(tmpdir(), 'provchain-load-'));
  const dir = join(folder, 'chain');
  try {
    cpSync(original, dir, { recursive: true });
    const settings = settingsOf(mode, options);
    const node = await startNode({ dir, roles: options.roles, settings });
    let result: T;
    try {
      result = await work({
        url: node.url,
        height: expected.height,
        validate: (level, height) => validate(node.url, level, height),
        async withWorkers(inside) {
          if (options.roles?.includes('worker') !== false) return inside();
          const worker = await startNode({ dir, roles: ['worker'], settings });
          try {
            return await inside();
          } finally {
            await worker.stop();
          }
        },
      });
    } catch (error) {
      // What went wrong with the work is said, not what that made go wrong when stopping.
      await node.stop().catch(() => {});
      throw error;
    }
    await node.stop();
    return result;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function settingsOf(mode: Mode, { redisUrl, settings }: SiteOptions): NodeSettings {
  const prefix = `load-${process.pid}-${Math.floor(performance.now())}`;
  const redis: NodeSettings = mode === 'fleet' ? { redis: { url: redisUrl!, prefix } } : {};
  const jobs = { max_queue_depth: KEPT_JOBS, max_records: KEPT_JOBS, ...settings?.jobs };
  return { ...redis, ...settings, jobs };
}

async function validate(url: string, level: 'Standard' | 'Full', height: number): Promise<void> {
  const client = createClient({ url });
  const submitted = await client.submit({ level, fresh: true });
  if (submitted.kind === 'cached')
    throw new WrongAnswer('a fresh validation', 'it was answered from the cache');
  const { jobId } = submitted.job;
  for await (const _ of client.watch(jobId));
  const { status, complete, checked, findingCounts } = await client.report(jobId);
  if (status !== 'Healthy' || !complete) {
    throw new WrongAnswer(level, `${status}, complete: ${complete}, ${JSON.stringify(findingCounts)}`);
  }
  expectEqual(level, 'headers', checked.headers, height);
}

export async function withBare<T>(job: BareJob, work: (bare: BareProcess) => Promise<T>): Promise<T> {
  const bare = await startBare(job);
  try {
    return await work(bare);
  } finally {
    await bare.stop();
  }
}
