import autocannon, { type Request } from 'autocannon';

/**
 * Requests that are sent in turns over and over. `take` is given every answer, in no order, and says what is wrong with
 * it; one wrong answer ends the run.
 */
export interface Fire {
  readonly requests: readonly Shell[];
  take(status: number, body: string): string | undefined;
}

export interface Message {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** One request; `next` makes what is different in each that is sent. */
export interface Shell extends Message {
  readonly next?: () => Partial<Message>;
}

export interface Aim {
  /** Without a path. */
  readonly url: string;
  readonly connections: number;
  readonly seconds?: number;
  /** Instead of a time: so many requests. */
  readonly amount?: number;
  /** Requests a second of all connections together; as fast as answers come when not given. */
  readonly rate?: number;
}

/** What one turn measured. Milliseconds, from sending to the whole answer. */
export interface Shot {
  /** Answers with a status below 300, a second. */
  readonly rate: number;
  readonly p50: number;
  readonly p97: number;
  readonly p99: number;
  /** Connections that broke and answers that did not come. */
  readonly errors: number;
  /** Answers by status. */
  readonly statuses: Readonly<Record<number, number>>;
  /** What was wrong with the first answer with which anything was. */
  readonly problem: string | undefined;
  readonly seconds: number;
}

const ANSWER_LIMIT_SECONDS = 30;

/** Fires at one server and waits for the last answer. */
export async function shoot(aim: Aim, fire: Fire): Promise<Shot> {
  const statuses: Record<number, number> = {};
  let problem: string | undefined;
  let lastAt = 0;
  const onResponse = (status: number, body: string) => {
    lastAt = performance.now();
    statuses[status] = (statuses[status] ?? 0) + 1;
    problem ??= fire.take(status, body);
  };
  const requests = fire.requests.map(({ method, path, headers, body, next }): Request => {
    const request = { method, path, headers: { ...headers }, body, onResponse };
    return next
      ? { ...request, setupRequest: (sent: Request): Request => ({ ...sent, ...next() }) }
      : request;
  });
  const started = performance.now();
  const result = await autocannon({
    url: aim.url,
    connections: aim.connections,
    timeout: ANSWER_LIMIT_SECONDS,
    ...(aim.amount === undefined ? { duration: aim.seconds } : { amount: aim.amount }),
    ...(aim.rate === undefined ? {} : { overallRate: aim.rate }),
    requests,
  });
  // autocannon looks at the clock once a second to see whether it is done.
  const seconds = (lastAt - started) / 1000;
  const { p50, p97_5: p97, p99 } = result.latency;
  const good = Object.entries(statuses).reduce(
    (sum, [status, count]) => sum + (Number(status) < 300 ? count : 0),
    0,
  );
  return { rate: good / seconds, p50, p97, p99, errors: result.errors, statuses, problem, seconds };
}
