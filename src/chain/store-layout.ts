/**
 * Keys of the chain's RocksDB store. Integers are big-endian, so that byte order is block order. A key read from
 * a store may be anything: an attacker controls it.
 */

/** Key of the record that names the last block, in the column family `default`. */
export const HEAD_KEY: Buffer = Buffer.from('head');

/** Key of the record that names chain and format, in the column family `default`. */
export const CHAIN_KEY: Buffer = Buffer.from('chain');

const TREE_KEY_BYTES = 10;
const LETTER_T = 0x74;

/** Levels of the history tree that a store can have: 2^52 leaves are the last complete subtree of safe indexes. */
const TREE_LEVEL_LIMIT = 52;

/** Key of a block in the column families `header` and `payload`: u64 of its index. */
export function blockKey(index: number): Buffer {
  const key = Buffer.allocUnsafe(8);
  writeU64(key, index, 0);
  return key;
}

/** Index of the block whose key this is; undefined for a key that no block can have. */
export function indexOfKey(key: Uint8Array): number | undefined {
  return key.length === 8 ? readU64(key, 0) : undefined;
}

/** A complete subtree of the history tree: 2^level leaves, from leaf position·2^level on. */
export interface SubtreePlace {
  readonly level: number;
  readonly position: number;
}

/** Key of a complete subtree in the column family `default`: "t", u8 of its level, u64 of its position. */
export function treeKey(level: number, position: number): Buffer {
  const key = Buffer.allocUnsafe(TREE_KEY_BYTES);
  key[0] = LETTER_T;
  key[1] = level;
  writeU64(key, position, 2);
  return key;
}

/** The subtree whose key this is; undefined for a key that is not one of a subtree of level 1 to 52. */
export function placeOfTreeKey(key: Uint8Array): SubtreePlace | undefined {
  if (key.length !== TREE_KEY_BYTES || key[0] !== LETTER_T) return undefined;
  const level = key[1];
  const position = readU64(key, 2);
  if (level < 1 || level > TREE_LEVEL_LIMIT || position === undefined) return undefined;
  return Number.isSafeInteger((position + 1) * 2 ** level) ? { level, position } : undefined;
}

function writeU64(target: Buffer, value: number, offset: number): void {
  target.writeUInt32BE(Math.floor(value / 2 ** 32), offset);
  target.writeUInt32BE(value % 2 ** 32, offset + 4);
}

/** Undefined above 2^53−1, where the number would not be exact. */
function readU64(bytes: Uint8Array, offset: number): number | undefined {
  let value = 0;
  for (let i = offset; i < offset + 8; i++) value = value * 256 + bytes[i];
  return Number.isSafeInteger(value) ? value : undefined;
}
