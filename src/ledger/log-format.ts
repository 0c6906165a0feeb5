/**
 * RocksDB's log format, in which write-ahead logs and the MANIFEST are written: blocks of 32 KiB, each filled with
 * records of a 7-byte header (masked CRC-32C of type and data, u16 length, u8 type; little-endian) and data. What is
 * longer goes in parts over several blocks; fewer than 7 bytes at the end of a block are padding. Types: 1 whole, 2 to 4
 * first, middle and last part, 5 to 8 the same in a recycled log, which this product never has.
 */
export const LOG_BLOCK_BYTES = 32 << 10;
const HEADER_BYTES = 7;
const LAST_TYPE = 4;
const LAST_RECYCLED_TYPE = 8;

export interface BadRecord {
  /** Byte offset in the log. */
  readonly at: number;
  /** `torn`: the log ends within the record, as when it is being written at this moment. */
  readonly kind: 'recycled' | 'type' | 'length' | 'checksum' | 'torn';
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc;
});

function maskedCrc(bytes: Uint8Array, from: number, to: number): number {
  let crc = 0xffffffff;
  for (let at = from; at < to; at++) crc = CRC_TABLE[(crc ^ bytes[at]!) & 0xff]! ^ (crc >>> 8);
  crc = ~crc >>> 0;
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/**
 * The first bad record in a piece of a log that begins on a block, and is whole blocks unless it is the last piece.
 * Checksums are optional: they take 3 ms per megabyte, the rest next to nothing.
 *
 * @param offset of the piece in the log
 */
export function findBadRecord(piece: Buffer, offset: number, checksums: boolean): BadRecord | undefined {
  for (let at = 0; at < piece.length; ) {
    const room = LOG_BLOCK_BYTES - (at % LOG_BLOCK_BYTES);
    if (room < HEADER_BYTES) {
      at += room;
      continue;
    }
    if (at + HEADER_BYTES > piece.length) return { at: offset + at, kind: 'torn' };
    const length = HEADER_BYTES + piece.readUInt16LE(at + 4);
    const type = piece[at + 6]!;
    if (type > LAST_TYPE && type <= LAST_RECYCLED_TYPE) return { at: offset + at, kind: 'recycled' };
    if (type < 1 || type > LAST_TYPE) return { at: offset + at, kind: 'type' };
    if (length > room) return { at: offset + at, kind: 'length' };
    if (at + length > piece.length) return { at: offset + at, kind: 'torn' };
    if (checksums && maskedCrc(piece, at + HEADER_BYTES - 1, at + length) !== piece.readUInt32LE(at)) {
      return { at: offset + at, kind: 'checksum' };
    }
    at += length;
  }
  return undefined;
}
