import { useState } from 'preact/hooks';
import { type Alert, type AlertsAnswer, ApiProblem, call } from '../api/index.js';
import { refresh, usePolled } from '../live/index.js';
import { hrefOf } from '../place/index.js';
import { allows } from '../session/index.js';
import {
  Ago,
  Card,
  Curl,
  Empty,
  Facts,
  formatCount,
  Loading,
  Status,
  StatusMark,
  say,
  Unavailable,
  ViewHead,
} from '../show/index.js';
import { SilenceDialog } from './silences.js';

const EVERY_MS = 8000;
const MOST_BLOCKS = 12;

export function AlertView({ id }: { id: string }) {
  const { data, error } = usePolled<AlertsAnswer>('/api/alerts?state=all&limit=200', EVERY_MS);
  const alert = data?.alerts.find((one) => one.id === id);
  if (alert === undefined) {
    return (
      <>
        <ViewHead title="Alert" />
        {error && <Unavailable error={error} what="Alerts" />}
        {!data && !error && <Loading lines={5} />}
        {data && (
          <Empty title="There is no such alert any more.">
            <p>
              The newest 200 are kept in sight. <a href="#/alerts?state=all">All alerts</a>
            </p>
          </Empty>
        )}
      </>
    );
  }
  return <AlertPage alert={alert} />;
}

function AlertPage({ alert }: { alert: Alert }) {
  const [silencing, setSilencing] = useState(false);
  return (
    <>
      <ViewHead
        title={alert.title}
        lead={
          <>
            <Status status={alert.severity} /> <span class="tag">{alert.state}</span> since{' '}
            <Ago at={alert.since} />
            {alert.resolvedAt && (
              <>
                , resolved <Ago at={alert.resolvedAt} />
              </>
            )}
          </>
        }
      >
        {alert.jobId && (
          <a class="button" href={hrefOf(['report', alert.jobId])}>
            Open the report
          </a>
        )}
        {allows('operator') && alert.state !== 'resolved' && (
          <button type="button" class="button" onClick={() => setSilencing(true)}>
            Silence
          </button>
        )}
      </ViewHead>
      <div class="columns wide-left">
        <Card title="What happened">
          <p class="large">{alert.what}</p>
          <div class="todo">
            <h3>What to do now</h3>
            <p>{alert.action}</p>
          </div>
          {alert.resolution && (
            <p>
              <strong>Resolved.</strong> {alert.resolution}
            </p>
          )}
          <BlocksOf alert={alert} />
          <Facts rows={factsOf(alert)} />
        </Card>
        <div>
          <Acknowledge alert={alert} />
          <Deliveries alert={alert} />
        </div>
      </div>
      {silencing && (
        <SilenceDialog
          match={{ fingerprint: alert.fingerprint }}
          about={alert.title}
          onClose={() => setSilencing(false)}
        />
      )}
    </>
  );
}

function BlocksOf({ alert: { where } }: { alert: Alert }) {
  if (where.blocks.length === 0) return null;
  return (
    <p class="block-links">
      <span class="muted">Blocks</span>
      {where.blocks.slice(0, MOST_BLOCKS).map((block) => (
        <a key={block} href={hrefOf(['blocks', block])} data-item>
          {formatCount(block)}
        </a>
      ))}
      {where.blocks.length > MOST_BLOCKS && (
        <span class="muted">and {where.blocks.length - MOST_BLOCKS} more</span>
      )}
    </p>
  );
}

function factsOf({ rule, where, count, lastSeenAt, escalatedAt, silencedUntil, fingerprint }: Alert) {
  return [
    ['Rule', rule],
    ['Chain', where.chain],
    ['Replica', where.replica ?? '–'],
    ...(where.node === null ? [] : [['Node', where.node] as const]),
    [
      'Seen',
      <>
        {formatCount(count)} {count === 1 ? 'time' : 'times'}, last <Ago at={lastSeenAt} />
      </>,
    ],
    ...(escalatedAt === null ? [] : [['Escalated', <Ago at={escalatedAt} />] as const]),
    ...(silencedUntil === null ? [] : [['Silenced until', <Ago at={silencedUntil} />] as const]),
    ['Fingerprint', <code class="breaks">{fingerprint}</code>],
  ] as const;
}

function Acknowledge({ alert }: { alert: Alert }) {
  const [comment, setComment] = useState('');
  const [busy, setBusy] = useState(false);
  const path = `/api/alerts/${alert.id}/acknowledge`;
  const body = comment.trim() === '' ? {} : { comment: comment.trim() };
  if (alert.acknowledgedBy !== null) {
    return (
      <Card title="Acknowledged">
        <p>
          By <strong>{alert.acknowledgedBy}</strong> <Ago at={alert.acknowledgedAt} />
        </p>
        {alert.comment && <blockquote>{alert.comment}</blockquote>}
      </Card>
    );
  }
  if (alert.state === 'resolved') return null;
  const acknowledge = async (event: SubmitEvent) => {
    event.preventDefault();
    setBusy(true);
    try {
      await call(path, { method: 'POST', body });
      say(
        'Acknowledged. It is not escalated any more; it is resolved when a complete validation no longer finds it.',
      );
      refresh('/api/alerts');
      refresh('/api/integrity/dashboard');
    } catch (error) {
      say(error instanceof ApiProblem ? error.message : String(error), 'critical');
    }
    setBusy(false);
  };
  return (
    <Card title="Acknowledge">
      {allows('operator') ? (
        <form class="form" onSubmit={(event) => void acknowledge(event)}>
          <label class="field">
            <span>Comment</span>
            <textarea
              rows={2}
              maxLength={500}
              placeholder="What you found out, who works on it"
              value={comment}
              onInput={(event) => setComment(event.currentTarget.value)}
            />
          </label>
          <div class="actions start">
            <button type="submit" class="button primary" disabled={busy}>
              Acknowledge
            </button>
            <Curl label="acknowledge this alert" method="POST" path={path} body={body} />
          </div>
        </form>
      ) : (
        <p class="muted">Nobody has acknowledged it yet. An operator can.</p>
      )}
    </Card>
  );
}

const DELIVERY_STATUS = { sent: 'Healthy', pending: 'queued', given_up: 'failed' } as const;

function Deliveries({ alert }: { alert: Alert }) {
  return (
    <Card title="Messages">
      {alert.deliveries.length === 0 && (
        <Empty title="No message was sent.">
          <p>No channel is switched on, or the alert is silenced.</p>
        </Empty>
      )}
      <ul class="plain-list deliveries">
        {alert.deliveries.map(({ channel, event, state, attempts, lastError, sentAt }) => (
          <li key={`${channel}-${event}`}>
            <StatusMark status={DELIVERY_STATUS[state]} />
            <span>
              <strong>{channel}</strong>, {event}
              <br />
              <span class="muted small">
                {state === 'sent' ? (
                  <>
                    sent <Ago at={sentAt} />
                  </>
                ) : state === 'pending' ? (
                  `under way, attempt ${attempts + 1}`
                ) : (
                  `given up after ${attempts} attempts`
                )}
                {lastError && state !== 'sent' && `: ${lastError}`}
              </span>
            </span>
          </li>
        ))}
      </ul>
    </Card>
  );
}
