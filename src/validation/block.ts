import {
  type BlockHeader,
  blockHashHex,
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
  /** Recomputed from the header bytes, lower-case hex; what is stored in front of them is only compared with it. */
  readonly hashHex: string;
  /** Empty when the value is too short to hold a hash. */
  readonly storedHashHex: string;
  /** Exactly one of these three is set. */
  readonly header?: BlockHeader;
  readonly legacy?: LegacyHeader;
  readonly problem?: string;
}

/** The block at `index` from its stored header value, in the given chain format. */
export function openBlock(format: string, index: number, value: Uint8Array): Block {
  const split = splitStoredHeader(value);
  if (!split) {
    const problem = `the value has ${value.length} bytes, too few for a hash and a header`;
    return { index, hashHex: blockHashHex(value.subarray(value.length)), storedHashHex: '', problem };
  }
  const { problem, header, legacy } = decode(format, split.header);
  return {
    index,
    hashHex: blockHashHex(split.header),
    storedHashHex: hexOf(split.hash),
    header,
    legacy,
    problem,
  };
}

/** The raw hash of a block (32 bytes), which only the history tree takes. */
export function rawHash(block: Block): Buffer {
  return Buffer.from(block.hashHex, 'hex');
}

const hexOf = ({ buffer, byteOffset, length }: Uint8Array) =>
  Buffer.from(buffer, byteOffset, length).toString('hex');

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
