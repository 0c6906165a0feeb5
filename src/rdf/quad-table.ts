/**
 * The quads of one document as offsets into its text: one row per statement, in document order, duplicates kept.
 *
 * Every row points to its canonical spelling (RDFC-1.0 appendix A, but with the labels of the input):
 * `subject SP predicate SP object [SP graph] SP . LF`. A line of the input that is already spelled so is used in
 * place; any other is spelled anew behind the input (`StatementReader`).
 */

import { BlankNodes } from './blank-nodes.js';
import { ByteArena } from './byte-arena.js';
import { ByteInterner, doubled } from './byte-interner.js';

const INITIAL_ROWS = 1 << 10;
const RETAINED_ROWS = 1 << 16;
/** A row ends with SP . LF after its last term. */
export const TERMINATOR_BYTES = 3;
/** In a node column: the term is not a blank node. */
export const NO_NODE = -1;

export class QuadTable {
  readonly text = new ByteArena();
  readonly nodes = new BlankNodes();
  readonly graphs = new ByteInterner();
  count = 0;
  hasDefaultGraph = false;
  /** Every line of the input was spelled canonically, and the rows are the input's bytes without a gap. */
  verbatim = true;
  /** The rows ascend strictly in byte order; so they are sorted and none occurs twice. */
  ascending = true;
  start = new Int32Array(INITIAL_ROWS);
  subjectEnd = new Int32Array(INITIAL_ROWS);
  predicateEnd = new Int32Array(INITIAL_ROWS);
  objectEnd = new Int32Array(INITIAL_ROWS);
  /** After the line feed. */
  end = new Int32Array(INITIAL_ROWS);
  subjectNode = new Int32Array(INITIAL_ROWS);
  objectNode = new Int32Array(INITIAL_ROWS);
  graphNode = new Int32Array(INITIAL_ROWS);

  reset(): void {
    this.text.reset();
    this.nodes.reset();
    this.graphs.reset();
    this.count = 0;
    this.hasDefaultGraph = false;
    this.verbatim = true;
    this.ascending = true;
    if (this.start.length > RETAINED_ROWS) this.#resize(() => new Int32Array(INITIAL_ROWS));
  }

  get capacity(): number {
    return this.start.length;
  }

  grow(): void {
    this.#resize(doubled);
  }

  /** Distinct graph names, and one more when the default graph has quads. */
  get transactions(): number {
    return this.graphs.count + (this.hasDefaultGraph ? 1 : 0);
  }

  #resize(change: (column: Int32Array<ArrayBuffer>) => Int32Array<ArrayBuffer>): void {
    this.start = change(this.start);
    this.subjectEnd = change(this.subjectEnd);
    this.predicateEnd = change(this.predicateEnd);
    this.objectEnd = change(this.objectEnd);
    this.end = change(this.end);
    this.subjectNode = change(this.subjectNode);
    this.objectNode = change(this.objectNode);
    this.graphNode = change(this.graphNode);
  }
}
