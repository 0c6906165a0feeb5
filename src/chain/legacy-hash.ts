/**
 * The predecessor's hash formulas, to check what it left behind. None of them is used for anything new: `graph` is
 * not injective, and the record has no separators.
 *
 *     hash = hex SHA-256(index ‖ timestamp ‖ rdfHash ‖ previousHash ‖ validator)
 *
 * rdfHash comes from the block's original text, which the store does not keep, or from its graph. The text can be
 * restored in two cases: the two lines that network nodes write, and the one Turtle document that every other chain
 * begins with. All of it was established by recomputation over real stores (fixtures/provchain-org).
 */
import { hash } from 'node:crypto';
import { isAmbiguous, type LegacyHeader } from './legacy-header.js';

/** A quad's terms in N-Quads form; a blank node starts with `_:`. */
export interface LegacyQuad {
  readonly subject: string;
  readonly predicate: string;
  readonly object: string;
}

/**
 * `text`: from the two lines of a network node. `graph`: from the hashes of the triples. `genesis-text`: from the
 * document "@prefix ex: …" of block 0, whose hash is stored before block 0 has a graph.
 */
export type LegacyFormula = 'text' | 'graph' | 'genesis-text';

/** Hex hashes by formula; one that does not apply to the block is absent. */
export type LegacyHashes = Readonly<Partial<Record<LegacyFormula, string>>>;

const PREFIX = 'http://provchain.org/';
const GENESIS_TRIPLE = '<http://example.org/genesis><http://example.org/type>"Genesis Block"';
const GENESIS_TEXT = '@prefix ex: <http://example.org/> . ex:genesis ex:type "Genesis Block".';

/**
 * The hashes that the formulas give for a block, from its header and all quads of its payload. Empty for an
 * ambiguous header, where no one value may be picked, and for a timestamp that is not `…Z`.
 */
export function legacyHashes(header: LegacyHeader, quads: readonly LegacyQuad[]): LegacyHashes {
  const { index, timestamp, previousHash, validator } = header.block;
  const time = originalTimestamp(timestamp[0]);
  if (isAmbiguous(header) || time === undefined) return {};
  const seal = (rdfHash: string): string =>
    sha256(`${index[0]}${time}${rdfHash}${previousHash[0]}${validator[0] ?? ''}`);

  const hashes: Partial<Record<LegacyFormula, string>> = { graph: seal(graphHash(quads)) };
  const text = nodeText(index[0], quads);
  if (text !== undefined) hashes.text = seal(sha256(text));
  if (index[0] === '0' && quads.length === 1 && joinTerms(quads[0]) === GENESIS_TRIPLE) {
    hashes['genesis-text'] = seal(sha256(GENESIS_TEXT));
  }
  return hashes;
}

/** The formula that reproduces the stored hash; `none`, or `ambiguous` when there is no single hash to reproduce. */
export function matchLegacyHash(
  header: LegacyHeader,
  quads: readonly LegacyQuad[],
): LegacyFormula | 'none' | 'ambiguous' {
  if (isAmbiguous(header)) return 'ambiguous';
  const hashes = legacyHashes(header, quads);
  const formulas: readonly LegacyFormula[] = ['text', 'graph', 'genesis-text'];
  return formulas.find((formula) => hashes[formula] === header.block.hash[0]) ?? 'none';
}

/**
 * What the next block refers to in this one: the hash as stored, or one recomputed from the block as it is now
 * (the predecessor links to the graph hash, which it does not store on network nodes). `none` is a broken link;
 * `ambiguous` means that this header has no single hash to compare with. One fitting value of the next header is
 * enough, since that may have several.
 */
export function matchLegacyLink(
  header: LegacyHeader,
  quads: readonly LegacyQuad[],
  next: LegacyHeader,
): 'stored' | LegacyFormula | 'none' | 'ambiguous' {
  if (isAmbiguous(header)) return 'ambiguous';
  const references = next.block.previousHash;
  const hashes = legacyHashes(header, quads);
  // A recomputed hash says more than the stored one: it vouches for the data too.
  const formulas: readonly LegacyFormula[] = ['graph', 'text', 'genesis-text'];
  const formula = formulas.find((name) => hashes[name] !== undefined && references.includes(hashes[name]));
  if (formula !== undefined) return formula;
  return references.includes(header.block.hash[0]) ? 'stored' : 'none';
}

/** The predecessor sorts the set of triple hashes and hashes them run together; blank nodes lose their names. */
function graphHash(quads: readonly LegacyQuad[]): string {
  return sha256([...new Set(quads.map((quad) => sha256(joinTerms(quad))))].sort().join(''));
}

function joinTerms({ subject, predicate, object }: LegacyQuad): string {
  return (
    (subject.startsWith('_:') ? 'Magic_S' : subject) +
    predicate +
    (object.startsWith('_:') ? 'Magic_O' : object)
  );
}

/**
 * The text a network node hashes: two lines in this order, without a newline at the end. Undefined unless the block
 * holds exactly these two triples, because a further triple would not be covered.
 */
function nodeText(index: string, quads: readonly LegacyQuad[]): string | undefined {
  if (quads.length !== 2) return undefined;
  const lines = ['timestamp', 'authority'].map((name) => {
    const quad = quads.find(({ predicate }) => predicate === `<${PREFIX}${name}>`);
    return quad?.subject === `<${PREFIX}block/${index}>`
      ? `${quad.subject} ${quad.predicate} ${quad.object} .`
      : undefined;
  });
  return lines.includes(undefined) ? undefined : lines.join('\n');
}

/**
 * The timestamp as it was hashed. The predecessor prints 0, 3, 6 or 9 digits of a second, as few as are exact, and
 * `+00:00`; its store trims trailing zeros and writes `Z`. Undefined for any other text.
 */
function originalTimestamp(stored: string): string | undefined {
  const match = /^(\d{4,}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z$/.exec(stored);
  if (!match) return undefined;
  const fraction = match[2] ?? '';
  const digits = fraction.padEnd(Math.ceil(fraction.length / 3) * 3, '0');
  return `${match[1]}${digits === '' ? '' : `.${digits}`}+00:00`;
}

const sha256 = (text: string): string => hash('sha256', text, 'hex');
