import { useState } from 'preact/hooks';
import { ApiProblem, type Channel, call } from '../api/index.js';
import { refresh } from '../live/index.js';
import { allows } from '../session/index.js';
import { Ago, Card, Curl, Empty, Icon, say } from '../show/index.js';

const PATH = '/api/alerts/test';

interface Tested {
  readonly results: readonly {
    readonly channel: string;
    readonly ok: boolean;
    readonly error: string | null;
  }[];
}

export function Channels({ channels }: { channels: readonly Channel[] }) {
  const [busy, setBusy] = useState<string | undefined>();
  const test = async (channel: string) => {
    setBusy(channel);
    try {
      const { results } = await call<Tested>(PATH, { method: 'POST', body: { channel } });
      for (const { ok, error } of results) {
        if (ok) say(`The test message went out by ${channel}.`);
        else say(`The test by ${channel} failed: ${error}`, 'critical');
      }
      refresh('/api/alerts');
    } catch (error) {
      say(error instanceof ApiProblem ? error.message : String(error), 'critical');
    }
    setBusy(undefined);
  };
  return (
    <Card title="Channels">
      {channels.length === 0 && (
        <Empty title="No channels.">
          <p>They are set up under [integrity.alerting] of the configuration.</p>
        </Empty>
      )}
      <ul class="plain-list channels">
        {channels.map((channel) => (
          <li key={channel.name}>
            <div>
              <strong>{channel.name}</strong> <ChannelState channel={channel} />
              <p class="muted small">
                {channel.lastSuccessAt ? (
                  <>
                    last message <Ago at={channel.lastSuccessAt} />
                  </>
                ) : (
                  'no message yet'
                )}
                {channel.pending > 0 && ` · ${channel.pending} waiting`}
                {channel.up === false && channel.lastError && ` · ${channel.lastError}`}
              </p>
            </div>
            {channel.enabled && allows('operator') && (
              <div class="actions">
                <button
                  type="button"
                  class="button small"
                  disabled={busy !== undefined}
                  onClick={() => void test(channel.name)}
                >
                  {busy === channel.name ? 'Sending…' : 'Test'}
                </button>
                <Curl
                  label={`test ${channel.name}`}
                  method="POST"
                  path={PATH}
                  body={{ channel: channel.name }}
                />
              </div>
            )}
          </li>
        ))}
      </ul>
    </Card>
  );
}

function ChannelState({ channel: { enabled, up } }: { channel: Channel }) {
  if (!enabled) return <span class="tag">switched off</span>;
  if (up === null) return <span class="tag">not used yet</span>;
  return (
    <span class={`tone-text tone-${up ? 'healthy' : 'critical'}`}>
      <Icon name={up ? 'ok' : 'critical'} /> {up ? 'works' : 'does not work'}
    </span>
  );
}
