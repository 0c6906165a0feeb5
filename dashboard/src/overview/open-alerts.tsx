import type { Alert, Channel } from '../api/index.js';
import { hrefOf } from '../place/index.js';
import { Ago, Empty, Icon, Status } from '../show/index.js';

const SHOWN = 5;

export function OpenAlerts({ alerts, channels }: { alerts: readonly Alert[]; channels: readonly Channel[] }) {
  const dead = channels.filter(({ enabled, up }) => enabled && up === false);
  return (
    <>
      {dead.map(({ name, lastError }) => (
        <p key={name} class="notice tone-warning">
          <Icon name="warning" />
          <span>
            Alerts by {name} don’t arrive{lastError === null ? '' : `: ${lastError}`}.{' '}
            <a href="#/alerts">Test the channel</a>
          </span>
        </p>
      ))}
      {alerts.length === 0 && <Empty title="No open alerts." />}
      <ul class="plain-list alert-list">
        {alerts.slice(0, SHOWN).map((alert) => (
          <li key={alert.id}>
            <Status status={alert.severity} />
            <a href={hrefOf(['alerts', alert.id])} data-item>
              {alert.title}
            </a>
            <span class="muted">
              {alert.state === 'acknowledged' ? `seen by ${alert.acknowledgedBy}, ` : ''}
              <Ago at={alert.since} />
            </span>
          </li>
        ))}
      </ul>
      {alerts.length > SHOWN && (
        <p>
          <a href="#/alerts">{alerts.length - SHOWN} more</a>
        </p>
      )}
    </>
  );
}
