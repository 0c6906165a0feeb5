import { useState } from 'preact/hooks';
import type { Alert, AlertsAnswer } from '../api/index.js';
import { usePolled } from '../live/index.js';
import { changeQuery, hrefOf, type Place } from '../place/index.js';
import { allows } from '../session/index.js';
import {
  Ago,
  Curl,
  Empty,
  formatCount,
  Icon,
  Loading,
  Status,
  Unavailable,
  ViewHead,
} from '../show/index.js';
import { Channels } from './channels.js';
import { SilenceDialog, Silences } from './silences.js';

const EVERY_MS = 8000;
const STATES = ['open', 'resolved', 'all'] as const;
const SEVERITIES = ['critical', 'warning', 'info'] as const;

export function Alerts({ place }: { place: Place }) {
  const { severity = '' } = place.query;
  const state = STATES.find((one) => one === place.query.state) ?? 'open';
  const path = `/api/alerts?state=${state}&limit=200`;
  const { data, error } = usePolled<AlertsAnswer>(path, EVERY_MS);
  const [silencing, setSilencing] = useState(false);
  const shown = (data?.alerts ?? []).filter((alert) => severity === '' || alert.severity === severity);
  return (
    <>
      <ViewHead
        title="Alerts"
        lead="What needs somebody’s attention, and whether the messages about it arrived."
      >
        {allows('operator') && (
          <button type="button" class="button" onClick={() => setSilencing(true)}>
            New silence
          </button>
        )}
        <Curl label="list these alerts" path={path} />
      </ViewHead>
      <form class="filters" aria-label="Filter" onSubmit={(event) => event.preventDefault()}>
        <fieldset class="segments">
          <legend class="hidden-text">State</legend>
          {STATES.map((one) => (
            <label key={one}>
              <input
                type="radio"
                name="state"
                checked={state === one}
                onChange={() => changeQuery(place, { state: one === 'open' ? undefined : one })}
              />
              <span>{one}</span>
            </label>
          ))}
        </fieldset>
        <label class="inline-field">
          <span>Severity</span>
          <select
            value={severity}
            onChange={(event) => changeQuery(place, { severity: event.currentTarget.value || undefined })}
          >
            <option value="">any</option>
            {SEVERITIES.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        </label>
      </form>
      {error && <Unavailable error={error} what="Alerts" />}
      {!data && !error && <Loading lines={5} />}
      {data && shown.length === 0 && <NoAlerts state={state} filtered={severity !== ''} />}
      <ul class="plain-list">
        {shown.map((alert) => (
          <AlertRow key={alert.id} alert={alert} />
        ))}
      </ul>
      {data && (
        <div class="columns">
          <Channels channels={data.channels} />
          <Silences silences={data.silences} />
        </div>
      )}
      {silencing && <SilenceDialog match={{}} onClose={() => setSilencing(false)} />}
    </>
  );
}

function NoAlerts({ state, filtered }: { state: string; filtered: boolean }) {
  if (filtered)
    return (
      <Empty title="No alert fits.">
        <p>
          <a href="#/alerts">Show all open alerts</a>
        </p>
      </Empty>
    );
  if (state === 'open')
    return (
      <Empty title="No open alerts.">
        <p>When something needs attention it is here, and goes out over the channels below.</p>
      </Empty>
    );
  return <Empty title="No alerts so far." />;
}

function AlertRow({ alert }: { alert: Alert }) {
  const pending = alert.deliveries.filter(({ state }) => state === 'pending').length;
  const lost = alert.deliveries.filter(({ state }) => state === 'given_up').length;
  return (
    <li class={`card alert-row tone-${alert.state === 'resolved' ? 'neutral' : alert.severity}`}>
      <div class="alert-row-head">
        <Status status={alert.severity} />
        <a href={hrefOf(['alerts', alert.id])} data-item>
          {alert.title}
        </a>
        {alert.state !== 'open' && <span class="tag">{alert.state}</span>}
        {alert.silencedUntil && <span class="tag">silenced</span>}
        {alert.escalatedAt && <span class="tag">escalated</span>}
      </div>
      <p>{alert.what}</p>
      <p class="muted small">
        {alert.rule} · since <Ago at={alert.since} />
        {alert.count > 1 && (
          <>
            {' '}
            · seen {formatCount(alert.count)} times, last <Ago at={alert.lastSeenAt} />
          </>
        )}
        {alert.acknowledgedBy && ` · acknowledged by ${alert.acknowledgedBy}`}
        {pending > 0 && ` · ${pending} ${pending === 1 ? 'message' : 'messages'} under way`}
        {lost > 0 && (
          <span class="field-error">
            {' '}
            <Icon name="warning" /> {lost} not delivered
          </span>
        )}
      </p>
    </li>
  );
}
