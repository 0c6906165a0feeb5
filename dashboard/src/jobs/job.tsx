import { useEffect, useState } from 'preact/hooks';
import { ApiProblem, call, download, type JobView, type Report } from '../api/index.js';
import { isEnded, refresh, useLiveJob, usePolled } from '../live/index.js';
import { hrefOf } from '../place/index.js';
import { allows } from '../session/index.js';
import {
  Ago,
  Bar,
  Card,
  Curl,
  Facts,
  formatBytes,
  formatCount,
  formatDuration,
  Icon,
  JobStatus,
  Loading,
  Modal,
  Problem,
  progressText,
  say,
  ViewHead,
} from '../show/index.js';
import { tookMs } from './jobs.js';
import { Replicas } from './replicas.js';
import { Timeline } from './timeline.js';

const EVERY_MS = 5000;

export function Job({ id }: { id: string }) {
  const { data, error } = usePolled<JobView>(`/api/jobs/${encodeURIComponent(id)}`, EVERY_MS);
  if (data === undefined) {
    return error ? (
      <>
        <ViewHead title="Job" />
        <Problem error={error} what="This job can’t be shown" />
        <p>
          <a href="#/jobs">All jobs</a>
        </p>
      </>
    ) : (
      <Loading lines={6} />
    );
  }
  return <JobPage known={data} />;
}

function JobPage({ known }: { known: JobView }) {
  const job = useLiveJob(known);
  const ended = isEnded(job);
  useEffect(() => {
    if (ended && !isEnded(known)) refresh('/api/');
  }, [ended]);
  const hasReport = job.reportDigest !== null && job.kind === 'replica';
  return (
    <>
      <ViewHead title={<>{job.profile ?? job.level} validation</>} lead={<JobLead job={job} />}>
        {hasReport && (
          <a class="button primary" href={hrefOf(['report', job.jobId])}>
            Open the report
          </a>
        )}
        {job.reportDigest !== null && <DownloadButton job={job} />}
        {!ended && allows('operator') && <CancelButton job={job} />}
      </ViewHead>
      {!ended && <Progress job={job} />}
      {job.error && (
        <div class="notice tone-critical">
          <Icon name="warning" />
          <p>
            {job.error.message} <code>{job.error.code}</code>
          </p>
        </div>
      )}
      {job.replicas && <Replicas job={job} />}
      {hasReport && <TimelineOf job={job} />}
      <JobFacts job={job} />
    </>
  );
}

function JobLead({ job }: { job: JobView }) {
  return (
    <>
      <JobStatus job={job} />{' '}
      {job.complete === false && job.status !== 'Incomplete' && (
        <span>not everything could be checked · </span>
      )}
      {job.finishedAt === null ? (
        <>
          asked for <Ago at={job.createdAt} />
        </>
      ) : (
        <>
          ended <Ago at={job.finishedAt} />, took {formatDuration(tookMs(job))}
        </>
      )}
    </>
  );
}

function Progress({ job }: { job: JobView }) {
  const { progress } = job;
  return (
    <Card title="Progress">
      <Bar done={progress?.blocks ?? 0} total={progress?.totalBlocks ?? 1} label="Progress of this job" />
      <p class="progress-text">
        {progress === null ? 'Waiting for its turn.' : progressText(progress)}
        {progress !== null && <span class="muted"> · {formatBytes(progress.bytes)} read</span>}
      </p>
    </Card>
  );
}

function DownloadButton({ job }: { job: JobView }) {
  const path = `${job.links.report}?download=true`;
  const fetchIt = () =>
    download(path, `provchain-report-${job.jobId}.json`).catch((error: ApiProblem) =>
      say(error.message, 'critical'),
    );
  return (
    <>
      <button type="button" class="button" onClick={() => void fetchIt()}>
        <Icon name="download" /> Download
      </button>
      <Curl label="download the report" path={job.links.report} />
    </>
  );
}

function CancelButton({ job }: { job: JobView }) {
  const [asking, setAsking] = useState(false);
  const path = `/api/jobs/${job.jobId}`;
  const cancel = async () => {
    setAsking(false);
    try {
      await call(path, { method: 'DELETE' });
      say('The job is being stopped. What it has covered becomes its report.');
      refresh('/api/jobs');
    } catch (error) {
      say(error instanceof ApiProblem ? error.message : String(error), 'critical');
    }
  };
  return (
    <>
      <button type="button" class="button danger" onClick={() => setAsking(true)}>
        Cancel the job
      </button>
      <Curl label="cancel this job" method="DELETE" path={path} />
      {asking && (
        <Modal title="Cancel this validation?" onClose={() => setAsking(false)}>
          <p>
            It stops after the shards at hand. What was covered until then is kept as an incomplete report.
          </p>
          <div class="modal-foot">
            <button type="button" class="button" onClick={() => setAsking(false)}>
              Let it run
            </button>
            <button type="button" class="button danger" onClick={() => void cancel()}>
              Cancel the job
            </button>
          </div>
        </Modal>
      )}
    </>
  );
}

function TimelineOf({ job }: { job: JobView }) {
  const { data, error } = usePolled<Report>(job.links.report, Number.POSITIVE_INFINITY);
  return (
    <Card title="Shards" aside={data && <span class="muted">{formatCount(data.shards.length)} shards</span>}>
      {error && <Problem error={error} what="The report can’t be loaded" />}
      {!data && !error && <Loading />}
      {data && <Timeline shards={data.shards} durationMs={data.durationMs} />}
    </Card>
  );
}

function JobFacts({ job }: { job: JobView }) {
  const to = job.scope.to;
  return (
    <Card title="About this job">
      <Facts
        rows={[
          ['Id', <code>{job.jobId}</code>],
          ['Asked for by', `${job.trigger}${job.user === null ? '' : `, ${job.user}`}`],
          [
            'Blocks',
            to === null
              ? `from ${job.scope.from}`
              : `${formatCount(job.scope.from)}–${formatCount(Math.max(job.scope.from, to - 1))}`,
          ],
          ['Replica', job.replica],
          ['Node', job.node ?? job.owner],
          ['Priority', job.priority],
          [
            'Evidence',
            job.fresh
              ? 'fresh: nothing of earlier jobs was used'
              : 'earlier evidence of unchanged bytes may be reused',
          ],
          ['Time limit', formatDuration(job.timeLimitMs)],
          ['Attempts', formatCount(job.attempts)],
          [
            'Checks',
            <span class="tags">
              {job.checks.map((check) => (
                <span key={check} class="tag">
                  {check}
                </span>
              ))}
            </span>,
          ],
          ...(job.reportDigest === null
            ? []
            : [['Report digest', <code class="breaks">{job.reportDigest}</code>] as const]),
        ]}
      />
      {job.notes.length > 0 && (
        <ul class="notes">
          {job.notes.map((note) => (
            <li key={note}>{note}</li>
          ))}
        </ul>
      )}
    </Card>
  );
}
