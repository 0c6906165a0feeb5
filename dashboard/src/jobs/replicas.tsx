import type { JobView } from '../api/index.js';
import { hrefOf } from '../place/index.js';
import { Card, formatCount, Scroll, Status, shortHash } from '../show/index.js';

const AGREE = {
  true: 'The replicas agree: they hold one history.',
  false: 'The replicas do NOT agree: there are two histories.',
  null: 'Whether the replicas agree could not be told.',
} as const;

/** What the replicas of a fleet job came to; the fields are those of the node's answer, which may leave some out. */
export function Replicas({ job }: { job: JobView }) {
  const rows = (job.replicas ?? []) as readonly {
    replica: string;
    jobId: string;
    state?: string;
    status?: string;
    height?: number | null;
    headHash?: string | null;
  }[];
  return (
    <Card title="Replicas">
      {job.state === 'completed' && (
        <p class={job.agree === false ? 'disagree' : undefined}>{AGREE[`${job.agree}`]}</p>
      )}
      <Scroll class="table-scroll" label="Replicas">
        <table>
          <thead>
            <tr>
              <th scope="col">Replica</th>
              <th scope="col">Status</th>
              <th scope="col" class="right">
                Height
              </th>
              <th scope="col">Head</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(({ replica, jobId, state, status, height, headHash }) => (
              <tr key={replica}>
                <td>
                  <a href={hrefOf(['jobs', jobId])} data-item>
                    {replica}
                  </a>
                </td>
                <td>
                  <Status status={status ?? state ?? 'queued'} />
                </td>
                <td class="right">{formatCount(height)}</td>
                <td>
                  <code>{headHash ? shortHash(headHash) : '–'}</code>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </Card>
  );
}
