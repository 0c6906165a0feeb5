import { canonicalJson } from '../chain/index.js';

/**
 * Finding codes: the one place that says what each means, how bad it is, what it belongs to and what to do.
 * `docs/findings.md` is held against this table by a test.
 *
 * Severity order (DESIGN §6): Healthy < Warning < Incomplete < Critical < Corrupted.
 */
export const STATUSES = ['Healthy', 'Warning', 'Incomplete', 'Critical', 'Corrupted'] as const;
export type Status = (typeof STATUSES)[number];
export type Severity = Exclude<Status, 'Healthy'>;

/** The four groups of checks a report sums up. */
export const CATEGORIES = ['blockchain', 'transactions', 'sparql', 'canonicalization'] as const;
export type Category = (typeof CATEGORIES)[number];

interface FindingKind {
  readonly severity: Severity;
  readonly category: Category;
  readonly meaning: string;
  readonly action: string;
}

const QUARANTINE =
  'Stop appending to this replica, keep a copy of its directory as evidence, look at the block with "provchain inspect", and bring the replica back from a copy that validates.';
const RETRY =
  'Validate again; if it stays, look at the reason in the details. Nothing is known about these blocks yet.';
const DISK =
  'Check the disk and file system, keep a copy of the directory, and bring the replica back from a copy that validates.';
const STRAY = 'Find out who wrote it: this program does not. The blocks themselves are not affected.';

const critical = (category: Category, meaning: string, action = QUARANTINE): FindingKind => ({
  severity: 'Critical',
  category,
  meaning,
  action,
});
const corrupted = (category: Category, meaning: string): FindingKind => ({
  severity: 'Corrupted',
  category,
  meaning,
  action: DISK,
});
const incomplete = (category: Category, meaning: string, action = RETRY): FindingKind => ({
  severity: 'Incomplete',
  category,
  meaning,
  action,
});
const warning = (category: Category, meaning: string, action: string): FindingKind => ({
  severity: 'Warning',
  category,
  meaning,
  action,
});

export const FINDINGS = {
  HEADER_MISSING: critical('blockchain', 'a block of the chain has no header'),
  HEADER_HASH_MISMATCH: critical('blockchain', 'the stored block hash is not the hash of the stored header'),
  HEADER_INVALID: critical('blockchain', 'the header is not a well-formed header in canonical form'),
  INDEX_MISMATCH: critical('blockchain', 'the header names another height than the one it is stored at'),
  CHAIN_ID_MISMATCH: critical(
    'blockchain',
    'the header or the store names another chain than the trust root',
  ),
  LINK_BROKEN: critical('blockchain', 'previousHash is not the hash of the block before'),
  TIMESTAMP_REGRESSION: critical('blockchain', 'the timestamp is before that of the block before'),
  GENESIS_MISMATCH: critical('blockchain', 'the first block is not the one that the trust root names'),
  HEAD_MISMATCH: critical('blockchain', 'the head record does not name the last block of the store'),
  TRUNCATED: critical(
    'blockchain',
    'the chain ends before the block that its anchor names',
    'Blocks are lost or were removed. Stop appending, keep a copy of the directory, and bring the replica back from a copy that reaches the anchor.',
  ),
  ANCHOR_INVALID: critical(
    'blockchain',
    'anchor.json is missing, malformed, or not signed by a trusted producer',
    'Without its anchor a cut-off end cannot be noticed. Bring anchor.json back from a copy; only where none ever existed, validate with --no-anchor.',
  ),
  ANCHOR_MISMATCH: critical('blockchain', 'the block that the anchor names has another hash or history'),
  HISTORY_ROOT_MISMATCH: critical('blockchain', 'historyRoot is not the root over the blocks before'),
  SIGNATURE_INVALID: critical(
    'blockchain',
    'the signature does not verify under the producer named in the header',
  ),
  SIGNER_UNTRUSTED: critical('blockchain', 'the producer named in the header is not in the trust root'),
  PAYLOAD_MISSING: critical('transactions', 'a block of the chain has no payload'),
  PAYLOAD_DIGEST_MISMATCH: critical(
    'transactions',
    'the payload is not the one that the header was made for',
  ),
  PAYLOAD_SIZE_MISMATCH: critical('transactions', 'the payload has another length than the header says'),
  PAYLOAD_ENCODING: critical('transactions', 'the payload is not well-formed UTF-8'),
  PAYLOAD_SYNTAX: critical('transactions', 'the payload is not N-Quads'),
  QUAD_COUNT_MISMATCH: critical(
    'transactions',
    'the payload holds another number of quads than the header says',
  ),
  TRANSACTION_COUNT_MISMATCH: critical(
    'transactions',
    'the payload holds another number of transactions than the header says',
  ),
  CANONICAL_MISMATCH: critical(
    'canonicalization',
    'the payload matches its digest but is not the canonical form of its dataset',
    'The producer signed a block that its own rules refuse. Find out which program wrote it before trusting that producer again.',
  ),
  HEADER_UNREADABLE: corrupted('blockchain', 'RocksDB reports corruption where the header is stored'),
  PAYLOAD_UNREADABLE: corrupted('transactions', 'RocksDB reports corruption where the payload is stored'),
  STORE_UNREADABLE: corrupted('blockchain', 'RocksDB reports corruption of the store itself'),
  CANONICAL_LIMIT: incomplete(
    'canonicalization',
    'the graph needs more canonicalization work than the limit allows',
    'Its digest was checked; its canonical form was not. Compare the block with another copy; Standard covers all that can be checked of it.',
  ),
  SHARD_FAILED: incomplete('blockchain', 'a range of blocks could not be checked'),
  TIME_LIMIT: incomplete(
    'blockchain',
    'the time limit was reached before every block was checked',
    'Validate with a longer time limit, more workers or a lower level.',
  ),
  CANCELLED: incomplete(
    'blockchain',
    'the validation was cancelled before every block was checked',
    'Validate again when it suits.',
  ),
  STORE_UNAVAILABLE: incomplete(
    'blockchain',
    'the store could not be read: permissions, descriptors, memory, or a file that vanished',
    'Nothing is known about the data yet. Mend the reason in the details ("provchain doctor" helps) and validate again.',
  ),
  PAYLOAD_NOT_CANONICAL: warning(
    'transactions',
    'the payload was rewritten without change of meaning: its canonical form still has the signed digest',
    'The data says what was signed. Find out who rewrote it, and bring the stored bytes back from a copy.',
  ),
  UNKNOWN_KEY: warning('transactions', 'the store holds a key that the format does not know', STRAY),
  ORPHAN_PAYLOAD: warning('transactions', 'the store holds a payload that no header belongs to', STRAY),
  TREE_RECORD_MISMATCH: warning(
    'blockchain',
    'a stored history-tree record is missing or wrong; it is a cache and nothing relies on it',
    'The blocks are not affected. Proofs cannot be served from this record until the replica is copied anew.',
  ),
  SPARQL_GRAPH_MISSING: warning(
    'sparql',
    'the independent RDF store does not find a graph that the block holds',
    'Report it to the maintainers together with the block: two readers of RDF disagree.',
  ),
  SPARQL_COUNT_MISMATCH: warning(
    'sparql',
    'the independent RDF store counts another number of quads than the block holds',
    'Report it to the maintainers together with the block: two readers of RDF disagree.',
  ),
  ENGINE_DISAGREEMENT: warning(
    'canonicalization',
    'the reference canonicalizer gives another canonical form',
    'Report it to the maintainers together with the block: two implementations of RDFC-1.0 disagree.',
  ),
  HEADER_AMBIGUOUS: warning(
    'blockchain',
    'several runs of the predecessor wrote this height: the header has more than one value for a field',
    'Nobody can tell which run was meant. That it is unchanged since the import, the anchor made then vouches for.',
  ),
  LEGACY_HASH: warning(
    'canonicalization',
    "the block is only protected by the predecessor's hash, which does not tell all graphs apart",
    'The details say which formula reproduced the hash. That it is unchanged since the import, the anchor made then vouches for.',
  ),
} as const satisfies Record<string, FindingKind>;

