import { setFlagsFromString } from 'node:v8';
import { ProvChainError } from '../src/errors.js';
import { openSource } from '../src/ledger/index.js';
import { JobSignals, type ShardRequest } from '../src/pool/messages.js';
import { type BlockSource, checkShard, type ShardOutcome } from '../src/validation/index.js';

/**
 * Entry of a worker thread: checks one shard at a time on a read-only handle of its own.
 *
 * The handle is opened once per job and closed when another job comes, when the thread has been idle, and after a
 * failure, so that a retry reads through a fresh one.
 */

/** An idle handle keeps files on disk that compaction has replaced. */
const IDLE_MS = 5000;

// oxigraph's WebAssembly stays with its first compiler. The optimizing one takes 0.3 s of CPU for what a sample of 100
// blocks runs, and makes a block 0.16 ms faster. A V8 that does not know the flag says so on stderr and goes on.
setFlagsFromString('--wasm-tiering-budget=1000000000');

interface Opened {
  readonly dir: string;
  readonly jobId: string;
  readonly source: BlockSource;
}

let opened: Opened | undefined;
let idleTimer: NodeJS.Timeout | undefined;

/** Proves that this thread has booted and that everything it imports loads. */
export function warmUp(): void {}

/** Never throws what the caller must understand: an error would lose its class on the way. */
export async function runShard(request: ShardRequest): Promise<ShardOutcome> {
  clearTimeout(idleTimer);
  const { plan, task, slot } = request;
  const signals = JobSignals.over(request.signals);
  try {
    const { source } = await openFor(request);
    const result = await checkShard(source, plan, task, {
      stopped: () => signals.stopped(),
      progress: (blocks, bytes) => signals.add(slot, blocks, bytes),
      clock: () => performance.now(),
      // The stop request lies in shared memory, where it is seen without a turn of this thread's loop.
      breathe: () => Promise.resolve(),
    });
    return { result };
  } catch (thrown) {
    await close();
    const error = ProvChainError.from(thrown);
    if (error.code === 'INTERNAL') return retire(error);
    return { failed: error.toPlain() };
  } finally {
    idleTimer = setTimeout(close, IDLE_MS).unref();
  }
}

async function openFor({ dir, plan }: ShardRequest): Promise<Opened> {
  if (opened?.jobId !== plan.jobId || opened.dir !== dir) {
    await close();
    const source = await openSource(dir, { direct: plan.checks.includes('direct-reads'), pin: plan.pin });
    opened = { dir, jobId: plan.jobId, source };
  }
  return opened;
}

async function close(): Promise<void> {
  const closing = opened;
  opened = undefined;
  // A handle that does not close changes nothing about what was read through it.
  await closing?.source.close().catch(() => {});
}

/**
 * Ends this thread with the error. After a trap in oxigraph's WebAssembly the module answers nothing any more, so a
 * defect must not leave a thread behind that would take the next shard. The task is never answered: Piscina rejects
 * it with the uncaught error and starts another thread in place of this one.
 */
function retire(error: ProvChainError): Promise<never> {
  setImmediate(() => {
    throw error;
  });
  return new Promise(() => {});
}
