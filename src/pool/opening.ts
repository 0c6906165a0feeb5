import { lesserFailure, type PlainError, ProvChainError } from '../errors.js';
import type { ChainFiles, LedgerSource } from '../ledger/index.js';
import type { Pin } from '../validation/index.js';
import type { JobOptions } from './messages.js';

/** Loaded only when the threads are booting, which they go on doing meanwhile: RocksDB alone takes 35 ms. */
export async function loadEngine() {
  const ledger = await import('../ledger/index.js');
  return { ...ledger, ...(await import('../validation/index.js')) };
}

export type Engine = Awaited<ReturnType<typeof loadEngine>>;

type OpeningOptions = Pick<JobOptions, 'level' | 'checks' | 'pin'>;

export type Opening =
  | { readonly source: LedgerSource; readonly pin: Pin; readonly anchorIndex: number | null }
  | { readonly failed: PlainError };

/** The store opened and its end found, at the second attempt if the first fails. Errors: NOT_A_CHAIN, INTERNAL. */
export async function openPinned(
  engine: Engine,
  evidence: ChainFiles,
  options: OpeningOptions,
): Promise<Opening> {
  const checks = options.checks ?? engine.LEVEL_CHECKS[options.level ?? engine.DEFAULT_LEVEL];
  const attempt = async (): Promise<Opening> => {
    let source: LedgerSource | undefined;
    try {
      source = await engine.openSource(evidence.dir, {
        direct: checks.includes('direct-reads'),
        pin: options.pin,
      });
      const found = await engine.pinChain(source, evidence);
      return { source, pin: options.pin ?? found.pin, anchorIndex: found.anchorIndex };
    } catch (thrown) {
      await source?.close();
      const error = ProvChainError.from(thrown);
      if (error.code !== 'STORE_CORRUPT' && error.code !== 'STORE_UNAVAILABLE') throw error;
      return { failed: error.toPlain() };
    }
  };
  const first = await attempt();
  if ('source' in first) return first;
  const second = await attempt();
  return 'source' in second ? second : { failed: lesserFailure(first.failed, second.failed) };
}
