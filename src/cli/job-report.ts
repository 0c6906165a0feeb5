import type { RemoteJob } from '../client/index.js';
import { ERRORS, type ErrorCode, EXIT } from '../errors.js';
import { exitCodeOf, STATUSES, type Status } from '../validation/index.js';
import { formatAmount, formatCount, formatSeconds } from './format.js';
import { colorOf } from './report.js';
import { formatTable } from './table.js';
import { printable, type Terminal } from './terminal.js';

/** Texts of a job come from the server, which takes some of them from its users. */
export function printJobs(terminal: Terminal, jobs: readonly RemoteJob[]): void {
  if (jobs.length === 0) {
    terminal.print('No jobs.');
    return;
  }
  const rows = jobs.map((job) => [
    printable(job.jobId),
    stateOf(terminal, job),
    job.kind === 'fleet' ? `${levelOf(job)}, fleet` : levelOf(job),
    scopeOf(job),
    printable(job.createdAt),
    durationOf(job),
  ]);
  const head = ['job', 'state', 'level', 'blocks', 'created', 'time'];
  terminal.print(formatTable(terminal, head, rows, ['left', 'left', 'left', 'right', 'left', 'right']));
}

/** One job for a person: what it is, how far it has come, and what became of it. */
export function printJob(terminal: Terminal, job: RemoteJob): void {
  const { dim } = terminal.out;
  const rows = [
    ['job', printable(job.jobId)],
    ['state', stateOf(terminal, job)],
    [
      'asks for',
      `${levelOf(job)} of ${scopeOf(job)}, chain ${printable(job.chainId)}, replica ${printable(job.replica)}`,
    ],
    ...(job.pin
      ? [
          [
            'pinned at',
            `${formatAmount(job.pin.height, 'block')}, head ${printable(job.pin.headHash ?? 'none')}`,
          ],
        ]
      : []),
    ...(job.progress && job.state === 'running' ? [['progress', progressOf(job.progress)]] : []),
    ['created', printable(job.createdAt)],
    ...(job.node ? [['node', printable(job.node)]] : []),
    ...(job.finishedAt ? [['ended', `${printable(job.finishedAt)}, after ${durationOf(job)}`]] : []),
    ...(job.error ? [['error', `${printable(job.error.code)}: ${printable(job.error.message)}`]] : []),
    ...(job.reportDigest ? [['report', printable(job.reportDigest)]] : []),
    ...job.notes.map((note) => ['note', printable(note)]),
  ];
  terminal.print(
    formatTable(
      terminal,
      [],
      rows.map(([name, value]) => [dim(name), value]),
    ),
  );
  if (job.replicas) printReplicas(terminal, job);
}

function printReplicas(terminal: Terminal, job: RemoteJob): void {
  const rows = (job.replicas ?? []).map((one) => [
    printable(one.replica),
    one.status ? colorOf(terminal, one.status)(one.status) : one.state,
    one.height == null ? '' : formatCount(one.height),
    printable(one.error ? `${one.error.code}: ${one.error.message}` : (one.headHash ?? '')),
  ]);
  const head = ['replica', 'status', 'height', 'head'];
  terminal.print(`\n${formatTable(terminal, head, rows, ['left', 'left', 'right', 'left'])}`);
  if (job.agree === true) terminal.print('\nThe replicas agree.');
  if (job.agree === false)
    terminal.print(`\n${terminal.out.bold(terminal.out.red('The replicas do NOT agree.'))}`);
}

/**
 * What a shell is told of a job that has ended: as `validate` would, the worst of its replicas for a fleet job, and the
 * exit code of its error where it has no report.
 */
export function exitCodeOfJob(job: RemoteJob): number {
  const known = [job.status, ...(job.replicas ?? []).map(({ status }) => status)].filter(
    (one) => one != null,
  );
  const worst = STATUSES[Math.max(...known.map((status) => STATUSES.indexOf(status)))] as Status | undefined;
  if (worst === 'Critical' || worst === 'Corrupted' || job.agree === false) return EXIT.tampered;
  if (job.state === 'completed' && worst !== undefined && !unchecked(job)) return exitCodeOf(worst);
  const code = job.error?.code;
  return code !== undefined && Object.hasOwn(ERRORS, code) ? ERRORS[code as ErrorCode].exit : EXIT.incomplete;
}

/** A replica without a status was not checked, whatever the others say. */
const unchecked = ({ replicas }: RemoteJob): boolean => (replicas ?? []).some(({ status }) => status == null);

function stateOf(terminal: Terminal, job: RemoteJob): string {
  const { out } = terminal;
  if (job.status) return `${job.state}, ${colorOf(terminal, job.status)(job.status)}`;
  return job.state === 'failed' ? out.red(job.state) : job.state;
}

const levelOf = ({ level, profile }: RemoteJob): string => (profile ? printable(profile) : level);

function scopeOf({ scope, pin }: RemoteJob): string {
  const to = scope.to ?? pin?.height;
  return to == null
    ? `from ${scope.from}`
    : `${formatCount(scope.from)}–${formatCount(Math.max(scope.from, to - 1))}`;
}

function progressOf({ blocks, totalBlocks }: NonNullable<RemoteJob['progress']>): string {
  return `${formatCount(blocks)} of ${formatAmount(totalBlocks, 'block')}`;
}

function durationOf({ startedAt, finishedAt }: RemoteJob): string {
  const milliseconds = Date.parse(finishedAt ?? '') - Date.parse(startedAt ?? '');
  return Number.isFinite(milliseconds) ? formatSeconds(Math.max(0, milliseconds)) : '–';
}
