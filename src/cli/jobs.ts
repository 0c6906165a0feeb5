import { randomUUID } from 'node:crypto';
import { type Command, Option } from 'commander';
import type { Client, RemoteJob } from '../client/index.js';
import { EXIT, ProvChainError } from '../errors.js';
import type { JobRequest, JobState, Priority } from '../jobs/index.js';
import {
  type Check,
  exitCodeOf,
  LEVELS,
  type Level,
  parseChecks,
  parseLevel,
  type Report,
} from '../validation/index.js';
import { formatSeconds } from './format.js';
import { describeCommand, describeGroup } from './help.js';
import { onInterrupt, stoppedEarly } from './interrupt.js';
import { exitCodeOfJob, printJob, printJobs } from './job-report.js';
import { parseCount, parseIndex, parseNames, parseSeconds } from './options.js';
import { startProgress } from './progress.js';
import { addRemoteOptions, connect, type RemoteFlags } from './remote.js';
import { printReport } from './report.js';
import { createTerminal, type Terminal } from './terminal.js';

interface SubmitFlags extends RemoteFlags {
  readonly level?: Level;
  readonly checks?: readonly Check[];
  readonly profile?: string;
  readonly from?: number;
  readonly to?: number;
  /** False with --no-anchor. */
  readonly anchor: boolean;
  /** Milliseconds. */
  readonly timeLimit?: number;
  readonly priority?: Priority;
  readonly fresh?: boolean;
  readonly fleet?: boolean;
  readonly wait?: boolean;
  readonly idempotencyKey?: string;
}

interface ListFlags extends RemoteFlags {
  readonly state?: JobState;
  readonly level?: Level;
  readonly limit?: number;
  readonly after?: string;
}

const STATES: readonly JobState[] = ['queued', 'running', 'completed', 'failed', 'cancelled'];
const PRIORITIES: readonly Priority[] = ['high', 'normal', 'low'];
const REMOTE_EXITS = [EXIT.incomplete, EXIT.inputRefused];
const REMOTE_MEANINGS = {
  [EXIT.incomplete]:
    'the server does not answer or takes no more for now, or not everything could be checked',
  [EXIT.inputRefused]: 'refused: no such job or block, no valid token, or not allowed',
};

export function registerJobs(program: Command): void {
  const group = program.command('jobs').description('validations on another node, over its REST interface');
  registerSubmit(group);
  registerList(group);
  registerOnJob(group, 'show', 'show one job, with its report once there is one', showJob);
  registerOnJob(group, 'watch', 'follow a job to its end, and show its report', watchJob);
  registerOnJob(group, 'cancel', 'stop a job', cancelJob);
  describeGroup(group, {
    examples: [
      ['jobs submit --level full --wait', 'validate there, and wait'],
      ['jobs list --state running', 'what is going on'],
      ['jobs watch JOB', 'follow one to its end'],
    ],
    exits: [...REMOTE_EXITS, EXIT.warning, EXIT.tampered],
    meanings: REMOTE_MEANINGS,
  });
}

function registerSubmit(group: Command): void {
  const level = new Option(
    '-l, --level <level>',
    'how much to check, in any case (default: what the node says)',
  );
  level.choices(LEVELS).argParser(parseLevel).conflicts(['checks', 'profile']);
  const command = addRemoteOptions(
    group
      .command('submit')
      .description('ask for a validation; it is on record before the answer comes')
      .addOption(level)
      .addOption(
        new Option('-c, --checks <names>', 'instead of a level: a set of checks')
          .argParser((text) => parseChecks(parseNames(text)))
          .conflicts('profile'),
      )
      .option('--profile <name>', "instead of both: a level of the node's own configuration")
      .option('--from <block>', 'first block (default: 0)', parseIndex)
      .option('--to <block>', 'block after the last one (default: the end)', parseIndex)
      .option('-t, --time-limit <seconds>', 'end as Incomplete after this time', parseSeconds)
      .option('--no-anchor', 'accept that there is no anchor.json')
      .addOption(new Option('--priority <priority>', 'before or after other jobs').choices(PRIORITIES))
      .option('--fresh', 'use no result or evidence of an earlier job')
      .option('--fleet', 'check every replica, and whether they agree')
      .option('-w, --wait', 'follow the job to its end, and show its report')
      .option('--idempotency-key <key>', 'calls with one key are one job (default: a new key)'),
  ).action(submitJob);
  describeCommand(command, {
    examples: [
      ['jobs submit -s https://node-1:8443 --token-file token', 'on record; prints the id of the job'],
      ['jobs submit -l full --fresh --wait', 'and wait for the report'],
      ['jobs submit --fleet --wait', 'every replica'],
    ],
    exits: [...REMOTE_EXITS, EXIT.warning, EXIT.tampered],
    meanings: { ...REMOTE_MEANINGS, [EXIT.healthy]: 'Healthy, or the job was accepted' },
  });
}

function registerList(group: Command): void {
  const level = new Option('-l, --level <level>', 'only jobs of this level')
    .choices(LEVELS)
    .argParser(parseLevel);
  const command = addRemoteOptions(
    group
      .command('list')
      .description('list jobs, newest first')
      .addOption(new Option('--state <state>', 'only jobs in this state').choices(STATES))
      .addOption(level)
      .option('-n, --limit <n>', 'at most so many (default: 50)', parseCount)
      .option('--after <mark>', 'the next page, as the page before names it'),
  ).action(listJobs);
  describeCommand(command, {
    examples: [['jobs list --state running', 'what is going on']],
    exits: REMOTE_EXITS,
    meanings: REMOTE_MEANINGS,
  });
}

