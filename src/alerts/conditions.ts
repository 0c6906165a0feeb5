import {
  type Alert,
  type AlertRule,
  type AlertSeverity,
  type Cleared,
  CRITICAL,
  type Raised,
  WARNING,
} from './alert.js';
import { ReplicaLag } from './replica-lag.js';
import { ThresholdWatch, type WatchedFigure } from './threshold-watch.js';

/** What the monitor tells of itself; declared here, because the alerts need it and no more. */
export interface MonitorFacts {
  readonly enabled: boolean;
  readonly intervalMs: number;
  /** No round for so long that something must be wrong with it. */
  readonly silent: boolean;
  /** The end of the last round that said something about the chain, ISO 8601. */
  readonly lastRoundAt: string | null;
  readonly scrub: {
    readonly enabled: boolean;
    readonly overdue: boolean;
    /** Whether `oldestUnverifiedSeconds` is the age of a validation: not so on a node that only began to watch. */
    readonly allVerified: boolean;
    readonly oldestUnverifiedSeconds: number | null;
    readonly promiseSeconds: number | null;
    /** The arithmetic, in words, when the promise cannot be kept with the measured speed. */
    readonly refused: string | null;
  };
  readonly recentFigures: RecentFigures;
}

/** Null: not measured, or too few to say. */
export interface RecentFigures {
  /** 0 to 1. */
  readonly cacheHitRate: number | null;
  readonly averageValidationMs: number | null;
  /** Of the limit of the validator process. */
  readonly memoryPercent: number | null;
}

export interface VolumeReading {
  readonly name: 'chain' | 'state';
  readonly path: string;
  /** 0 to 100. */
  readonly freePercent: number;
  readonly freeBytes: number;
}

/** One look at everything beside the data. What could not be read is absent. */
export interface Vitals {
  readonly volumes: readonly VolumeReading[];
  /** Heights of the replicas of the fleet, the highest of the nodes of each. */
  readonly heights: ReadonlyMap<string, number>;
  /** Whether Redis answers; absent on a node without one. */
  readonly redis?: boolean;
  readonly figures?: RecentFigures;
  readonly monitor?: MonitorFacts;
}

/** Undefined or 0 in `diskFreePercent`: not watched. */
export interface ConditionSettings {
  readonly cacheHitRate?: number;
  readonly validationMs?: number;
  readonly memoryPercent?: number;
  readonly diskFreePercent: number;
  readonly replicaBehindMs: number;
  readonly redisAwayMs: number;
}

/** Of an open alert; `openedAt` in milliseconds since 1970. */
export type OpenAlert = Pick<Alert, 'openedAt' | 'severity'>;

export interface ConditionsOptions {
  readonly settings: ConditionSettings;
  readonly chain: string;
  readonly replica: string;
  readonly node: string;
  /** The open alert of this rule and subject: what other nodes, and processes before this one, have found. */
  readonly open: (rule: AlertRule, subject: string) => OpenAlert | undefined;
}

/** Readings in a row before a figure counts; at one look every five seconds, half a minute. */
const READINGS = 6;
const MARGIN = 0.05;
/** Of the threshold of free space: below it soon nothing can be written. */
const CRITICAL_SHARE = 0.25;
const PERCENT = 100;
const HOUR_SECONDS = 3600;

interface Condition {
  readonly rule: AlertRule;
  readonly subject: string;
  /** Undefined: nobody can tell. */
  readonly bad: boolean | undefined;
  readonly severity: AlertSeverity;
  readonly title: string;
  readonly what: string;
  readonly action: string;
  readonly resolution: string;
  readonly place: { readonly replica?: string; readonly node?: string };
}

/** What is wrong with what the data stands on: figures, volumes, replicas, the monitor. Remembers earlier looks. */
export class Conditions {
  readonly #options: ConditionsOptions;
  readonly #watches = new Map<string, ThresholdWatch>();
  readonly #lag: ReplicaLag;
  #redisAwaySince: number | undefined;

  constructor(options: ConditionsOptions) {
    this.#options = options;
    this.#lag = new ReplicaLag(options.settings.replicaBehindMs);
  }

