import type { AlertsAnswer, ChainAnswer, DashboardAnswer, IntegrityStatus, JobList } from '../api/index.js';
import { StartButton } from '../jobs/start-button.js';
import { lazy } from '../lazy.js';
import { isFresh, type Polled, usePolled, useTimed } from '../live/index.js';
import { allows } from '../session/index.js';
import {
  Ago,
  Card,
  Curl,
  Empty,
  formatCount,
  Icon,
  Loading,
  Problem,
  StatusMark,
  Unavailable,
} from '../show/index.js';
import { answerFrom, ANSWER_EVERY_MS as OFTEN_MS } from './answer.js';
import { IntegrityMap } from './integrity-map.js';
import { Nodes } from './nodes.js';
import { OpenAlerts } from './open-alerts.js';
import { RunningJobs } from './running-jobs.js';
import { Watch } from './watch.js';

const Charts = lazy(async () => (await import('../charts/index.js')).Charts);

const SOON_MS = 5_000;
const SELDOM_MS = 30_000;

export function Overview() {
  const dashboard = usePolled<DashboardAnswer>('/api/integrity/dashboard', OFTEN_MS);
  return (
    <div class="overview">
      <Answer dashboard={dashboard} />
      <IntegrityMap />
      <div class="columns">
        <Running />
        <Open />
      </div>
      <Charts />
      <div class="columns">
        <Watcher dashboard={dashboard} />
        <Nodes />
      </div>
    </div>
  );
}

/** What looks after the chain, while the node says so: it may have stopped since it last answered. */
function Watcher({ dashboard }: { dashboard: Polled<DashboardAnswer> }) {
  const { data, error } = dashboard;
  const fresh = useTimed((now) => (isFresh(dashboard, OFTEN_MS, now) ? 'fresh' : 'stale')) === 'fresh';
  if (data && fresh) return <Watch dashboard={data} />;
  return (
    <Card title="Monitor and scrub">
      {error ? <Unavailable error={error} what="The monitor" /> : <Loading />}
    </Card>
  );
}

/**
 * The one sentence. Without the monitor it is made from the last result of each level; what neither of the two says now
 * is not claimed.
 */
function Answer({ dashboard }: { dashboard: Polled<DashboardAnswer> }) {
  const late = useTimed((now) => (isFresh(dashboard, OFTEN_MS, now) ? 'fresh' : 'late')) === 'late';
  const waiting = dashboard.data === undefined && dashboard.error === undefined;
  const status = usePolled<IntegrityStatus>(late && !waiting ? '/api/integrity/status' : null, OFTEN_MS);
  const chain = usePolled<ChainAnswer>('/api/chain', SELDOM_MS);
  useTimed((now) => Object.values(answerFrom(dashboard, status, now) ?? {}).join());
  const answer = answerFrom(dashboard, status, Date.now());
  if (answer === undefined) {
    return status.error ? (
      <Problem error={status.error} what="How the chain is can’t be told now" />
    ) : (
      <Loading lines={2} />
    );
  }
  const { data } = chain;
  return (
    <header class={`answer tone-${answer.status.toLowerCase()}`}>
      <StatusMark status={answer.status} />
      <div class="answer-text">
        <p class="answer-status">{answer.status}</p>
        <h1 tabIndex={-1}>{answer.text}</h1>
        {answer.lastKnown && <p class="muted">{answer.lastKnown}</p>}
        <p class="answer-facts">
          {data && (
            <>
              <span>
                Chain <strong>{data.chainId}</strong>
              </span>
              <span>
                <strong>{formatCount(data.height)}</strong> blocks
              </span>
              {data.timestamp && (
                <span>
                  last one <Ago at={data.timestamp} />
                </span>
              )}
            </>
          )}
        </p>
        {data?.frozen && (
          <p class="answer-frozen">
            <Icon name="warning" /> Appending is stopped
            {data.freezeReason === null ? '' : `: ${data.freezeReason}`}
          </p>
        )}
      </div>
      <div class="actions">
        {allows('operator') && <StartButton />}
        <Curl label="ask for the status" path="/api/integrity/dashboard" />
      </div>
    </header>
  );
}

function Running() {
  const running = usePolled<JobList>('/api/jobs?state=running&limit=10', SOON_MS);
  const queued = usePolled<JobList>('/api/jobs?state=queued&limit=10', SOON_MS);
  const jobs = [...(running.data?.jobs ?? []), ...(queued.data?.jobs ?? [])];
  const waiting = running.data === undefined;
  return (
    <Card title="Running jobs" aside={<a href="#/jobs">All jobs</a>}>
      {running.error && <Problem error={running.error} what="The jobs can’t be listed now" />}
      {waiting && !running.error && <Loading lines={2} />}
      {!waiting && jobs.length === 0 && (
        <Empty title="Nothing is being validated.">
          <p>
            {allows('operator')
              ? 'Start a validation above, or wait for the monitor.'
              : 'The monitor starts the next one.'}
          </p>
        </Empty>
      )}
      <RunningJobs jobs={jobs} />
    </Card>
  );
}

function Open() {
  const { data, error } = usePolled<AlertsAnswer>('/api/alerts?state=open&limit=50', OFTEN_MS);
  return (
    <Card title="Open alerts" aside={<a href="#/alerts">All alerts</a>}>
      {error && <Unavailable error={error} what="Alerts" />}
      {!data && !error && <Loading lines={2} />}
      {data && <OpenAlerts alerts={data.alerts} channels={data.channels} />}
    </Card>
  );
}
