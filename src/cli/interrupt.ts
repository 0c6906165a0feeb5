import { ProvChainError } from '../errors.js';

/**
 * Ctrl-C and SIGTERM as a wish to stop: the first one aborts `signal`, the second one ends the process at once, as it
 * would have without this. `dispose` gives the signals back.
 */
export interface Interrupt {
  readonly signal: AbortSignal;
  dispose(): void;
}

/** The cause of an error that is no failure: somebody wanted it to end. */
export const STOPPED = Symbol('stopped');

/** For what was stopped before it had anything to show; exit 3. */
export function stoppedEarly(what: string): ProvChainError {
  return new ProvChainError('STORE_UNAVAILABLE', `${what} was stopped`, { cause: STOPPED });
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

export function onInterrupt(announce: () => void): Interrupt {
  const controller = new AbortController();
  const stop = (name: NodeJS.Signals) => {
    if (controller.signal.aborted) {
      dispose();
      process.kill(process.pid, name);
      return;
    }
    announce();
    controller.abort('cancelled');
  };
  const dispose = () => {
    for (const name of SIGNALS) process.off(name, stop);
  };
  for (const name of SIGNALS) process.on(name, stop);
  return { signal: controller.signal, dispose };
}
