import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Client, createClient } from '../../src/client/index.js';
import type { JobRequest } from '../../src/jobs/index.js';
import type { Level, Report } from '../../src/validation/index.js';
import { type BenchChain, benchChain } from '../chains.js';
import type { BenchOptions } from '../group.js';
import { type NodeProcess, type NodeSettings, startNode } from '../node-process.js';
import { expectEqual, WrongAnswer } from '../verify.js';

/** Quads of each document of the chains that the guide's figures are held against. */
export const QUADS = 12;

/** A node on a copy of a generated chain, and what to ask it. */
export interface GuideNode {
  readonly node: NodeProcess;
  readonly client: Client;
  readonly chain: BenchChain;
  /** One answer as JSON. Errors: Error with what came instead. */
  ask(path: string, init?: RequestInit): Promise<unknown>;
  /** Validates without the cache, checks the answer, and says how long it took. */
  validate(request: JobRequest, height?: number): Promise<Validation>;
}

interface Validation {
  readonly report: Report;
  /** From the request until the report is there. */
  readonly roundTripMs: number;
}

export function guideChain(documents: number, { note }: BenchOptions): Promise<BenchChain> {
  return benchChain({ profile: 'trace', documents, quads: QUADS }, note);
}

export const placeOf = (documents: number): string =>
  `${documents.toLocaleString('en-US')} blocks of ${QUADS} quads`;

/** Up to which of the sizes measured a figure holds; undefined: on none of them. */
export function holdsUpTo(held: number | undefined, smallest: number, largest: number): string {
  if (held === undefined) return `not even on ${placeOf(smallest)}`;
  return `holds up to ${placeOf(held)}${held === largest ? ', the most that was measured' : ''}`;
}

/** Starts a node and ends it after the work; what it appends goes to the copy. */
export async function withGuideNode<T>(
  documents: number,
  options: BenchOptions,
  settings: NodeSettings,
  work: (node: GuideNode) => Promise<T>,
): Promise<T> {
  const chain = await guideChain(documents, options);
  const folder = mkdtempSync(join(tmpdir(), 'provchain-guide-'));
  const dir = join(folder, 'chain');
  try {
    cpSync(chain.dir, dir, { recursive: true });
    const node = await startNode({ dir, settings });
    try {
      const client = createClient({ url: node.url, timeoutMs: 120_000 });
      return await work({
        node,
        client,
        chain,
        ask: (path, init) => ask(node.url, path, init),
        validate: (request, height) => validate(client, request, height ?? chain.expected.height),
      });
    } finally {
      await node.stop();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function ask(url: string, path: string, init?: RequestInit): Promise<unknown> {
  const answer = await fetch(`${url}${path}`, init);
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${path} answers ${answer.status}: ${text.slice(0, 500)}`);
  return JSON.parse(text);
}

async function validate(client: Client, request: JobRequest, height: number): Promise<Validation> {
  const started = performance.now();
  const submitted = await client.submit({ ...request, fresh: true });
  if (submitted.kind === 'cached')
    throw new WrongAnswer('a fresh validation', 'it was answered from the cache');
  for await (const _ of client.watch(submitted.job.jobId));
  const report = await client.report(submitted.job.jobId);
  const roundTripMs = performance.now() - started;
  const { from = 0, to = height } = request;
  checkHealthy(report, to - from);
  return { report, roundTripMs };
}

/** Errors: WrongAnswer unless the report says that so many blocks are intact. */
export function checkHealthy(report: Report, blocks: number): void {
  const { level, status, complete, findingCounts, checked } = report;
  if (status !== 'Healthy' || !complete) {
    throw new WrongAnswer(level, `${status}, complete: ${complete}, ${JSON.stringify(findingCounts)}`);
  }
  expectEqual(level, 'headers', checked.headers, blocks);
}

/** Resident memory of a process in MB of 1,000,000 bytes. */
export function residentMb(pid: number): number {
  const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return (Number(line?.[1]) * 1024) / 1e6;
}

export type LevelFigure = Readonly<Record<Level, number>>;
