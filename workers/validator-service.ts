import type { FromService, ToService } from '../src/pool/service-messages.js';
import { ValidatorService } from '../src/pool/validator-service.js';

/** Entry of the long-lived validator process: answers requests over IPC until its parent goes away. */

const VITALS_MS = 500;

const service = new ValidatorService(send);

process.on('message', (message: ToService) => service.handle(message));
// The terminal sends its signals to the parent too, which ends this process when it has come to an end itself.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});
// The parent is gone, or has closed this validator.
process.on('disconnect', () => process.exit());
setInterval(() => send({ type: 'vitals', vitals: service.vitals() }), VITALS_MS);

function send(message: FromService): void {
  // The callback takes the error of a closed channel, which the 'disconnect' event answers.
  if (process.connected) process.send?.(message, undefined, undefined, () => {});
}
