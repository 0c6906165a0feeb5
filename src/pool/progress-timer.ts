import type { Progress } from '../validation/index.js';
import type { Covered } from './runner.js';

const PROGRESS_MS = 100;

/** Passes on how far the shards are, all lanes together, ten times a second and once at the end. */
export class ProgressTimer {
  readonly #lanes: (() => Covered)[] = [];
  readonly #tell: () => void;
  readonly #timer: NodeJS.Timeout;

  constructor(totalBlocks: number, onProgress: ((progress: Progress) => void) | undefined) {
    this.#tell = () => {
      let blocks = 0;
      let bytes = 0;
      for (const covered of this.#lanes.map((read) => read())) {
        blocks += covered.blocks;
        bytes += covered.bytes;
      }
      onProgress?.({ blocks, totalBlocks, bytes });
    };
    this.#timer = setInterval(this.#tell, PROGRESS_MS);
  }

  add(lane: () => Covered): void {
    this.#lanes.push(lane);
  }

  end(): void {
    clearInterval(this.#timer);
    this.#tell();
  }
}
