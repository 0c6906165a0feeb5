import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { ProvChainError } from '../errors.js';
import type { Report } from '../validation/index.js';
import type { FromValidator, ToValidator } from './messages.js';
import type { DirectoryOptions } from './validate-directory.js';

const ENTRY = fileURLToPath(new URL('../../workers/validator-process.js', import.meta.url));

/**
 * {@link validateDirectory} in a child process, because RocksDB may abort its process over a damaged store.
 *
 * Errors: those of `validateDirectory`, and STORE_UNAVAILABLE when the process ended without an answer, with the
 * signal that ended it. When this process dies, the child does too.
 */
export async function validateInProcess(dir: string, options: DirectoryOptions = {}): Promise<Report> {
  const { signal, onProgress, ...job } = options;
  const child = startChild();
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const stop = () => tell(child, { type: 'stop' });
  try {
    tell(child, { type: 'validate', dir, options: job, progress: onProgress !== undefined });
    if (signal?.aborted) stop();
    else signal?.addEventListener('abort', stop, { once: true });
    return await answerOf(child, onProgress);
  } finally {
    signal?.removeEventListener('abort', stop);
    if (child.connected) child.disconnect();
    if (child.pid !== undefined) await exited;
  }
}

function startChild(): ChildProcess {
  try {
    // Flags of this process (a debugger's port, a script given by --eval) are not meant for the child.
    return fork(ENTRY, { execArgv: [], serialization: 'advanced' });
  } catch (thrown) {
    throw notStarted(thrown as Error);
  }
}

function notStarted(cause: Error): ProvChainError {
  const message = `the validator process could not be started: ${cause.message}`;
  return new ProvChainError('STORE_UNAVAILABLE', message, { cause });
}

/** A child that is gone cannot be told anything; that it is gone is what its exit says. */
function tell(child: ChildProcess, message: ToValidator): void {
  if (child.connected) child.send(message, () => {});
}

function answerOf(child: ChildProcess, onProgress: DirectoryOptions['onProgress']): Promise<Report> {
  return new Promise((resolve, reject) => {
    child.on('message', (message: FromValidator) => {
      if (message.type === 'progress') onProgress?.(message.progress);
      else if (message.type === 'report') resolve(message.report);
      else reject(ProvChainError.fromPlain(message.error));
    });
    child.once('error', (cause) => reject(notStarted(cause)));
    // Not 'exit': messages may still be in the pipe then.
    child.once('close', (exitCode, killedBy) => {
      const how = killedBy ? `was ended by ${killedBy}` : `ended with exit code ${exitCode}`;
      const message = `the validator process ${how} before it answered; nothing is known about the chain`;
      reject(new ProvChainError('STORE_UNAVAILABLE', message));
    });
  });
}
