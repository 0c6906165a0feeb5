/**
 * Recomputes in this browser what a node says of one block. Everything that is checked comes from that node, so the steps
 * show that its answers fit together; that the signing key is the right one, and the genesis block too, only a copy of
 * chain.json from elsewhere can show (`provchain proof verify`).
 */
import { type Bytes, fromBase64, fromHex, sameBytes, sha256, textBytes, toHex } from './bytes.js';
import { rootOfPath } from './inclusion.js';
import { canonicalText, signatureHolds } from './signature.js';

type StepState = 'ok' | 'failed' | 'unchecked';

export interface Step {
  readonly name: string;
  readonly state: StepState;
  /** One sentence: what was computed, and what it was held against. */
  readonly text: string;
}

/** A `provchain-proof/1` as `GET /api/blocks/:index/proof` answers it. */
export interface ProofDocument {
  readonly blockIndex: number;
  readonly blockHash: string;
  readonly blockHeader: string;
  readonly treeSize: number;
  readonly root: string;
  readonly path: readonly string[];
  readonly headKind: 'header' | 'anchor';
  readonly head: string;
}

export interface BlockEvidence {
  readonly index: number;
  /** Hex, as the node says; null when it could not be read. */
  readonly hash: string | null;
  /** Bytes of the header as stored; undefined when the node gave none. */
  readonly headerBytes: Bytes | undefined;
  /** Bytes of the payload as stored, or why there are none. */
  readonly payload: Bytes | { readonly missing: string };
  /** Hash of the block before as the node says; null for block 0, undefined when it is not known. */
  readonly previousHash: string | null | undefined;
  readonly proof: ProofDocument | { readonly missing: string };
}

type Fields = Readonly<Record<string, unknown>>;

const step = (name: string, holds: boolean | undefined, good: string, bad: string, unknown = ''): Step => ({
  name,
  state: holds === undefined ? 'unchecked' : holds ? 'ok' : 'failed',
  text: holds === undefined ? unknown : holds ? good : bad,
});

export async function verifyBlock(evidence: BlockEvidence): Promise<Step[]> {
  const fields = fieldsOf(evidence.headerBytes);
  return [
    await payloadStep(evidence, fields),
    await hashStep(evidence),
    headerStep(evidence, fields),
    await signatureStep(fields),
    linkStep(evidence, fields),
    ...(await proofSteps(evidence)),
  ];
}

function fieldsOf(bytes: Bytes | undefined): Fields | undefined {
  if (bytes === undefined) return undefined;
  try {
    const parsed: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)
      ? (parsed as Fields)
      : undefined;
  } catch {
    return undefined;
  }
}

async function payloadStep({ payload }: BlockEvidence, fields: Fields | undefined): Promise<Step> {
  const name = 'Payload';
  if (!(payload instanceof Uint8Array)) return step(name, undefined, '', '', payload.missing);
  const digest = toHex(await sha256(payload));
  const { payloadHash: wanted, payloadBytes } = fields ?? {};
  if (typeof wanted !== 'string')
    return step(name, undefined, '', '', 'The header names no digest to hold it against.');
  const length = payloadBytes === payload.length;
  return step(
    name,
    digest === wanted && length,
    `SHA-256 of the ${payload.length} bytes is ${digest}, as the header says.`,
    digest === wanted
      ? `The bytes are ${payload.length} long; the header says ${String(payloadBytes)}.`
      : `SHA-256 of the bytes is ${digest}; the header was made for ${wanted}.`,
  );
}

async function hashStep({ headerBytes, hash }: BlockEvidence): Promise<Step> {
  const name = 'Block hash';
  if (headerBytes === undefined || hash === null)
    return step(name, undefined, '', '', 'The node gave no header bytes.');
  const digest = toHex(await sha256(headerBytes));
  return step(
    name,
    digest === hash,
    `SHA-256 of the stored header is ${digest}.`,
    `SHA-256 of the stored header is ${digest}; the store says ${hash}.`,
  );
}

function headerStep({ headerBytes, index }: BlockEvidence, fields: Fields | undefined): Step {
  const name = 'Header';
  if (headerBytes === undefined) return step(name, undefined, '', '', 'The node gave no header bytes.');
  if (fields === undefined) return step(name, false, '', 'The stored bytes are no JSON object.');
  if (!sameBytes(textBytes(canonicalText(fields)), headerBytes)) {
    return step(name, false, '', 'The stored bytes are not the canonical form (RFC 8785) of the header.');
  }
  if ('block' in fields) return step(name, true, 'The stored bytes are in canonical form (RFC 8785).', '');
  return step(
    name,
    fields.index === index,
    `The stored bytes are in canonical form (RFC 8785) and name block ${index}.`,
    `The header names block ${String(fields.index)}, not ${index}.`,
  );
}

