import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { appendWorkload } from './generate.js';

/** Where `provchain demo` makes its chain, and where a node without a configured one looks for it. */
const DEMO_FOLDER = 'demo';
const DEMO_CHAIN = join(DEMO_FOLDER, 'chain');

const BLOCKS = 1000;
const QUADS = 64;

/** The chain directory of the demo, made with 1,000 blocks if it is not there yet. */
export async function demoChain(note: (text: string) => void): Promise<string> {
  if (!existsSync(join(DEMO_CHAIN, 'chain.json'))) {
    note(`No chain is configured: making a demo chain of ${BLOCKS} blocks in ${DEMO_CHAIN}.`);
    const workload = { blocks: BLOCKS, profile: 'trace', quads: QUADS, seed: 1 } as const;
    await appendWorkload(DEMO_CHAIN, workload, new AbortController().signal);
  }
  return DEMO_CHAIN;
}
