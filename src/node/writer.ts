import { type ErrorCode, ProvChainError } from '../errors.js';
import { type Ledger, openWriter, type SyncMode } from '../ledger/index.js';
import type { Log } from '../logging/index.js';

interface WriterOptions {
  readonly dir: string;
  /** `auto`: this node appends if it can. `writer`: it must. `reader`: it never does. */
  readonly role: 'auto' | 'writer' | 'reader';
  readonly syncMode: SyncMode;
  /** Reads the head in the validator process: what ends a process there does not end this one. */
  readonly probe: () => Promise<unknown>;
  readonly log: Log;
}

/** This node as the writer of the chain, or why it is not. */
export type Writing = { readonly ledger: Ledger } | { readonly reason: string };

/** Errors with which a node that must be the writer does not start. The others are the chain's, and the node reports them. */
const NOT_THIS_NODE: ReadonlySet<ErrorCode> = new Set(['LOCKED', 'NO_PRODUCER_KEY', 'NOT_A_CHAIN']);

/**
 * Opens the chain for appending, alone. A chain that is damaged is served, validated and reported all the same, and
 * only takes no blocks.
 *
 * Errors, with the role `writer` only: LOCKED, NO_PRODUCER_KEY, NOT_A_CHAIN.
 */
export async function openForWriting({ dir, role, syncMode, probe, log }: WriterOptions): Promise<Writing> {
  if (role === 'reader') return { reason: 'configured as a reader' };
  try {
    await probe();
    return { ledger: await openWriter(dir, { syncMode }) };
  } catch (thrown) {
    const error = ProvChainError.from(thrown);
    const elsewhere = NOT_THIS_NODE.has(error.code);
    if (elsewhere && role === 'writer') throw error;
    if (!elsewhere) log.error('the chain takes no blocks here', { code: error.code, reason: error.message });
    return { reason: error.message };
  }
}
