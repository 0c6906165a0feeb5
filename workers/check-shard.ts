import { setFlagsFromString } from 'node:v8';
import { threadId } from 'node:worker_threads';
import { ProvChainError } from '../src/errors.js';
import type { LedgerSource } from '../src/ledger/index.js';
import { JobSignals, PoolSettings, type ShardReply, type ShardRequest } from '../src/pool/messages.js';
import { checkShard, type ShardOutcome, type Unseen } from '../src/validation/index.js';
import { withCpuProfile } from './cpu-profile.js';
import { DutyCycle } from './duty-cycle.js';
import { HandleCache } from './handle-cache.js';

/** Entry of a worker thread: checks one shard at a time on read-only handles of its own. */

// oxigraph's WebAssembly stays with its first compiler. The optimizing one takes 0.3 s of CPU for what a sample of 100
// blocks runs, and makes a block 0.16 ms faster. A V8 that does not know the flag says so on stderr and goes on.
setFlagsFromString('--wasm-tiering-budget=1000000000');

const handles = new HandleCache();
const duty = new DutyCycle();

/** Proves that this thread has booted and that everything it imports loads. */
export function warmUp(): void {}

/** Never throws what the caller must understand: an error would lose its class on the way. */
export async function runShard(request: ShardRequest): Promise<ShardReply> {
  if (!request.profile) return checkOne(request);
  const { value, profile } = await withCpuProfile(() => checkOne(request));
  return { ...value, profile };
}

async function checkOne(request: ShardRequest): Promise<ShardOutcome> {
  const { dir, plan, task, slot } = request;
  const signals = JobSignals.over(request.signals);
  const settings = request.settings && PoolSettings.over(request.settings);
  // The stop request lies in shared memory, where it is seen without a turn of this thread's loop.
  const rest = () => duty.rest(settings, () => signals.stopped() !== undefined);
  const run = { worker: threadId, startedAt: new Date().toISOString() };
  let source: LedgerSource | undefined;
  duty.begin();
  try {
    source = await handles.open(dir, plan);
    const result = await checkShard(source, plan, task, {
      stopped: () => signals.stopped(),
      progress: (blocks, bytes) => signals.add(slot, blocks, bytes),
      clock: () => performance.now(),
      breathe: rest,
    });
    return { ...run, result };
  } catch (thrown) {
    await handles.discard(dir, plan);
    const error = ProvChainError.from(thrown);
    if (error.code === 'INTERNAL') return retire(error);
    return { ...run, failed: error.toPlain(), unseen: source ? undefined : unseenBy(error) };
  } finally {
    handles.release(dir, plan);
    await rest();
  }
}

/** What an opening that failed says about this worker's view of the replica. Only the pin's block has a place. */
function unseenBy({ code, place }: ProvChainError): Unseen | undefined {
  if (code === 'NOT_A_CHAIN') return 'replica';
  return code === 'STORE_UNAVAILABLE' && place?.block !== undefined ? 'pin' : undefined;
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
