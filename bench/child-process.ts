import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** One measured process. Times in milliseconds, memory in MB of 1,000,000 bytes. */
export interface ChildRun<T> {
  readonly answer: T;
  /** From just before the process is spawned until it has exited, as this process sees it. */
  readonly wallMs: number;
  /** From the entry's first statement to its answer: without the start of Node and without its shutdown. */
  readonly inProcessMs: number;
  /** User and system time of all its threads, from its start to its answer. */
  readonly cpuMs: number;
  /** Largest resident set of the process, all threads together. */
  readonly peakMb: number;
}

/**
 * Runs a compiled module of this folder in a new Node process with one argument. It must end through
 * {@link answerParent}, and by itself: what it leaves running counts.
 */
export async function runChild<T>(entry: string, argument: unknown): Promise<ChildRun<T>> {
  const file = fileURLToPath(new URL(`./${entry}.js`, import.meta.url));
  const started = performance.now();
  const child = spawn(process.execPath, [file, JSON.stringify(argument)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let exitedAt = 0;
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output += text;
  });
  child.once('exit', () => {
    exitedAt = performance.now();
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) throw new Error(`${entry} ended with ${child.signalCode ?? `exit code ${code}`}`);
  return { ...(JSON.parse(output) as Omit<ChildRun<T>, 'wallMs'>), wallMs: exitedAt - started };
}

/** The child's side: does the work with the argument it was given and prints the answer with what it took. */
export async function answerParent<A, T>(work: (argument: A) => Promise<T>): Promise<void> {
  const started = performance.now();
  const answer = await work(JSON.parse(process.argv[2]) as A);
  const inProcessMs = performance.now() - started;
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  const cpuMs = (userCPUTime + systemCPUTime) / 1000;
  const run: Omit<ChildRun<T>, 'wallMs'> = { answer, inProcessMs, cpuMs, peakMb: (maxRSS * 1024) / 1e6 };
  process.stdout.write(JSON.stringify(run));
}
