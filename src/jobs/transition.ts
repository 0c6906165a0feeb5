import { ProvChainError } from '../errors.js';
import type { Progress, Status } from '../validation/index.js';
import type { JobRecord, JobSpec, JobState, ReplicaOutcome } from './job.js';

/**
 * The only functions that make a record out of another one; `job.ts` draws the states. None of them gives a record back
 * out of a terminal one: whoever asks for that has a defect, and gets INTERNAL.
 */

const NEXT: Readonly<Record<JobState, readonly JobState[]>> = {
  queued: ['queued', 'running', 'completed', 'failed', 'cancelled'],
  running: ['queued', 'running', 'completed', 'failed', 'cancelled'],
  completed: [],
  failed: [],
  cancelled: [],
};

const MOST_NOTES = 20;
const STARTS_PER_FENCE = 1000;

export type TerminalState = Extract<JobState, 'completed' | 'failed' | 'cancelled'>;

export function isTerminal(state: JobState): state is TerminalState {
  return NEXT[state].length === 0;
}

export function mayFollow(before: JobState, after: JobState): boolean {
  return NEXT[before].includes(after);
}

/** The fence of a start: what the record counts (it was added to the queue so often), then the starts since. */
export function fenceOf(additions: number, start: number): number {
  return additions * STARTS_PER_FENCE + Math.min(start, STARTS_PER_FENCE - 1);
}

/** How often the job was added to the queue. */
export function additionsOf(fence: number): number {
  return Math.floor(fence / STARTS_PER_FENCE);
}

/**
 * Whether `record` may take the place of `before`: it is no result of an attempt that was given up, and it is news. Both
 * may come from other processes, in any order and more than once.
 */
export function supersedes(record: JobRecord, before: JobRecord): boolean {
  if (!mayFollow(before.state, record.state) || record.fence < before.fence) return false;
  return record.fence > before.fence || record.revision > before.revision;
}

/** Time in milliseconds where that grows, one more where it does not: it also grows over a restart. */
function nextRevision(before: JobRecord, now: Date): number {
  return Math.max(before.revision + 1, now.getTime());
}

function follow(before: JobRecord, state: JobState, now: Date, change: Partial<JobRecord>): JobRecord {
  if (!mayFollow(before.state, state)) {
    throw new ProvChainError('INTERNAL', `a ${before.state} job cannot become ${state}`);
  }
  return {
    ...before,
    ...change,
    state,
    revision: nextRevision(before, now),
    updatedAt: now.toISOString(),
  };
}

export function addNote(notes: readonly string[], note: string): readonly string[] {
  return [...notes, note].slice(-MOST_NOTES);
}

/** The record of a job that was just accepted. */
export function acceptedRecord(spec: JobSpec): JobRecord {
  const revision = Date.parse(spec.createdAt);
  return {
    spec,
    state: 'queued',
    fence: fenceOf(1, 0),
    attempts: 0,
    revision,
    updatedAt: spec.createdAt,
    notes: [],
  };
}

/** A worker has begun. If another had before, it was lost, and the notes say so. */
export function startRecord(before: JobRecord, fence: number, node: string, now: Date): JobRecord {
  const lost = before.state === 'running' && before.fence < fence;
  const started = follow(before, 'running', now, {
    fence,
    attempts: before.attempts + 1,
    node,
    startedAt: now.toISOString(),
    notes: lost
      ? addNote(before.notes, `attempt ${before.attempts} on ${before.node} was lost`)
      : before.notes,
  });
  const { progress: _, ...withoutProgress } = started;
  return withoutProgress;
}

export function progressRecord(before: JobRecord, progress: Progress, now: Date): JobRecord {
  return follow(before, 'running', now, { progress });
}

/** How far the replicas of a fleet job are. */
export function replicasRecord(before: JobRecord, replicas: readonly ReplicaOutcome[], now: Date): JobRecord {
  return follow(before, 'running', now, { replicas });
}

/** Something worth telling, without a change of the state. */
export function noteRecord(before: JobRecord, note: string, now: Date): JobRecord {
  return follow(before, before.state, now, { notes: addNote(before.notes, note) });
}

/** An attempt has failed and another will follow, or the node that ran it is stopping. */
export function requeueRecord(before: JobRecord, note: string, now: Date): JobRecord {
  return follow(before, 'queued', now, { notes: addNote(before.notes, note) });
}

/** The job is added to the queue once more, because the queue has lost it: what still runs of it counts no more. */
export function readdRecord(before: JobRecord, note: string, now: Date): JobRecord {
  const fence = fenceOf(additionsOf(before.fence) + 1, 0);
  return follow(before, 'queued', now, { fence, notes: addNote(before.notes, note) });
}

export interface Verdict {
  /** How far it got, where that is known better than the record says. */
  readonly progress?: Progress;
  readonly status: Status;
  readonly complete: boolean;
  readonly reportDigest?: string;
  readonly replicas?: readonly ReplicaOutcome[];
  readonly agree?: boolean | null;
}

/** A report was made, whatever it says; of a job that was cancelled while it ran, of what was covered. */
export function finishRecord(
  before: JobRecord,
  state: 'completed' | 'cancelled',
  verdict: Verdict,
  now: Date,
): JobRecord {
  return follow(before, state, now, { ...verdict, finishedAt: now.toISOString() });
}

export function failRecord(before: JobRecord, error: ProvChainError, now: Date): JobRecord {
  const { code, message } = error;
  return follow(before, 'failed', now, { error: { code, message }, finishedAt: now.toISOString() });
}

/** Cancelled before it began, so there is no report. */
export function cancelRecord(before: JobRecord, by: string, now: Date): JobRecord {
  return follow(before, 'cancelled', now, {
    notes: addNote(before.notes, `cancelled by ${by}`),
    finishedAt: now.toISOString(),
  });
}
