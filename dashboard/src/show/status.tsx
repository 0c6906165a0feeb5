import type { JobView } from '../api/answers.js';
import { Icon, type IconName } from './icon.js';

/** A status is told by shape, word and colour, so that any one of them is enough. */
const ICONS: Readonly<Record<string, IconName>> = {
  Healthy: 'ok',
  Warning: 'warning',
  Incomplete: 'incomplete',
  Critical: 'critical',
  Corrupted: 'corrupted',
  Unknown: 'unknown',
  critical: 'critical',
  warning: 'warning',
  info: 'help',
  completed: 'ok',
  failed: 'critical',
  cancelled: 'cancelled',
  running: 'running',
  queued: 'queued',
};

const WORDS: Readonly<Record<string, string>> = { critical: 'Critical', warning: 'Warning', info: 'Note' };

const toneOf = (status: string): string =>
  ({
    completed: 'neutral',
    queued: 'neutral',
    running: 'accent',
    cancelled: 'neutral',
    failed: 'critical',
    info: 'neutral',
  })[status] ?? status.toLowerCase();

export function Status({ status }: { status: string }) {
  return (
    <span class={`status tone-${toneOf(status)}`}>
      <Icon name={ICONS[status] ?? 'unknown'} />
      {WORDS[status] ?? status}
    </span>
  );
}

export function StatusMark({ status }: { status: string }) {
  return (
    <span class={`mark tone-${toneOf(status)}`}>
      <Icon name={ICONS[status] ?? 'unknown'} />
    </span>
  );
}

/** What a job has come to: its status once there is one, until then its state. */
export function JobStatus({ job }: { job: JobView }) {
  return <Status status={job.state === 'completed' && job.status !== null ? job.status : job.state} />;
}
