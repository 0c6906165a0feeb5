import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createChain, openSource, openWriter } from '../src/ledger/index.js';
import { type WorkloadProfile, workloadDocument } from '../src/rdf/index.js';
import { addDigest } from './bare-loop.js';
import { projectFolder } from './project-folder.js';

/** Documents of a chain: block 0 is the genesis block, so it has one block more. */
export interface ChainSpec {
  readonly profile: WorkloadProfile;
  readonly documents: number;
  readonly quads: number;
}

/** A generated chain and what every answer about it is held against. */
export interface BenchChain extends ChainSpec {
  readonly dir: string;
  readonly expected: Expected;
}

/** Read from the headers after generation, which the writer had made from the canonical form of each document. */
interface Expected {
  readonly height: number;
  readonly quads: number;
  readonly headerBytes: number;
  readonly payloadBytes: number;
  /** See `BareLoopSum`: over the hashes of the headers, and over those of the payloads. */
  readonly headerDigestSum: number;
  readonly payloadDigestSum: number;
}

const SEED = 1;
const PROGRESS_DOCUMENTS = 50_000;
const HASH_BYTES = 32;

/**
 * The chain with these documents, from `bench/.data`, or generated there first (about 5,000 blocks a second). The
 * folder may be deleted at any time.
 */
export async function benchChain(spec: ChainSpec, note: (text: string) => void): Promise<BenchChain> {
  const { profile, documents, quads } = spec;
  const folder = projectFolder('bench', '.data', `provchain-1-${profile}-${documents}x${quads}-seed${SEED}`);
  const dir = join(folder, 'chain');
  const known = await readExpected(folder);
  if (known) return { ...spec, dir, expected: known };
  note(`generating ${documents.toLocaleString('en-US')} blocks of ${quads} quads (${profile})`);
  const unfinished = `${folder}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { recursive: true });
  await generate(join(unfinished, 'chain'), spec, note);
  const expected = await readExpectations(join(unfinished, 'chain'));
  const stated = documents * quads;
  if (expected.height !== documents + 1 || expected.quads <= stated || expected.quads > stated + 8) {
    throw new Error(`the generated chain has ${expected.height} blocks and ${expected.quads} quads`);
  }
  await writeFile(join(unfinished, 'expected.json'), JSON.stringify(expected));
  await rm(folder, { recursive: true, force: true });
  await rename(unfinished, folder);
  return { ...spec, dir, expected };
}

async function readExpected(folder: string): Promise<Expected | undefined> {
  try {
    return JSON.parse(await readFile(join(folder, 'expected.json'), 'utf8')) as Expected;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function generate(
  dir: string,
  { profile, documents, quads }: ChainSpec,
  note: (text: string) => void,
): Promise<void> {
  await createChain(dir, { chainId: 'bench' });
  const ledger = await openWriter(dir);
  function* each(): Generator<Uint8Array> {
    for (let i = 0; i < documents; i++) {
      if (i > 0 && i % PROGRESS_DOCUMENTS === 0) note(`  ${i.toLocaleString('en-US')} blocks`);
      yield Buffer.from(workloadDocument(profile, i, { quads, seed: SEED }));
    }
  }
  try {
    await ledger.appendAll(each());
  } finally {
    await ledger.close();
  }
}

async function readExpectations(dir: string): Promise<Expected> {
  const sum = {
    height: 0,
    quads: 0,
    headerBytes: 0,
    payloadBytes: 0,
    headerDigestSum: 0,
    payloadDigestSum: 0,
  };
  const source = await openSource(dir);
  try {
    for await (const batch of source.scan('header', Buffer.alloc(8), undefined)) {
      for (const { value } of batch) {
        const stored = Buffer.from(value);
        const header = JSON.parse(stored.toString('utf8', HASH_BYTES));
        sum.height++;
        sum.quads += header.quadCount;
        sum.headerBytes += stored.length;
        sum.payloadBytes += header.payloadBytes;
        sum.headerDigestSum = addDigest(sum.headerDigestSum, stored.toString('hex', 0, HASH_BYTES));
        sum.payloadDigestSum = addDigest(sum.payloadDigestSum, header.payloadHash);
      }
    }
  } finally {
    await source.close();
  }
  return sum;
}
