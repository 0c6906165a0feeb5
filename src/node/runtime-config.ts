import type { RuntimeDocument } from '../api/index.js';
import { ProvChainError } from '../errors.js';
import type { DocumentVersion, SharedDocuments } from '../fleet/index.js';
import {
  mergeRuntime,
  type RuntimePatch,
  type RuntimeSettings,
  runtimeSettingsSchema,
} from '../settings/index.js';

const NAME = 'config';

interface RuntimeConfigOptions {
  readonly documents: SharedDocuments;
  /** What the configuration file says: in force until somebody changes it. */
  readonly initial: RuntimeSettings;
  /** Called with every value that comes into force after the first, from this node or another. */
  readonly onChange: (value: RuntimeSettings) => void;
}

/** The settings that may change while the fleet runs, each with the one before it for going back. */
export class RuntimeConfig {
  readonly #options: RuntimeConfigOptions;

  constructor(options: RuntimeConfigOptions) {
    this.#options = options;
    options.documents.onChange(NAME, () => options.onChange(this.current()));
  }

  /** In force now; a job keeps what was in force when it was accepted. */
  current(): RuntimeSettings {
    return this.#options.documents.get<RuntimeSettings>(NAME)?.value ?? this.#options.initial;
  }

  get(): RuntimeDocument {
    const document = this.#options.documents.get<RuntimeSettings>(NAME);
    if (document === undefined) return { revision: 0, value: this.#options.initial };
    const previous = document.previous;
    return {
      ...versionOf(document),
      previous: previous ? versionOf(previous) : { revision: 0, value: this.#options.initial },
    };
  }

  /** Names of the settings that are in force with another value than the configuration file has. */
  overridden(): readonly string[] {
    const [inForce, initial] = [
      Object.entries(this.current()),
      new Map(Object.entries(this.#options.initial)),
    ];
    return inForce.filter(([name, value]) => initial.get(name) !== value).map(([name]) => name);
  }

  /** Errors: CONFIG_INVALID; REVISION_CONFLICT when `expectedRevision` is not the one in force. */
  async update(patch: RuntimePatch, by: string, expectedRevision?: number): Promise<RuntimeDocument> {
    const { revision, value } = this.get();
    if (expectedRevision !== undefined && expectedRevision !== revision) {
      throw new ProvChainError(
        'REVISION_CONFLICT',
        `revision ${revision} is in force, not ${expectedRevision}`,
      );
    }
    return this.#put(mergeRuntime(value, patch), revision, by);
  }

  /** Puts the value before the one in force back, as a new revision. Errors: NOT_FOUND, REVISION_CONFLICT. */
  async rollback(by: string): Promise<RuntimeDocument> {
    const { revision, previous } = this.get();
    if (previous === undefined) throw new ProvChainError('NOT_FOUND', 'the configuration was never changed');
    return this.#put(previous.value, revision, by);
  }

  async #put(value: RuntimeSettings, revision: number, by: string): Promise<RuntimeDocument> {
    await this.#options.documents.update(NAME, revision, value, by);
    return this.get();
  }
}

/** Errors: CONFIG_INVALID when what another node put there does not fit this version of the program. */
function versionOf({ revision, value, by, at }: DocumentVersion<RuntimeSettings>) {
  const parsed = runtimeSettingsSchema.safeParse(value);
  if (parsed.success) return { revision, value: parsed.data, by, at };
  throw new ProvChainError('CONFIG_INVALID', `revision ${revision} of the settings: ${parsed.error.message}`);
}