export type FindingCode = keyof typeof FINDINGS;
export type FindingDetails = Readonly<Record<string, string | number | boolean | null>>;

/** What a check found: `code`, the block (null: the chain as a whole) and the facts. All else follows from the code. */
export interface FindingFact {
  readonly code: FindingCode;
  readonly block: number | null;
  readonly details: FindingDetails;
}

/** A finding as a report shows it (DESIGN §6). */
export interface Finding extends FindingFact {
  readonly severity: Severity;
  readonly message: string;
  readonly action: string;
}

/** The finding a fact stands for. Severity, message and action are functions of the code and the block. */
export function describeFinding({ code, block, details }: FindingFact): Finding {
  const { severity, meaning, action } = FINDINGS[code];
  const where = block === null ? 'chain' : `block ${block}`;
  return { code, severity, block, message: `${where}: ${meaning}`, details, action };
}

export function severityOf(code: FindingCode): Severity {
  return FINDINGS[code].severity;
}

/** Critical and Corrupted findings accuse the data, so they are confirmed before they are reported. */
export function isAccusation(fact: FindingFact): boolean {
  const severity = severityOf(fact.code);
  return severity === 'Critical' || severity === 'Corrupted';
}

/** The worse of two statuses. */
export function worse(a: Status, b: Status): Status {
  return STATUSES.indexOf(a) >= STATUSES.indexOf(b) ? a : b;
}

/** A fact as the text that is sorted by (after block and code) and goes into the report digest. */
export function factText({ code, block, details }: FindingFact): string {
  return canonicalJson({ block, code, details });
}

/** A fact with its text, so that many can be sorted and digested without writing each text more than once. */
export interface WrittenFact {
  readonly fact: FindingFact;
  readonly text: string;
}

/** Facts in the order of a report: whole-chain ones first, then by block, code and details. */
export function inReportOrder(facts: readonly FindingFact[]): WrittenFact[] {
  return facts.map((fact) => ({ fact, text: factText(fact) })).sort(compareWritten);
}

/** Texts of the same block and code begin alike, so that they compare as their details do. */
function compareWritten(a: WrittenFact, b: WrittenFact): number {
  const blocks = (a.fact.block ?? -1) - (b.fact.block ?? -1);
  if (blocks !== 0) return blocks;
  if (a.fact.code !== b.fact.code) return a.fact.code < b.fact.code ? -1 : 1;
  return a.text < b.text ? -1 : a.text > b.text ? 1 : 0;
}

/** Collects the facts of one pass. The only way a check reports anything. */
export class FactCollector {
  readonly facts: FindingFact[] = [];

  add(code: FindingCode, block: number | null, details: FindingDetails = {}): void {
    this.facts.push({ code, block, details });
  }
}
