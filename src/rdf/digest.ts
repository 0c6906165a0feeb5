/** The hash functions that RDFC-1.0 may use, in one call, hexadecimal. */

import { hash } from 'node:crypto';

export type HashAlgorithm = 'SHA-256' | 'SHA-384';

const NODE_NAME = { 'SHA-256': 'sha256', 'SHA-384': 'sha384' } as const;

/** Lower-case hexadecimal digest of `data`; a string is hashed as UTF-8. */
export function hexDigest(algorithm: HashAlgorithm, data: Uint8Array | string): string {
  return hash(NODE_NAME[algorithm], data, 'hex');
}
