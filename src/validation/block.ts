import {
  type BlockHeader,
  blockHash,
  decodeHeader,
  decodeLegacyHeader,
  FORMAT_LEGACY,
  type LegacyHeader,
  splitStoredHeader,
} from '../chain/index.js';

/** What a header says of its payload. The predecessor's headers count no transactions. */
export interface PayloadClaim {
  readonly payloadHash: string;
  readonly payloadBytes: number;
  readonly quadCount: number;
  readonly transactionCount?: number;
}

/** A stored header, taken apart. Every byte of it is under the control of whoever can write to the store. */
export interface Block {
  readonly index: number;
  /** Recomputed from the header bytes; what is stored in front of them is only compared with it. */
  readonly hash: Buffer;
  readonly hashHex: string;
  readonly storedHash: Uint8Array;
  readonly headerBytes: Uint8Array;
  /** Exactly one of these three is set. */
  readonly header?: BlockHeader;
  readonly legacy?: LegacyHeader;
  readonly problem?: string;
}

/** The block at `index` from its stored header value, in the given chain format. */
export function openBlock(format: string, index: number, value: Uint8Array): Block {
  const split = splitStoredHeader(value);
  const storedHash = split?.hash ?? value.subarray(0, 0);
  const headerBytes = split?.header ?? value.subarray(value.length);
  const hash = blockHash(headerBytes);
  const base = { index, hash, hashHex: hash.toString('hex'), storedHash, headerBytes };
  if (!split)
    return { ...base, problem: `the value has ${value.length} bytes, too few for a hash and a header` };
  const { problem, header, legacy } = decode(format, headerBytes);
  return problem === undefined ? { ...base, header, legacy } : { ...base, problem };
}

function decode(
  format: string,
  bytes: Uint8Array,
): { problem?: string; header?: BlockHeader; legacy?: LegacyHeader } {
  if (format === FORMAT_LEGACY) {
    const decoded = decodeLegacyHeader(bytes);
    return 'problem' in decoded ? decoded : { legacy: decoded.header };
  }
  return decodeHeader(bytes);
}

export function payloadClaim(block: Block): PayloadClaim | undefined {
  return block.header ?? block.legacy;
}
