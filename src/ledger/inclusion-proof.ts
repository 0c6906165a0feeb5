import {
  blockKey,
  type InclusionProof,
  makeProof,
  type ProofReader,
  splitStoredHeader,
  treeKey,
} from '../chain/index.js';
import { ProvChainError } from '../errors.js';
import { type BlockSource, pinChain } from '../validation/index.js';
import { chainFiles } from './chain-files.js';
import { openSource } from './source.js';

/** What {@link makeProof} reads, from a store. Errors: STORE_CORRUPT, STORE_UNAVAILABLE. */
export function proofReader(source: Pick<BlockSource, 'get'>): ProofReader {
  return {
    headerAt: async (index) => {
      const stored = await source.get('header', blockKey(index));
      return (stored && splitStoredHeader(stored)?.header) ?? null;
    },
    subtreeAt: (level, position) => source.get('default', treeKey(level, position)),
  };
}

/**
 * The proof that block `index` is part of the chain in `dir`, through a handle of its own. The head is block
 * `height - 1`, by default the last one; of an imported chain, only the one its anchor names.
 *
 * Errors: OUT_OF_RANGE when there is no such block or height; CHAIN_DAMAGED, NOT_A_CHAIN, STORE_CORRUPT,
 * STORE_UNAVAILABLE.
 */
export async function readInclusionProof(
  dir: string,
  index: number,
  height?: number,
): Promise<InclusionProof> {
  const evidence = await chainFiles(dir);
  const source = await openSource(dir);
  try {
    const { pin } = await pinChain(source, evidence);
    if (height !== undefined && height > pin.height) {
      throw new ProvChainError('OUT_OF_RANGE', `the chain has ${pin.height} blocks, not ${height}`);
    }
    const { chainId, format } = evidence.trust;
    const request = { chainId, format, index, height: height ?? pin.height, anchor: evidence.anchor };
    return await makeProof(proofReader(source), request);
  } finally {
    await source.close();
  }
}