type JobAction = (jobId: string, terminal: Terminal, flags: RemoteFlags) => Promise<void>;

function registerOnJob(group: Command, name: string, purpose: string, action: JobAction): void {
  const command = addRemoteOptions(
    group.command(name).description(purpose).argument('<job>', 'id of the job'),
  ).action((jobId: string, flags: RemoteFlags) => action(jobId, createTerminal(flags), flags));
  const judges = name !== 'cancel';
  describeCommand(command, {
    examples: [[`jobs ${name} 0198c0de-7000-7000-8000-000000000000`, purpose.split(',')[0]!]],
    exits: judges ? [...REMOTE_EXITS, EXIT.warning, EXIT.tampered] : REMOTE_EXITS,
    meanings: judges ? { ...REMOTE_MEANINGS, [EXIT.healthy]: 'Healthy, or not ended yet' } : REMOTE_MEANINGS,
  });
}

async function submitJob(flags: SubmitFlags): Promise<void> {
  const terminal = createTerminal(flags);
  const { client } = await connect(terminal, flags);
  const submitted = await client.submit(requestOf(flags), {
    idempotencyKey: flags.idempotencyKey ?? randomUUID(),
  });
  if (submitted.kind === 'cached') {
    const { report, ageMs } = submitted;
    terminal.print(`From the cache, ${formatSeconds(ageMs)} old.\n`);
    printReport(terminal, undefined, report);
    terminal.document({ cached: true, ageMs, job: null, report });
    process.exitCode = exitCodeOf(report.status);
    return;
  }
  const { job } = submitted;
  if (flags.wait) await follow(client, terminal, job);
  else {
    printJob(terminal, job);
    terminal.print(`\nNext: ${terminal.out.bold(`provchain jobs watch ${job.jobId}`)}`);
    terminal.document({ cached: false, ageMs: 0, job, report: null });
  }
}

function requestOf(flags: SubmitFlags): JobRequest {
  const { level, checks, profile, from, to, timeLimit: timeLimitMs, priority, fresh, fleet } = flags;
  const requireAnchor = flags.anchor ? undefined : false;
  return { level, checks, profile, from, to, timeLimitMs, priority, fresh, fleet, requireAnchor };
}

async function listJobs(flags: ListFlags): Promise<void> {
  const terminal = createTerminal(flags);
  const { client } = await connect(terminal, flags);
  const { state, level, limit, after } = flags;
  const page = await client.list({ state, level, limit, after });
  printJobs(terminal, page.jobs);
  if (page.next !== undefined) terminal.print(`\nThere are more: --after ${page.next}`);
  terminal.document(page);
}

async function showJob(jobId: string, terminal: Terminal, flags: RemoteFlags): Promise<void> {
  const { client } = await connect(terminal, flags);
  const job = await client.get(jobId);
  await conclude(client, terminal, job);
}

async function watchJob(jobId: string, terminal: Terminal, flags: RemoteFlags): Promise<void> {
  const { client } = await connect(terminal, flags);
  // Asked for once without patience, so that a wrong id or server is said at once.
  await follow(client, terminal, await client.get(jobId));
}

async function cancelJob(jobId: string, terminal: Terminal, flags: RemoteFlags): Promise<void> {
  const { client } = await connect(terminal, flags);
  const job = await client.cancel(jobId);
  printJob(terminal, job);
  terminal.document(job);
}

/** Follows a job to its end with a progress bar, then shows what it found. Stopping this does not stop the job. */
async function follow(client: Client, terminal: Terminal, known: RemoteJob): Promise<void> {
  const interrupt = onInterrupt(() =>
    terminal.note(`Not watching any more; the job ${known.jobId} goes on.`),
  );
  const progress = startProgress(known.level);
  let job = known;
  try {
    if (!isOver(job)) {
      for await (job of client.watch(job.jobId, { signal: interrupt.signal })) {
        if (job.progress) progress.update(job.progress.blocks, job.progress.bytes, job.progress.totalBlocks);
      }
    }
  } catch (thrown) {
    throw interrupt.signal.aborted ? stoppedEarly('watching') : thrown;
  } finally {
    progress.stop();
    interrupt.dispose();
  }
  await conclude(client, terminal, job);
}

const isOver = ({ state }: RemoteJob): boolean => state !== 'queued' && state !== 'running';

async function conclude(client: Client, terminal: Terminal, job: RemoteJob): Promise<void> {
  // What a fleet job came to stands in the job itself, replica by replica; each of those has a report of its own.
  const report = isOver(job) && job.kind === 'replica' ? await reportOf(client, job) : undefined;
  printJob(terminal, job);
  if (report) {
    terminal.print('');
    printReport(terminal, undefined, report);
  }
  terminal.document({ cached: false, ageMs: 0, job, report: report ?? null });
  if (isOver(job)) process.exitCode = exitCodeOfJob(job);
}

/** The report of a job of one replica that has ended; undefined where there is none, as of one that failed. */
async function reportOf(client: Client, job: RemoteJob): Promise<Report | undefined> {
  try {
    return await client.report(job.jobId);
  } catch (thrown) {
    if (thrown instanceof ProvChainError && thrown.code === 'JOB_WITHOUT_REPORT') return undefined;
    throw thrown;
  }
}
