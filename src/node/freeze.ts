import type { FreezeState } from '../api/index.js';
import { ProvChainError } from '../errors.js';
import type { SharedDocuments } from '../fleet/index.js';
import { maintenanceEnd, type Settings } from '../settings/index.js';

/** The document that says whether an operator has stopped appends. */
interface FreezeDocument {
  readonly frozen: boolean;
  readonly reason?: string;
}

const NAME = 'freeze';

interface FreezeOptions {
  readonly documents: SharedDocuments;
  /** Appends stop in this window every day. */
  readonly maintenance: Settings['deployment']['maintenance'];
  readonly now: () => Date;
}

/**
 * Whether appends are stopped, for the whole fleet: by an operator until an operator ends it, or by the daily
 * maintenance window. It survives restarts.
 */
export class Freeze {
  readonly #options: FreezeOptions;

  constructor(options: FreezeOptions) {
    this.#options = options;
  }

  get(): FreezeState {
    const document = this.#options.documents.get<FreezeDocument>(NAME);
    if (document?.value.frozen) {
      const { by, at } = document;
      return { frozen: true, source: 'operator', reason: document.value.reason, by, since: at };
    }
    const { maintenance, now } = this.#options;
    const until = maintenanceEnd(maintenance, now())?.toISOString();
    if (until === undefined) return { frozen: false };
    return { frozen: true, source: 'maintenance', reason: 'the daily maintenance window', until };
  }

  set(reason: string, by: string): Promise<FreezeState> {
    return this.#put({ frozen: true, reason }, by);
  }

  /** A maintenance window that is open stays open. */
  clear(by: string): Promise<FreezeState> {
    return this.#put({ frozen: false }, by);
  }

  /** Errors: FROZEN, with who, why and until when. */
  refuseIfFrozen(): void {
    const { frozen, source, reason, by, until } = this.get();
    if (!frozen) return;
    const who =
      source === 'operator' ? `stopped by ${by}: ${reason}` : `stopped by ${reason}, until ${until}`;
    throw new ProvChainError('FROZEN', `appending is ${who}`);
  }

  async #put(value: FreezeDocument, by: string): Promise<FreezeState> {
    const { documents } = this.#options;
    await documents.update(NAME, documents.get(NAME)?.revision ?? 0, value, by);
    return this.get();
  }
}
