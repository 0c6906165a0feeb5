import { CATEGORIES, type Category, FactCollector } from './finding.js';
import type { Plan } from './plan.js';
import { type Checked, noneChecked } from './report.js';

/** Attributes time to the groups of checks: whatever passes between two calls of `enter` belongs to the first. */
class Stopwatch {
  readonly ms = Object.fromEntries(CATEGORIES.map((name) => [name, 0])) as Record<Category, number>;
  readonly #clock: () => number;
  #category: Category = 'blockchain';
  #since: number;

  constructor(clock: () => number) {
    this.#clock = clock;
    this.#since = clock();
  }

  enter(category: Category): void {
    const now = this.#clock();
    this.ms[this.#category] += now - this.#since;
    this.#category = category;
    this.#since = now;
  }
}

/** What the checks of one pass over a range share. */
export interface ShardContext {
  readonly plan: Plan;
  readonly facts: FactCollector;
  readonly checked: Checked;
  readonly stopwatch: Stopwatch;
}

export function shardContext(plan: Plan, clock: () => number): ShardContext {
  return { plan, facts: new FactCollector(), checked: noneChecked(), stopwatch: new Stopwatch(clock) };
}
