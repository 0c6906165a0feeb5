import { parentPort } from 'node:worker_threads';
import { type LookAnswer, type LookRequest, lookAtFiles } from '../src/cache/file-stamps.js';

/** Entry of the thread that looks at the files of chain directories. */

parentPort!.on('message', (request: LookRequest) => parentPort!.postMessage(answerTo(request)));

function answerTo({ id, dir, expected }: LookRequest): LookAnswer {
  try {
    return { id, look: lookAtFiles(dir, expected) };
  } catch (thrown) {
    const { code, message } = thrown as NodeJS.ErrnoException;
    return { id, failed: { code, message } };
  }
}
