import type { JobList, JobView } from '../api/index.js';
import { useLiveJob, usePolled } from '../live/index.js';
import { changeQuery, hrefOf, type Place } from '../place/index.js';
import { allows } from '../session/index.js';
import {
  Ago,
  Bar,
  Curl,
  Empty,
  formatCount,
  formatDuration,
  JobStatus,
  Loading,
  Problem,
  ViewHead,
} from '../show/index.js';
import { LEVELS } from './request.js';
import { StartButton } from './start-button.js';

const EVERY_MS = 5000;
const PAGE = 50;
const STATES = ['queued', 'running', 'completed', 'failed', 'cancelled'] as const;

export function Jobs({ place }: { place: Place }) {
  const { state = '', level = '', after } = place.query;
  const query = new URLSearchParams({
    limit: String(PAGE),
    ...(state && { state }),
    ...(level && { level }),
    ...(after && { after }),
  });
  const path = `/api/jobs?${query}`;
  const { data, error } = usePolled<JobList>(path, EVERY_MS);
  return (
    <>
      <ViewHead
        title="Jobs"
        lead="Validations: asked for by people, by the monitor, by the scrub, and after appends."
      >
        {allows('operator') && <StartButton />}
        <Curl label="list these jobs" path={path} />
      </ViewHead>
      <form class="filters" aria-label="Filter" onSubmit={(event) => event.preventDefault()}>
        <Choice
          label="State"
          value={state}
          options={STATES}
          onChange={(value) => changeQuery(place, { state: value, after: undefined })}
        />
        <Choice
          label="Level"
          value={level}
          options={[...LEVELS, 'Custom']}
          onChange={(value) => changeQuery(place, { level: value, after: undefined })}
        />
        {(state || level) && <a href="#/jobs">Clear</a>}
      </form>
      {error && <Problem error={error} what="The jobs can’t be listed now" />}
      {!data && !error && <Loading lines={6} />}
      {data && data.jobs.length === 0 && <NoJobs filtered={Boolean(state || level || after)} />}
      {data && data.jobs.length > 0 && <JobTable jobs={data.jobs} />}
      <nav class="pages" aria-label="Pages">
        {after && <a href={hrefOf(['jobs'], { state, level })}>Newest</a>}
        {data?.next && <a href={hrefOf(['jobs'], { state, level, after: data.next })}>Older</a>}
      </nav>
    </>
  );
}

function NoJobs({ filtered }: { filtered: boolean }) {
  if (filtered) {
    return (
      <Empty title="No job fits.">
        <p>
          <a href="#/jobs">Show all jobs</a>
        </p>
      </Empty>
    );
  }
  return (
    <Empty title="Nothing has been validated yet.">
      <p>
        {allows('operator')
          ? 'Start the first validation above.'
          : 'An operator or the monitor starts the first one.'}
      </p>
    </Empty>
  );
}

interface ChoiceProps {
  readonly label: string;
  readonly value: string;
  readonly options: readonly string[];
  readonly onChange: (value: string | undefined) => void;
}

function Choice({ label, value, options, onChange }: ChoiceProps) {
  return (
    <label class="inline-field">
      <span>{label}</span>
      <select value={value} onChange={(event) => onChange(event.currentTarget.value || undefined)}>
        <option value="">any</option>
        {options.map((option) => (
          <option key={option}>{option}</option>
        ))}
      </select>
    </label>
  );
}

function JobTable({ jobs }: { jobs: readonly JobView[] }) {
  return (
    <table class="stacked">
      <thead>
        <tr>
          <th scope="col">Job</th>
          <th scope="col">Status</th>
          <th scope="col">Blocks</th>
          <th scope="col">Why</th>
          <th scope="col" class="right">
            Took
          </th>
          <th scope="col">Created</th>
        </tr>
      </thead>
      <tbody>
        {jobs.map((job) => (
          <JobRow key={job.jobId} known={job} />
        ))}
      </tbody>
    </table>
  );
}

export const tookMs = ({ startedAt, finishedAt }: JobView): number | null =>
  startedAt === null || finishedAt === null ? null : Date.parse(finishedAt) - Date.parse(startedAt);

function JobRow({ known }: { known: JobView }) {
  const job = useLiveJob(known);
  const { progress } = job;
  const to = job.scope.to;
  return (
    <tr>
      <td data-label="Job">
        <a href={hrefOf(['jobs', job.jobId])} data-item>
          {job.profile ?? job.level}
        </a>
        {job.kind === 'fleet' && <span class="tag">fleet</span>}
        <br />
        <code class="muted small">{job.jobId.slice(0, 13)}</code>
      </td>
      <td data-label="Status">
        <JobStatus job={job} />
        {job.state === 'running' && progress && (
          <Bar done={progress.blocks} total={progress.totalBlocks} label="Progress" />
        )}
      </td>
      <td data-label="Blocks">
        {to === null
          ? `from ${formatCount(job.scope.from)}`
          : `${formatCount(job.scope.from)}–${formatCount(Math.max(job.scope.from, to - 1))}`}
      </td>
      <td data-label="Why">
        {job.trigger}
        {job.user && <span class="muted"> by {job.user}</span>}
      </td>
      <td data-label="Took" class="right">
        {formatDuration(tookMs(job))}
      </td>
      <td data-label="Created">
        <Ago at={job.createdAt} />
      </td>
    </tr>
  );
}
