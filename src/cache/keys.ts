import { hash } from 'node:crypto';
import { canonicalJson } from '../chain/index.js';

/** Everything that decides what a validation says, the stored bytes by the stamps of their files. */
export interface ResultIdentity {
  readonly chainId: string;
  readonly replica: string;
  readonly level: string;
  readonly checks: readonly string[];
  readonly requireAnchor: boolean;
  readonly scope: { readonly from: number; readonly to: number };
  readonly height: number;
  readonly headHash: string;
  /** From `StorageFingerprints`; it covers chain.json too, and with it who is trusted. */
  readonly fingerprint: string;
  readonly engineVersion: string;
}

/** The key of a result: 64 hex digits. What is not named in {@link ResultIdentity} does not count, nor does the order of checks. */
export function resultKey(identity: ResultIdentity): string {
  const { scope } = identity;
  const text = canonicalJson({
    chainId: identity.chainId,
    checks: [...identity.checks].sort(),
    engineVersion: identity.engineVersion,
    fingerprint: identity.fingerprint,
    from: scope.from,
    headHash: identity.headHash,
    height: identity.height,
    level: identity.level,
    replica: identity.replica,
    requireAnchor: identity.requireAnchor,
    to: scope.to,
  });
  return hash('sha256', `provchain-result/1\n${text}`);
}
