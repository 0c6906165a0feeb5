import { hash } from 'node:crypto';
import { canonicalJson, type TrustRoot } from '../chain/index.js';
import { ProvChainError } from '../errors.js';
import { DEFAULT_MAX_CALLS } from '../rdf/index.js';
import { type Check, DEFAULT_LEVEL, LEVEL_CHECKS, type Level, parseChecks } from './check-set.js';

/** A half-open range of blocks. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/** What lies beside the database, read before the database was opened. Plain data: it crosses threads. */
export interface ChainEvidence {
  readonly trust: TrustRoot;
  readonly replicaId: string;
  /** anchor.json as read, or null when there is none. */
  readonly anchor: Uint8Array | null;
}

/** The state a validation is about: later appends do not change its result. */
export interface Pin {
  /** Number of blocks. */
  readonly height: number;
  /** Hash of block `height - 1`, lower-case hex; 64 zeros for an empty chain. */
  readonly headHash: string;
}

/** Everything a validation needs to know beside the source. Plain data, frozen for the life of a job. */
export interface Plan {
  readonly jobId: string;
  /** Differs between two runs of one job: each reads through handles of its own. */
  readonly runId: string;
  readonly node: string;
  readonly evidence: ChainEvidence;
  readonly pin: Pin;
  readonly scope: Range;
  readonly level: Level | 'Custom';
  readonly checks: readonly Check[];
  readonly requireAnchor: boolean;
  /** There is a valid anchor for the chain to be held against. */
  readonly anchored: boolean;
  /** For the blocks of the scope from here on no anchor vouches: their signatures are verified at every level. */
  readonly signaturesFrom: number;
  /** Blocks before here count towards the history tree that the anchor of a legacy chain seals. */
  readonly sealedTo: number;
  readonly canonicalWorkLimit: number;
  readonly batchSize: number;
  readonly timeLimitMs: number;
  readonly policyHash: string;
}

const DEFAULT_BATCH_SIZE = 1000;
const DEFAULT_TIME_LIMIT_MS = 600_000;
/** Hash-N-Degree calls that one block may take: as many as at append, or an honest block could not be checked. */
const DEFAULT_CANONICAL_WORK = DEFAULT_MAX_CALLS;
/** Listed findings in a report; the counts and the digest cover all of them. */
export const LISTED_FINDINGS = 1000;

export interface PlanOptions {
  readonly jobId: string;
  /** Default: the job's id. */
  readonly runId?: string;
  readonly node: string;
  readonly level?: Level;
  /** A custom set; replaces the level's. */
  readonly checks?: readonly Check[];
  readonly from?: number;
  readonly to?: number;
  readonly requireAnchor?: boolean;
  readonly batchSize?: number;
  readonly timeLimitMs?: number;
  readonly canonicalWorkLimit?: number;
}

/**
 * A plan for one replica. `anchorIndex` is the block that a valid anchor names, or null without one.
 *
 * Errors: OUT_OF_RANGE when the scope is empty or reaches beyond the chain; USAGE for a bad batch size or check.
 */
export function planValidation(
  evidence: ChainEvidence,
  pin: Pin,
  anchorIndex: number | null,
  options: PlanOptions,
): Plan {
  const level = options.checks ? 'Custom' : (options.level ?? DEFAULT_LEVEL);
  const checks = options.checks ? parseChecks(options.checks) : LEVEL_CHECKS[options.level ?? DEFAULT_LEVEL];
  const scope = planScope(pin.height, anchorIndex, options);
  const batchSize = options.batchSize ?? DEFAULT_BATCH_SIZE;
  if (!Number.isSafeInteger(batchSize) || batchSize < 1) {
    throw new ProvChainError('USAGE', `batch size must be a whole number of at least 1, not ${batchSize}`);
  }
  const requireAnchor = options.requireAnchor ?? true;
  const canonicalWorkLimit = options.canonicalWorkLimit ?? DEFAULT_CANONICAL_WORK;
  return {
    jobId: options.jobId,
    runId: options.runId ?? options.jobId,
    node: options.node,
    evidence,
    pin,
    scope,
    level,
    checks,
    requireAnchor,
    anchored: anchorIndex !== null,
    signaturesFrom: firstUnanchored(scope, anchorIndex),
    sealedTo: anchorIndex ?? pin.height,
    canonicalWorkLimit,
    batchSize,
    timeLimitMs: options.timeLimitMs ?? DEFAULT_TIME_LIMIT_MS,
    policyHash: policyHash(evidence.trust, level, checks, requireAnchor, canonicalWorkLimit),
  };
}

/**
 * The links of the scope lead up to the anchor and end there. Without an anchor, or in a scope that ends before it,
 * they end at the scope's last block, whose signature then covers all before it: otherwise anybody could write them anew.
 */
function firstUnanchored(scope: Range, anchorIndex: number | null): number {
  return anchorIndex === null || scope.to <= anchorIndex ? Math.max(0, scope.to - 1) : anchorIndex + 1;
}

function planScope(
  height: number,
  anchorIndex: number | null,
  { from = 0, to: wanted = height }: Pick<PlanOptions, 'from' | 'to'>,
): Range {
  // That blocks are gone which the anchor vouches for is a finding, and no reason to refuse.
  const cutOff = anchorIndex !== null && wanted > height && wanted <= anchorIndex + 1;
  const to = cutOff ? height : wanted;
  if (!(Number.isSafeInteger(from) && Number.isSafeInteger(to)) || from < 0 || to > height || from > to) {
    throw new ProvChainError(
      'OUT_OF_RANGE',
      `blocks ${from} to ${to} are not in this chain, which has ${height} blocks`,
    );
  }
  if (from === to && height > 0) {
    throw new ProvChainError(
      'OUT_OF_RANGE',
      `the range from ${from} to ${to} holds no block; "to" is exclusive`,
    );
  }
  return { from, to };
}

/** Digest of everything that decides what a validation says, who is trusted included; not of how the work is cut up. */
function policyHash(
  trust: TrustRoot,
  level: string,
  checks: readonly Check[],
  requireAnchor: boolean,
  canonicalWorkLimit: number,
) {
  const policy = {
    canonicalWorkLimit,
    checks: [...checks].sort(),
    level,
    requireAnchor,
    trust: { ...trust },
  };
  return hash('sha256', canonicalJson(policy));
}

/** The shards of a scope: ranges aligned to the batch size, so that full ones stay the same while a chain grows. */
export function* planShards({ scope, batchSize }: Pick<Plan, 'scope' | 'batchSize'>): Generator<Range> {
  for (let from = scope.from; from < scope.to; ) {
    const to = Math.min(scope.to, (Math.floor(from / batchSize) + 1) * batchSize);
    yield { from, to };
    from = to;
  }
}
