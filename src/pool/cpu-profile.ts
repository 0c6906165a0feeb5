/** The part of V8's `.cpuprofile` format that joining needs (Chrome DevTools Protocol, `Profiler.Profile`). */
interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  readonly startTime: number;
  readonly endTime: number;
  readonly samples?: readonly number[];
  readonly timeDeltas?: readonly number[];
}

interface ProfileNode {
  readonly id: number;
  readonly children?: readonly number[];
}

/** Samples that one joined profile holds at most: a hundred seconds at one in a millisecond. */
const MOST_SAMPLES = 100_000;
const ROOT_FRAME = {
  functionName: '(root)',
  scriptId: '0',
  url: '',
  lineNumber: -1,
  columnNumber: -1,
};

/** CPU profiles of one thread, one after the other, as one: each becomes a child of a common root. */
export class ProfileJoiner {
  readonly #nodes: ProfileNode[] = [];
  readonly #roots: number[] = [];
  readonly #samples: number[] = [];
  readonly #timeDeltas: number[] = [];
  #startTime: number | undefined;
  #endTime = 0;
  #lastId = 1;

  /** @param text a profile as JSON text, later than those before it */
  add(text: string): void {
    if (this.#samples.length >= MOST_SAMPLES) return;
    const { nodes, samples = [], timeDeltas = [], startTime, endTime }: CpuProfile = JSON.parse(text);
    const offset = this.#lastId;
    for (const node of nodes) {
      const children = node.children?.map((id) => id + offset);
      this.#nodes.push({ ...node, id: node.id + offset, children });
      this.#lastId = Math.max(this.#lastId, node.id + offset);
    }
    if (nodes.length > 0) this.#roots.push(nodes[0].id + offset);
    // Between two profiles the thread did something else: its first sample follows after that pause.
    const pause = this.#startTime === undefined ? 0 : startTime - this.#endTime;
    samples.forEach((id, i) => {
      this.#samples.push(id + offset);
      this.#timeDeltas.push((timeDeltas[i] ?? 0) + (i === 0 ? Math.max(0, pause) : 0));
    });
    this.#startTime ??= startTime;
    this.#endTime = endTime;
  }

  /** The joined profile as JSON text; undefined when there was none. */
  join(): string | undefined {
    if (this.#startTime === undefined) return undefined;
    const root = { id: 1, callFrame: ROOT_FRAME, hitCount: 0, children: this.#roots };
    return JSON.stringify({
      nodes: [root, ...this.#nodes],
      startTime: this.#startTime,
      endTime: this.#endTime,
      samples: this.#samples,
      timeDeltas: this.#timeDeltas,
    });
  }
}
