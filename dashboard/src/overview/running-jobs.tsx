import { useEffect } from 'preact/hooks';
import type { JobView } from '../api/index.js';
import { isEnded, refresh, useLiveJob } from '../live/index.js';
import { hrefOf } from '../place/index.js';
import { Ago, Bar, JobStatus, progressText } from '../show/index.js';

export function RunningJobs({ jobs }: { jobs: readonly JobView[] }) {
  return (
    <ul class="plain-list running">
      {jobs.map((job) => (
        <RunningJob key={job.jobId} known={job} />
      ))}
    </ul>
  );
}

function RunningJob({ known }: { known: JobView }) {
  const job = useLiveJob(known);
  const { progress } = job;
  const ended = isEnded(job);
  useEffect(() => {
    if (ended) refresh('/api/');
  }, [ended]);
  return (
    <li>
      <div class="running-head">
        <a href={hrefOf(['jobs', job.jobId])} data-item>
          {job.profile ?? job.level}
        </a>
        <JobStatus job={job} />
        <span class="muted">
          {job.trigger} · <Ago at={job.createdAt} />
        </span>
      </div>
      <Bar
        done={progress?.blocks ?? 0}
        total={progress?.totalBlocks ?? 1}
        label={`Progress of the ${job.level} job`}
      />
      <p class="muted small">{progress === null ? 'Waiting for its turn' : progressText(progress)}</p>
    </li>
  );
}