async function signatureStep(fields: Fields | undefined): Promise<Step> {
  const name = 'Signature';
  if (fields === undefined) return step(name, undefined, '', '', 'There is no readable header.');
  if (typeof fields.signature !== 'string')
    return step(name, undefined, '', '', 'Blocks of the imported format carry no signature of this program.');
  const holds = await signatureHolds(fields, 'provchain/1\n');
  return step(
    name,
    holds,
    'Ed25519 verifies under the producer that the header names. Whether that key is trusted, chain.json says.',
    'Ed25519 does not verify under the producer that the header names.',
    'This browser has no Ed25519.',
  );
}

function linkStep({ previousHash, index }: BlockEvidence, fields: Fields | undefined): Step {
  const name = 'Link';
  const stated = fields?.previousHash;
  if (typeof stated !== 'string')
    return step(name, undefined, '', '', 'The header names no block before in this form.');
  if (index === 0)
    return step(
      name,
      /^0{64}$/.test(stated),
      'The first block: no block comes before it.',
      'The first block names a block before it.',
    );
  if (previousHash === undefined || previousHash === null)
    return step(name, undefined, '', '', 'The hash of the block before is not known here.');
  return step(
    name,
    stated === previousHash,
    `previousHash is the hash of block ${index - 1}.`,
    `previousHash is not the hash of block ${index - 1}.`,
  );
}

async function proofSteps(evidence: BlockEvidence): Promise<Step[]> {
  const { proof, hash, index, headerBytes } = evidence;
  const name = 'Inclusion proof';
  if ('missing' in proof) return [step(name, undefined, '', '', proof.missing)];
  try {
    const header = fromBase64(proof.blockHeader);
    const own =
      proof.blockIndex === index &&
      proof.blockHash === hash &&
      (headerBytes === undefined || sameBytes(header, headerBytes));
    if (!own || toHex(await sha256(header)) !== proof.blockHash) {
      return [step(name, false, '', 'The proof is about another header than the one in the store.')];
    }
    return [await pathStep(name, proof), await headStep(proof, header)];
  } catch {
    return [step(name, false, '', 'The proof is malformed.')];
  }
}

async function pathStep(name: string, proof: ProofDocument): Promise<Step> {
  const { blockIndex, treeSize, path, root, blockHash } = proof;
  if (blockIndex === treeSize) {
    return step(
      name,
      path.length === 0,
      'The block is the head itself.',
      'The block is the head, but comes with a path.',
    );
  }
  const found = await rootOfPath(fromHex(blockHash), blockIndex, treeSize, path);
  return step(
    name,
    found === root,
    `${path.length} ${path.length === 1 ? 'hash leads' : 'hashes lead'} from this block to the root over ${treeSize} blocks (RFC 9162): ${root}.`,
    `The path does not lead to the root over ${treeSize} blocks.`,
  );
}

/**
 * The head vouches for the root: an anchor or a later header, signed, that has it as its history. For the head block itself
 * no root leads to it, so the hash that the head states, or has, must be that of this block.
 *
 * @param header of the block, whose hash is known to be `proof.blockHash`
 */
async function headStep(proof: ProofDocument, header: Bytes): Promise<Step> {
  const what = proof.headKind === 'anchor' ? 'anchor' : 'head';
  const name = `Signed ${what}`;
  const bytes = fromBase64(proof.head);
  const fields = fieldsOf(bytes);
  if (fields === undefined) return step(name, false, '', `The ${what} is no JSON object.`);
  if (typeof fields.signature !== 'string')
    return step(name, undefined, '', '', `The ${what} carries no signature.`);
  const holds = await signatureHolds(
    fields,
    proof.headKind === 'anchor' ? 'provchain-anchor/1\n' : 'provchain/1\n',
  );
  const isHead = proof.blockIndex === proof.treeSize;
  const hash = proof.headKind === 'anchor' ? fields.hash : toHex(await sha256(bytes));
  if (isHead && hash !== toHex(await sha256(header))) {
    return step(name, false, '', `The ${what} is of another block ${proof.blockIndex} than this one.`);
  }
  const same = fields.historyRoot === proof.root && fields.index === proof.treeSize;
  return step(
    name,
    same ? holds : false,
    `The ${what} at block ${proof.treeSize} has that root and is signed by ${String(fields.producer)}.`,
    same ? `The signature of the ${what} does not verify.` : `The ${what} does not vouch for that root.`,
    'This browser has no Ed25519.',
  );
}
