import { useState } from 'preact/hooks';
import { type AlertRule, ApiProblem, call, type Silence } from '../api/index.js';
import { refresh } from '../live/index.js';
import { allows } from '../session/index.js';
import { Ago, Card, Curl, Empty, Icon, Modal, say } from '../show/index.js';

const PATH = '/api/alerts/silences';
/** The rules of the node; the compiler holds the names against its. */
const RULES: readonly AlertRule[] = [
  'integrity-critical',
  'integrity-warning',
  'critical-threshold',
  'warning-threshold',
  'replicas-disagree',
  'validation-failed',
  'monitor-silent',
  'scrub-overdue',
  'cache-hit-rate',
  'validation-time',
  'memory',
  'disk-space',
  'replica-behind',
  'redis-away',
  'channel-down',
];
const SPANS = [
  [30, '30 minutes'],
  [120, '2 hours'],
  [480, '8 hours'],
  [1440, '1 day'],
  [10_080, '7 days'],
] as const;

export function Silences({ silences }: { silences: readonly Silence[] }) {
  const end = async (id: string) => {
    try {
      await call(`${PATH}/${id}`, { method: 'DELETE' });
      say('The silence has ended.');
      refresh('/api/alerts');
    } catch (error) {
      say(error instanceof ApiProblem ? error.message : String(error), 'critical');
    }
  };
  return (
    <Card title="Silences">
      {silences.length === 0 && <Empty title="Nothing is silenced." />}
      <ul class="plain-list channels">
        {silences.map(({ id, match, reason, by, until }) => (
          <li key={id}>
            <div>
              <strong>{matchText(match)}</strong>
              <p>{reason}</p>
              <p class="muted small">
                ends <Ago at={until} />
                {by && ` · by ${by}`}
              </p>
            </div>
            {allows('operator') && (
              <div class="actions">
                <button type="button" class="button small" onClick={() => void end(id)}>
                  End
                </button>
                <Curl label="end this silence" method="DELETE" path={`${PATH}/${id}`} />
              </div>
            )}
          </li>
        ))}
      </ul>
    </Card>
  );
}

function matchText(match: Silence['match']): string {
  const parts = Object.entries(match).filter(([, value]) => value !== undefined);
  return parts.length === 0
    ? 'every alert'
    : parts
        .map(([name, value]) => `${name} ${value!.length > 24 ? `${value!.slice(0, 12)}…` : value}`)
        .join(', ');
}

interface SilenceDialogProps {
  /** What is matched already; empty: the reader chooses. */
  readonly match: Silence['match'];
  readonly about?: string;
  readonly onClose: () => void;
}

export function SilenceDialog({ match, about, onClose }: SilenceDialogProps) {
  const [minutes, setMinutes] = useState(120);
  const [reason, setReason] = useState('');
  const [rule, setRule] = useState('');
  const [severity, setSeverity] = useState('');
  const [problem, setProblem] = useState<string | undefined>();
  const chosen = about === undefined ? { ...(rule && { rule }), ...(severity && { severity }) } : match;
  const body = { match: chosen, minutes, reason: reason.trim() };
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    if (Object.keys(chosen).length === 0)
      return setProblem('Name a rule or a severity: a silence of everything would hide everything.');
    if (body.reason === '') return setProblem('Say why, for whoever wonders later.');
    try {
      await call(PATH, { method: 'POST', body });
      say('Silenced. The alert stays in sight here, but no message goes out.');
      refresh('/api/alerts');
      onClose();
    } catch (error) {
      setProblem(error instanceof ApiProblem ? error.message : String(error));
    }
  };
  return (
    <Modal title={about === undefined ? 'New silence' : 'Silence this alert'} onClose={onClose}>
      <form class="form" onSubmit={(event) => void submit(event)} noValidate>
        {about === undefined ? (
          <div class="field-row">
            <label class="field">
              <span>Rule</span>
              <select value={rule} onChange={(event) => setRule(event.currentTarget.value)}>
                <option value="">any</option>
                {RULES.map((one) => (
                  <option key={one}>{one}</option>
                ))}
              </select>
            </label>
            <label class="field">
              <span>Severity</span>
              <select value={severity} onChange={(event) => setSeverity(event.currentTarget.value)}>
                <option value="">any</option>
                <option>critical</option>
                <option>warning</option>
                <option>info</option>
              </select>
            </label>
          </div>
        ) : (
          <p>{about}</p>
        )}
        <label class="field">
          <span>For</span>
          <select value={minutes} onChange={(event) => setMinutes(Number(event.currentTarget.value))}>
            {SPANS.map(([span, name]) => (
              <option key={span} value={span}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <label class="field">
          <span>Why</span>
          <textarea
            rows={2}
            maxLength={500}
            value={reason}
            onInput={(event) => setReason(event.currentTarget.value)}
          />
        </label>
        {problem && (
          <p class="field-error" role="alert">
            <Icon name="warning" /> {problem}
          </p>
        )}
        <div class="modal-foot">
          <Curl label="make this silence" method="POST" path={PATH} body={body} />
          <button type="button" class="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="button primary">
            Silence
          </button>
        </div>
      </form>
    </Modal>
  );
}
