/** What is well and what is not, with room between the two. */
export interface WatchedFigure {
  /** `above`: too high is bad; `below`: too low. */
  readonly bad: 'above' | 'below';
  readonly threshold: number;
  /** Share of the threshold by which the figure must be on the good side before it counts as well again. */
  readonly margin: number;
  /** Readings in a row that must agree. */
  readonly readings: number;
}

/**
 * Watches one figure so that it does not flap: it turns bad after so many readings in a row beyond the threshold, and well
 * again after as many that are clear of it by the margin. A reading that was not taken says nothing and changes nothing.
 *
 * States: well → bad → well. Which one it begins in, the caller knows from what it has kept.
 */
export class ThresholdWatch {
  readonly #figure: WatchedFigure;
  #bad: boolean;
  #streak = 0;

  constructor(figure: WatchedFigure, bad: boolean) {
    this.#figure = figure;
    this.#bad = bad;
  }

  /** Takes a reading; says whether the figure is bad now. */
  read(value: number | undefined): boolean {
    if (value === undefined || !Number.isFinite(value)) return this.#bad;
    const { bad, threshold, margin, readings } = this.#figure;
    const line = this.#bad ? threshold * (bad === 'above' ? 1 - margin : 1 + margin) : threshold;
    const beyond = bad === 'above' ? value > line : value < line;
    this.#streak = beyond === this.#bad ? 0 : this.#streak + 1;
    if (this.#streak >= readings) {
      this.#bad = !this.#bad;
      this.#streak = 0;
    }
    return this.#bad;
  }
}
