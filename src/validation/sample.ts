import { hash } from 'node:crypto';

/** Fewest blocks in a sample, and the share of the scope it has beyond that (DESIGN §5). */
const MIN_SAMPLE = 64;
const SAMPLE_SHARE = 0.01;

/** How many blocks a sample over `count` blocks has. */
export function sampleSize(count: number): number {
  return Math.min(count, Math.max(MIN_SAMPLE, Math.ceil(count * SAMPLE_SHARE)));
}

/**
 * The sampled blocks of [from, to) out of a scope. The scope is cut into as many equal strata as the sample has
 * blocks, and one block is drawn from each: the first 48 bits of SHA-256(head hash as hex ‖ ":" ‖ stratum) modulo
 * the stratum's length. So the sample is the same for any sharding, and known only once the head is.
 *
 * @param seed the pinned head hash, lower-case hex
 */
export function sampledBlocks(
  seed: string,
  scope: { from: number; to: number },
  from: number,
  to: number,
): Set<number> {
  const blocks = new Set<number>();
  const count = scope.to - scope.from;
  const size = sampleSize(count);
  if (size === 0) return blocks;
  const start = (stratum: number) => scope.from + Math.floor((stratum * count) / size);
  const first = Math.max(0, Math.floor(((from - scope.from) * size) / count) - 1);
  for (let stratum = first; stratum < size && start(stratum) < to; stratum++) {
    const low = start(stratum);
    const draw = Number.parseInt(hash('sha256', `${seed}:${stratum}`).slice(0, 12), 16);
    const block = low + (draw % (start(stratum + 1) - low));
    if (block >= from && block < to) blocks.add(block);
  }
  return blocks;
}
