import { workloadDocument } from '../../src/rdf/index.js';
import type { AcceptedJobs } from './accepted-jobs.js';
import type { Fire, Message, Shell } from './cannon.js';

/** Says what is wrong with the body of an answer. */
export type BodyCheck = (body: string) => string | undefined;

/** So many answers apart, one is looked at. */
const SAMPLE_EVERY = 97;

export const get = (path: string): Shell => ({ method: 'GET', path });

export const post = (path: string, body: unknown): Shell => ({
  method: 'POST',
  path,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});

/** Requests that are all alike, and answers that must be. */
export function same(shell: Shell, check: BodyCheck): Fire {
  let answers = 0;
  return {
    requests: [shell],
    take: (_status, body) => (answers++ % SAMPLE_EVERY === 0 ? check(body) : undefined),
  };
}

/** Requests for jobs of which no two are one: ranges of blocks, small ones first, each given out once. */
export function distinctScopes(
  height: number,
): () => { from: number; to: number; level: string; fresh: boolean } {
  let [from, length] = [0, 1];
  return () => {
    if (from + length > height) [from, length] = [0, length + 1];
    const scope = { from, to: from + length };
    from++;
    return { level: 'Minimal', ...scope, fresh: true };
  };
}

/** Submissions of distinct jobs; the accepted ones go to `accepted`. */
export function submissions(path: string, scopes: () => unknown, accepted?: AcceptedJobs): Fire {
  return {
    requests: [{ ...post(path, {}), next: () => ({ body: JSON.stringify(scopes()) }) }],
    take: (status, body) => (status === 202 ? accepted?.take(body) : undefined),
  };
}

/** Small documents as N-Quads, each different, and none that the chain was generated of. */
export function documents(): () => string {
  let index = 1_000_000;
  return () => workloadDocument('trace', index++, { quads: 12, seed: 1 });
}

export function appends(path: string, next: () => string, take: Fire['take']): Fire {
  const headers = { 'content-type': 'application/n-quads' };
  return {
    requests: [{ method: 'POST', path, headers, body: next(), next: () => ({ body: next() }) }],
    take,
  };
}

/**
 * Several kinds of requests, each so many times in a row of them, spread evenly. All connections take theirs from the
 * same row, so that the mixture holds however few requests each of them sends.
 */
export function mixed(parts: readonly (readonly [times: number, shell: Shell])[], take: Fire['take']): Fire {
  const row = parts
    .flatMap(([times, shell]) => Array.from({ length: times }, (_, i) => ({ at: (i + 0.5) / times, shell })))
    .sort((a, b) => a.at - b.at)
    .map(({ shell }) => shell);
  let turn = 0;
  const next = (): Message => {
    const { next: vary, ...message } = row[turn++ % row.length]!;
    return { ...message, ...vary?.() };
  };
  return { requests: [{ ...row[0]!, next }], take };
}
