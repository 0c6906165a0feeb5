import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { type LabelsOf, METRICS, type MetricName, type NamesOf } from './table.js';

type Instrument = Counter | Gauge | Histogram;

/** The metrics of the table as objects of prom-client, in a registry of their own, reached by name with typed labels. */
export class Instruments {
  readonly registry = new Registry();
  readonly #byName = new Map<MetricName, Instrument>();

  constructor(detailed: boolean) {
    for (const name of Object.keys(METRICS) as MetricName[]) {
      const declaration = METRICS[name];
      if ('detailed' in declaration && !detailed) continue;
      const { help, labels } = declaration;
      const base = { name, help, labelNames: [...labels], registers: [this.registry] };
      const instrument =
        'buckets' in declaration
          ? new Histogram({ ...base, buckets: [...declaration.buckets] })
          : new (declaration.type === 'counter' ? Counter : Gauge)(base);
      this.#byName.set(name, instrument);
      // A gauge has no value before the first; a counter of this process has counted nothing yet.
      if (declaration.from === 'sampled' || declaration.type === 'gauge') this.#clear(instrument);
    }
    collectDefaultMetrics({ register: this.registry });
    if (!detailed) this.#removeRuntimeDetails();
  }

  /** Leaves memory, processor time and the lag of the event loop, which the alert rules look at. */
  #removeRuntimeDetails(): void {
    for (const { name } of this.registry.getMetricsAsArray()) {
      if (/^nodejs_(?:gc|heap_space|active)_/.test(name)) this.registry.removeSingleMetric(name);
    }
  }

  count<Name extends NamesOf<'counter', 'counted'>>(name: Name, labels: LabelsOf<Name>, by = 1): void {
    (this.#byName.get(name) as Counter).inc(labels, by);
  }

  observe<Name extends NamesOf<'histogram'>>(name: Name, labels: LabelsOf<Name>, value: number): void {
    // Absent are only the detailed ones, when nobody wants them.
    (this.#byName.get(name) as Histogram | undefined)?.observe(labels, value);
  }

  set<Name extends NamesOf<'gauge'>>(name: Name, labels: LabelsOf<Name>, value: number): void {
    (this.#byName.get(name) as Gauge).set(labels, value);
  }

  /** A counter that somebody else keeps: its total, after {@link forgetSamples}. */
  total<Name extends NamesOf<'counter', 'sampled'>>(name: Name, labels: LabelsOf<Name>, value: number): void {
    (this.#byName.get(name) as Counter).inc(labels, value);
  }

  /** Takes away what the last scrape was told, so that a value that nobody tells any more is absent. */
  forgetSamples(): void {
    for (const [name, instrument] of this.#byName) {
      if (METRICS[name].from === 'sampled') this.#clear(instrument);
    }
  }

  #clear(instrument: Instrument): void {
    instrument.reset();
    // prom-client gives a metric without labels a zero to begin with.
    if (instrument instanceof Counter || instrument instanceof Gauge) instrument.remove({});
  }
}
