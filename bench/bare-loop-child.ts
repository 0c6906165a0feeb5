import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { type BareLoopJob, type BareLoopSum, runBareLoop } from './bare-loop.js';
import { answerParent } from './child-process.js';

/** The bare loop as a process: in its main thread, or with the range cut evenly over threads of its own. */
export interface BareLoopChildJob extends BareLoopJob {
  /** 0 runs in the main thread. */
  readonly threads: number;
}

if (isMainThread) await answerParent(runOnThreads);
else parentPort?.postMessage(await runBareLoop(workerData as BareLoopJob));

async function runOnThreads({ threads, ...job }: BareLoopChildJob): Promise<BareLoopSum> {
  if (threads === 0) return runBareLoop(job);
  const blocks = job.to - job.from;
  const parts = Array.from({ length: threads }, (_, i) => {
    const from = job.from + Math.floor((blocks * i) / threads);
    const to = job.from + Math.floor((blocks * (i + 1)) / threads);
    return runInThread({ ...job, from, to });
  });
  return (await Promise.all(parts)).reduce((sum, part) => ({
    blocks: sum.blocks + part.blocks,
    bytes: sum.bytes + part.bytes,
    digestSum: (sum.digestSum + part.digestSum) % 2 ** 31,
  }));
}

function runInThread(job: BareLoopJob): Promise<BareLoopSum> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: job });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}
