import { ProvChainError } from '../src/errors.js';
import { type DirectoryOptions, validateDirectory } from '../src/pool/index.js';
import type { FromValidator, ToValidator } from '../src/pool/messages.js';

/** Entry of the validator process: answers one job over IPC and ends. */

const stop = new AbortController();

process.on('message', (message: ToValidator) => {
  if (message.type === 'stop') stop.abort();
  else void answer(message);
});
// The terminal sends its signals to the parent too, which passes the stop on: the report of what was covered so far
// is still wanted.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});
// The parent is gone, or wants no answer any more.
process.on('disconnect', () => process.exit());

async function answer({ dir, options, progress }: Extract<ToValidator, { type: 'validate' }>): Promise<void> {
  const onProgress: DirectoryOptions['onProgress'] = progress
    ? (covered) => send({ type: 'progress', progress: covered })
    : undefined;
  try {
    const report = await validateDirectory(dir, { ...options, signal: stop.signal, onProgress });
    send({ type: 'report', report });
  } catch (thrown) {
    send({ type: 'error', error: ProvChainError.from(thrown).toPlain() });
  }
}

function send(message: FromValidator): void {
  // The callback takes the error of a closed channel, which the 'disconnect' event answers.
  if (process.connected) process.send?.(message, undefined, undefined, () => {});
}
