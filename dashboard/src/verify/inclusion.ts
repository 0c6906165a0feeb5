import { type Bytes, fromHex, joined, sha256, toHex } from './bytes.js';

/** A path in a tree of fewer than 2^53 leaves is no longer; whoever hands over a proof chooses its length. */
const LONGEST_PATH = 54;

/** RFC 9162 §2.1.1: one byte in front tells leaves from nodes. */
const leafHash = (hash: Bytes): Promise<Bytes> => sha256(joined(Uint8Array.of(0), hash));
const nodeHash = (left: Bytes, right: Bytes): Promise<Bytes> => sha256(joined(Uint8Array.of(1), left, right));

const odd = (value: number): boolean => value % 2 === 1;
const half = (value: number): number => Math.floor(value / 2);

/**
 * The root to which a path leads from a block's hash (RFC 9162 §2.1.3.2), as hex; undefined when the path does not fit
 * the place of the leaf in the tree. Sizes go up to 2^53, past what bit operators can hold.
 *
 * @param path hex hashes from the leaf's sibling up
 */
export async function rootOfPath(
  blockHash: Bytes,
  index: number,
  treeSize: number,
  path: readonly string[],
): Promise<string | undefined> {
  if (!(Number.isSafeInteger(index) && Number.isSafeInteger(treeSize) && index >= 0 && index < treeSize))
    return undefined;
  if (path.length > LONGEST_PATH) return undefined;
  let node = index;
  let last = treeSize - 1;
  let computed = await leafHash(blockHash);
  for (const hex of path) {
    if (last === 0) return undefined;
    const sibling = fromHex(hex);
    if (odd(node) || node === last) {
      computed = await nodeHash(sibling, computed);
      // A node without a right sibling stands for itself on the levels above, until it is a right child.
      while (!odd(node) && node !== 0) {
        node = half(node);
        last = half(last);
      }
    } else computed = await nodeHash(computed, sibling);
    node = half(node);
    last = half(last);
  }
  return last === 0 ? toHex(computed) : undefined;
}
