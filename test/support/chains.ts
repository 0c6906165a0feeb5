import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chainFiles, createChain, openSource, openWriter } from '../../src/ledger/index.js';
import { workloadDocument } from '../../src/rdf/index.js';
import {
  type BlockSource,
  type ChainEvidence,
  type PlanOptions,
  pinChain,
  planValidation,
  type Report,
  type ValidateOptions,
  validate,
} from '../../src/validation/index.js';

/** A folder that goes away with the test run that asked for it. */
export function temporaryFolder(): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'provchain-test-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** A chain of genesis and `blocks` small seeded documents. */
export async function smallChain(dir: string, blocks: number, quads = 8): Promise<void> {
  await createChain(dir, { chainId: 'test-chain' });
  const writer = await openWriter(dir);
  for (let i = 0; i < blocks; i++) {
    await writer.append(Buffer.from(workloadDocument('trace', i, { quads })));
  }
  await writer.close();
}

/** A copy of a chain directory beside it. */
export function copyChain(from: string, to: string): string {
  cpSync(from, to, { recursive: true });
  return to;
}

const CLOCK = { clock: () => performance.now(), now: () => new Date(), engineVersion: '0.0.0-test' };

type TestOptions = Partial<PlanOptions> & Pick<ValidateOptions, 'runner' | 'signal'>;

/** Validates what a source shows, in this thread. */
export async function validateSource(
  source: BlockSource,
  evidence: ChainEvidence,
  options: TestOptions = {},
): Promise<Report> {
  const { pin, anchorIndex } = await pinChain(source, evidence);
  const plan = planValidation(evidence, pin, anchorIndex, { jobId: 'job', node: 'node', ...options });
  return validate(source, plan, { ...CLOCK, runner: options.runner, signal: options.signal });
}

/** Validates a chain directory through the ledger, in this thread. */
export async function validateChain(dir: string, options: TestOptions = {}): Promise<Report> {
  const evidence = await chainFiles(dir);
  const source = await openSource(dir);
  try {
    return await validateSource(source, evidence, options);
  } finally {
    await source.close();
  }
}