  /** @param now milliseconds since 1970 */
  judge(vitals: Vitals, now: number): { raised: readonly Raised[]; cleared: readonly Cleared[] } {
    const conditions = [
      ...this.#figures(vitals.figures),
      ...vitals.volumes.map((volume) => this.#volume(volume)),
      ...this.#replicas(vitals.heights, now),
      ...this.#redis(vitals.redis, now),
      ...this.#monitor(vitals.monitor),
    ];
    return {
      raised: conditions.filter(({ bad }) => bad === true).map((one) => this.#raised(one)),
      cleared: conditions.filter(({ bad }) => bad === false),
    };
  }

  #raised({ rule, subject, severity, title, what, action, place }: Condition): Raised {
    const rank = severity === CRITICAL ? 2 : 1;
    const where = { chain: this.#options.chain, ...place, blocks: [] };
    return { rule, subject, severity, rank, title, what, action, place: where };
  }

  /** @param severity of the line that the figure is held against: a volume has one for each */
  #isBad(
    rule: AlertRule,
    subject: string,
    figure: WatchedFigure,
    value: number | undefined,
    severity: AlertSeverity = WARNING,
  ): boolean {
    const key = `${rule}/${subject}/${severity}`;
    let watch = this.#watches.get(key);
    if (watch === undefined) {
      const open = this.#options.open(rule, subject);
      watch = new ThresholdWatch(
        figure,
        open !== undefined && (severity === WARNING || open.severity === severity),
      );
      this.#watches.set(key, watch);
    }
    return watch.read(value);
  }

  #figures(figures: RecentFigures | undefined): Condition[] {
    const { settings, node } = this.#options;
    const watched: readonly [
      AlertRule,
      WatchedFigure['bad'],
      number | undefined,
      number | null | undefined,
    ][] = [
      ['cache-hit-rate', 'below', settings.cacheHitRate, figures?.cacheHitRate],
      ['validation-time', 'above', settings.validationMs, figures?.averageValidationMs],
      ['memory', 'above', settings.memoryPercent, figures?.memoryPercent],
    ];
    return watched.flatMap(([rule, bad, threshold, value]) => {
      if (threshold === undefined) return [];
      const figure = { bad, threshold, margin: MARGIN, readings: READINGS };
      const isBad = this.#isBad(rule, node, figure, value ?? undefined);
      const texts = FIGURE_TEXTS[rule as keyof typeof FIGURE_TEXTS];
      // What nobody measured now is no news, good or bad.
      const measured = value !== undefined && value !== null;
      const shown = measured ? texts.show(value) : 'not measured';
      return {
        ...{
          rule,
          subject: node,
          bad: measured ? isBad : undefined,
          severity: WARNING,
          title: texts.title,
          place: { node },
        },
        what: `On node ${node}: ${shown}, ${bad} the threshold of ${texts.show(threshold)}.`,
        action: texts.action,
        resolution: `Now ${shown}.`,
      };
    });
  }

