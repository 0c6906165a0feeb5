import { statfs } from 'node:fs/promises';
import type { HealthCheck, HealthSnapshot } from '../api/index.js';
import { ProvChainError } from '../errors.js';

/** One thing to look at. `look` gives a detail or throws with the reason why it is not well. */
export interface Probe {
  readonly name: string;
  /** Without it the node cannot do its work. */
  readonly required: boolean;
  /** How long a good answer is good for; see `maxAgeMs`. */
  readonly maxAgeMs?: number;
  look(): Promise<string | undefined>;
}

interface HealthOptions {
  readonly nodeId: string;
  readonly version: string;
  readonly mode: 'embedded' | 'fleet';
  readonly startedAt: Date;
  readonly now: () => number;
  readonly probes: readonly Probe[];
  /** A look is shared by all requests for so long, unless its probe says otherwise. */
  readonly maxAgeMs: number;
}

interface Look {
  readonly at: number;
  readonly check: Promise<HealthCheck>;
}

/** Longest time that one look may take: what does not answer is not well. */
const LOOK_MS = 2000;

/** Looks at the parts of a node; no answer is older than its probe allows. */
export class Health {
  readonly #options: HealthOptions;
  readonly #looks = new Map<Probe, Look>();

  constructor(options: HealthOptions) {
    this.#options = options;
  }

  async snapshot(): Promise<HealthSnapshot> {
    const { nodeId, version, mode, startedAt, now, probes } = this.#options;
    const checks = await Promise.all(probes.map((probe) => this.#check(probe)));
    const uptimeSeconds = Math.round((now() - startedAt.getTime()) / 1000);
    return { nodeId, version, mode, startedAt: startedAt.toISOString(), uptimeSeconds, checks };
  }

  async #check(probe: Probe): Promise<HealthCheck> {
    const now = this.#options.now();
    const last = this.#looks.get(probe);
    if (last && now - last.at <= (probe.maxAgeMs ?? this.#options.maxAgeMs)) return last.check;
    const current = { at: now, check: look(probe) };
    this.#looks.set(probe, current);
    const check = await current.check;
    // What is not well is looked at again by the next request: recovery shows at once.
    if (!check.ok && this.#looks.get(probe) === current) this.#looks.delete(probe);
    return check;
  }
}

async function look({ name, required, look }: Probe): Promise<HealthCheck> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${LOOK_MS / 1000} s`)), LOOK_MS);
  });
  try {
    return { name, required, ok: true, detail: await Promise.race([look(), late]) };
  } catch (thrown) {
    return { name, required, ok: false, detail: ProvChainError.from(thrown).message };
  } finally {
    clearTimeout(timer);
  }
}

const LEAST_FREE_BYTES = 256 << 20;

/** There is room left on the file system of a folder. */
export function diskProbe(name: string, folder: string, maxAgeMs: number): Probe {
  return {
    name,
    required: false,
    maxAgeMs,
    async look() {
      const { bavail, bsize } = await statfs(folder);
      const free = bavail * bsize;
      const text = `${Math.round(free / (1 << 20))} MB free`;
      if (free < LEAST_FREE_BYTES) throw new ProvChainError('STORE_UNAVAILABLE', `only ${text}`);
      return text;
    },
  };
}
