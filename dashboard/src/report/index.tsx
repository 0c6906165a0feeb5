import { type ApiProblem, download, type Report } from '../api/index.js';
import { usePolled } from '../live/index.js';
import { hrefOf } from '../place/index.js';
import {
  Ago,
  Card,
  Curl,
  Empty,
  Facts,
  formatBytes,
  formatCount,
  formatDuration,
  Icon,
  Loading,
  Problem,
  Status,
  StatusMark,
  say,
  ViewHead,
} from '../show/index.js';
import { GroupCard } from './finding-group.js';
import { groupFindings } from './groups.js';

const SENTENCES: Readonly<Record<string, string>> = {
  Healthy: 'Nothing was found: everything that this level checks holds.',
  Warning: 'The data is intact. Something beside it needs a look.',
  Incomplete: 'Not everything could be checked, so nothing is claimed about the rest.',
  Critical: 'The chain was altered, or does not hold together.',
  Corrupted: 'The store is damaged: not all of it can be read.',
};

export function ReportView({ id }: { id: string }) {
  const path = `/api/jobs/${encodeURIComponent(id)}/report`;
  const { data, error } = usePolled<Report>(path, Number.POSITIVE_INFINITY);
  if (data === undefined) {
    return (
      <>
        <ViewHead title="Report" />
        {error ? <Problem error={error} what="This report can’t be shown" /> : <Loading lines={8} />}
        <p>
          <a href={hrefOf(['jobs', id])}>The job</a> · <a href="#/jobs">All jobs</a>
        </p>
      </>
    );
  }
  if (data.schema !== 'provchain-report/1') {
    return (
      <>
        <ViewHead title="Report" />
        <Empty title="This is the report of a fleet job.">
          <p>
            <a href={hrefOf(['jobs', id])}>Its page</a> has the reports of the replicas.
          </p>
        </Empty>
      </>
    );
  }
  return <ReportPage report={data} path={path} />;
}

function ReportPage({ report, path }: { report: Report; path: string }) {
  const groups = groupFindings(report);
  const fetchIt = () =>
    download(path, `provchain-report-${report.jobId}.json`).catch((error: ApiProblem) =>
      say(error.message, 'critical'),
    );
  return (
    <>
      <ViewHead
        title={<>Report: {report.level}</>}
        lead={
          <>
            <Status status={report.status} /> {SENTENCES[report.status]}
          </>
        }
      >
        <button type="button" class="button" onClick={() => void fetchIt()}>
          <Icon name="download" /> Download
        </button>
        <Curl label="download the report" path={path} />
      </ViewHead>
      {!report.complete && report.status !== 'Incomplete' && (
        <p class="notice tone-incomplete">
          <Icon name="incomplete" />{' '}
          <span>Not everything could be checked. What was found stands, but there may be more.</span>
        </p>
      )}
      {groups.length === 0 && (
        <Empty title="No findings.">
          <p>
            Evidence was read <Ago at={report.asOf} />. What is appended later is not covered: validate again,
            or let the monitor do it.
          </p>
        </Empty>
      )}
      {groups.map((group) => (
        <GroupCard key={group.code} group={group} />
      ))}
      <div class="columns">
        <Checked report={report} />
        <About report={report} />
      </div>
    </>
  );
}

function Checked({ report }: { report: Report }) {
  return (
    <Card title="What was checked">
      <table>
        <thead>
          <tr>
            <th scope="col">Group</th>
            <th scope="col" class="right">
              Findings
            </th>
            <th scope="col" class="right">
              Work
            </th>
          </tr>
        </thead>
        <tbody>
          {Object.entries(report.checks).map(([name, { ran, findings, durationMs }]) => (
            <tr key={name}>
              <td>
                {ran && <StatusMark status={findings === 0 ? 'Healthy' : 'Warning'} />} {name}
              </td>
              <td class="right">{ran ? formatCount(findings) : <span class="muted">not part of it</span>}</td>
              <td class="right">{ran ? formatDuration(durationMs) : ''}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <Facts
        rows={[
          ['Headers', formatCount(report.checked.headers)],
          [
            'Payloads',
            `${formatCount(report.checked.payloads)}, ${formatBytes(report.checked.payloadBytes)}`,
          ],
          ['Quads', formatCount(report.checked.quads)],
          ['Signatures', formatCount(report.checked.signatures)],
          ['Canonical forms', formatCount(report.checked.canonicalized)],
        ]}
      />
    </Card>
  );
}

function About({ report }: { report: Report }) {
  const { chain, scope } = report;
  return (
    <Card title="About this report">
      <Facts
        rows={[
          ['Chain', chain.id],
          ['Replica', report.replica],
          ['Node', report.node],
          [
            'Blocks',
            `${formatCount(scope.from)}–${formatCount(Math.max(scope.from, scope.to - 1))}${scope.partial ? ' (a part of the chain)' : ''}`,
          ],
          ['Anchor', report.anchored ? 'held against a valid anchor' : 'no valid anchor to hold it against'],
          ['Oldest evidence', <Ago at={report.asOf} />],
          ['Ended', <Ago at={report.finishedAt} />],
          ['Took', formatDuration(report.durationMs)],
          ['Job', <a href={hrefOf(['jobs', report.jobId])}>{report.jobId.slice(0, 13)}</a>],
          ['Digest', <code class="breaks">{report.reportDigest}</code>],
        ]}
      />
    </Card>
  );
}