  #volume({ name, path, freePercent, freeBytes }: VolumeReading): Condition {
    const { settings, node } = this.#options;
    const threshold = settings.diskFreePercent;
    const subject = `${node}/${name}`;
    const figure = { bad: 'below', threshold, margin: MARGIN, readings: 2 } as const;
    const bad = threshold > 0 && this.#isBad('disk-space', subject, figure, freePercent);
    const line = { ...figure, threshold: threshold * CRITICAL_SHARE };
    const isCritical = threshold > 0 && this.#isBad('disk-space', subject, line, freePercent, CRITICAL);
    const free = `${freePercent.toFixed(1)} % (${(freeBytes / 1e9).toFixed(1)} GB) free`;
    return {
      ...{ rule: 'disk-space', subject, bad, place: { node } },
      severity: isCritical ? CRITICAL : WARNING,
      title: 'Disk space runs out',
      what: `The volume of the ${name} directory ${path} of node ${node} has ${free}; the threshold is ${threshold} %.`,
      action:
        'Make room or enlarge the volume before it is full: a full disk stops appends, and can tear what is being written.',
      resolution: `Now ${free}.`,
    };
  }

  #replicas(heights: ReadonlyMap<string, number>, now: number): Condition[] {
    const seconds = this.#options.settings.replicaBehindMs / 1000;
    return [...this.#lag.read(heights, now)].map(([replica, missing]) => ({
      ...{ rule: 'replica-behind', subject: replica, place: { replica } },
      bad: missing === undefined ? undefined : missing > 0,
      severity: WARNING,
      title: 'Replica behind',
      what: `Replica ${replica} lacks ${missing} blocks that another replica has had for more than ${seconds} s.`,
      action:
        'Look at what copies blocks to this replica, and at its disk and network. It serves old answers meanwhile.',
      resolution: 'It has caught up.',
    }));
  }

  #redis(answers: boolean | undefined, now: number): Condition[] {
    if (answers === undefined) return [];
    const { settings, node } = this.#options;
    this.#redisAwaySince = answers ? undefined : (this.#redisAwaySince ?? now);
    const away = this.#redisAwaySince === undefined ? 0 : now - this.#redisAwaySince;
    return [
      {
        ...{ rule: 'redis-away', subject: node, place: { node } },
        bad: answers ? false : away >= settings.redisAwayMs || undefined,
        severity: CRITICAL,
        title: 'Redis does not answer',
        what: `Node ${node} has had no connection to the Redis of the queue for ${Math.round(away / 1000)} s: no job is accepted or run, and nothing is watched.`,
        action:
          'Look at Redis and at the network to it. Accepted jobs are on record and go on when it is back.',
        resolution: 'Redis answers again.',
      },
    ];
  }

  #monitor(facts: MonitorFacts | undefined): Condition[] {
    if (!facts) return [];
    const { replica } = this.#options;
    const { enabled, scrub, intervalMs, lastRoundAt } = facts;
    const hours = (seconds: number | null) =>
      seconds === null ? 'an unknown time' : `${(seconds / HOUR_SECONDS).toFixed(1)} h`;
    const silent: Condition = {
      ...{
        rule: 'monitor-silent',
        subject: replica,
        place: { replica },
        bad: enabled && facts.silent ? true : this.#hasSpokenSince(lastRoundAt),
        severity: CRITICAL,
      },
      title: 'The monitor is silent',
      what: `No round on replica ${replica} has said anything since ${lastRoundAt ?? 'the start'}; one is due every ${intervalMs / 1000} s.`,
      action:
        'Nothing is known about the data since then. See whether the nodes run, whether Redis answers and whether jobs are stuck: "provchain jobs list".',
      resolution: `A round has said something again, at ${lastRoundAt}.`,
    };
    const overdue: Condition = {
      ...{ rule: 'scrub-overdue', subject: replica, place: { replica }, severity: WARNING },
      bad: scrubIsBad(facts),
      title: 'The scrub is overdue',
      what: `Some block of replica ${replica} was last fully verified ${hours(scrub.oldestUnverifiedSeconds)} ago; promised are ${hours(scrub.promiseSeconds)}. ${scrub.refused ?? ''}`.trim(),
      action:
        'Give the scrub more time (quiet hours, full_cycle_hours) or more of the machine (resource_limits).',
      resolution: 'Every block was verified within the promised time.',
    };
    return [silent, overdue];
  }

  /**
   * False, that is well, only for a round that said something after the alert was opened: a node that was started just now
   * knows of no silence, and would clear what another node knows.
   */
  #hasSpokenSince(lastRoundAt: string | null): false | undefined {
    const alert = this.#options.open('monitor-silent', this.#options.replica);
    if (alert === undefined || lastRoundAt === null) return undefined;
    return Date.parse(lastRoundAt) > alert.openedAt ? false : undefined;
  }
}

/** Well only by validations of every block; undefined where this node has not seen them. */
function scrubIsBad({ enabled, scrub }: MonitorFacts): boolean | undefined {
  if (!enabled || !scrub.enabled) return undefined;
  if (scrub.overdue || scrub.refused !== null) return true;
  return scrub.allVerified && scrub.oldestUnverifiedSeconds !== null ? false : undefined;
}

const percentOf = (share: number): string => `${(share * PERCENT).toFixed(1)} %`;

const FIGURE_TEXTS = {
  'cache-hit-rate': {
    title: 'Few answers come from the cache',
    show: (share: number) => `a cache hit rate of ${percentOf(share)}`,
    action:
      'See whether the chain changes more often than it is asked for, or the cache is too small or its results too short-lived.',
  },
  'validation-time': {
    title: 'Validations take long',
    show: (ms: number) => `an average validation time of ${Math.round(ms)} ms`,
    action:
      'See whether the machine is busy or the chain has grown; give more workers, or validate at a lower level more often.',
  },
  memory: {
    title: 'The validator needs much memory',
    show: (percent: number) => `${percent.toFixed(1)} % of the memory limit`,
    action: 'Raise integrity.resource_limits.max_memory_mb, or run fewer validations at once.',
  },
};
