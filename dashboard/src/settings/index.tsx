import { useState } from 'preact/hooks';
import { ApiProblem, call, fieldErrors, type RuntimeConfigAnswer } from '../api/index.js';
import { refresh, usePolled } from '../live/index.js';
import { allows } from '../session/index.js';
import { Ago, Card, Curl, Icon, Loading, Modal, Problem, say, ViewHead } from '../show/index.js';
import { changesBetween, FIELDS, patchOf, type Values } from './fields.js';

const PATH = '/api/integrity/config';
const EVERY_MS = 15_000;
const LEVELS = ['Minimal', 'Standard', 'Comprehensive', 'Full'];

export function Settings() {
  const { data, error } = usePolled<RuntimeConfigAnswer>(PATH, EVERY_MS);
  return (
    <>
      <ViewHead
        title="Settings"
        lead="What may change while the node runs. Every node of the fleet applies it within a second; jobs keep what was in force when they were accepted."
      >
        <Curl label="read the settings" path={PATH} />
      </ViewHead>
      {error && <Problem error={error} what="The settings can’t be read now" />}
      {!data && !error && <Loading lines={8} />}
      {data && (
        <div class="columns wide-left">
          <Form config={data} />
          <History config={data} />
        </div>
      )}
    </>
  );
}

function Form({ config }: { config: RuntimeConfigAnswer }) {
  const [edited, setEdited] = useState<Values>({});
  const [errors, setErrors] = useState<ReadonlyMap<string, string>>(new Map());
  const [base, setBase] = useState(config.revision);
  const admin = allows('admin');
  const patch = patchOf(config.value, edited);
  const count = Object.keys(patch).length;
  const stale = count > 0 && base !== config.revision;
  const change = (name: string, value: string | boolean) => {
    if (count === 0) setBase(config.revision);
    setEdited({ ...edited, [name]: value });
  };
  const forget = () => {
    setEdited({});
    setErrors(new Map());
    setBase(config.revision);
  };
  const save = async (event: SubmitEvent) => {
    event.preventDefault();
    if (count === 0) return;
    try {
      const saved = await call<RuntimeConfigAnswer>(PATH, {
        method: 'PUT',
        body: patch,
        headers: { 'If-Match': `"${base}"` },
      });
      say(`Saved as revision ${saved.revision}.`);
      forget();
      refresh(PATH);
    } catch (thrown) {
      const error = thrown instanceof ApiProblem ? thrown : new ApiProblem(0, 'FAILED', String(thrown));
      setErrors(
        error.code === 'REVISION_CONFLICT'
          ? new Map([
              [
                '',
                'Somebody else has changed the settings. Discard, look at what is in force now, and change it again.',
              ],
            ])
          : fieldErrors(error.message),
      );
      refresh(PATH);
    }
  };
  return (
    <Card title="In force" aside={<span class="muted">revision {config.revision}</span>}>
      <form class="form settings" onSubmit={(event) => void save(event)} noValidate>
        {Object.entries(FIELDS).map(([name, field]) => (
          <SettingField
            key={name}
            name={name}
            field={field}
            value={edited[name] ?? config.value[name] ?? ''}
            changed={name in patch}
            error={errors.get(name)}
            disabled={!admin}
            change={(value) => change(name, value)}
          />
        ))}
        {errors.get('') && (
          <p class="field-error" role="alert">
            <Icon name="warning" /> {errors.get('')}
          </p>
        )}
        {stale && (
          <p class="field-error">
            Revision {config.revision} came into force while you were editing revision {base}.
          </p>
        )}
        {admin ? (
          <div class={`form-foot${count > 0 ? ' dirty' : ''}`}>
            <button type="submit" class="button primary" disabled={count === 0}>
              {count === 0 ? 'Nothing changed' : `Save ${count} ${count === 1 ? 'change' : 'changes'}`}
            </button>
            {count > 0 && (
              <button type="button" class="button" onClick={forget}>
                Discard
              </button>
            )}
            {count > 0 && (
              <Curl
                label="save these settings"
                method="PUT"
                path={PATH}
                body={patch}
                headers={{ 'If-Match': `"${base}"` }}
              />
            )}
          </div>
        ) : (
          <p class="muted">Only an administrator may change them.</p>
        )}
      </form>
    </Card>
  );
}

interface SettingFieldProps {
  readonly name: string;
  readonly field: (typeof FIELDS)[keyof typeof FIELDS];
  readonly value: string | number | boolean;
  readonly changed: boolean;
  readonly error: string | undefined;
  readonly disabled: boolean;
  readonly change: (value: string | boolean) => void;
}

function SettingField({ name, field, value, changed, error, disabled, change }: SettingFieldProps) {
  const id = `setting-${name}`;
  const shared = {
    id,
    disabled,
    'aria-describedby': `${id}-help${error === undefined ? '' : ` ${id}-error`}`,
    'aria-invalid': error !== undefined,
  };
  return (
    <div class={`setting${changed ? ' changed' : ''}`}>
      <div>
        <label for={id}>{field.label}</label>
        <p class="muted small" id={`${id}-help`}>
          {field.help} <code>{name}</code>
        </p>
        {error && (
          <p class="field-error" id={`${id}-error`} role="alert">
            <Icon name="warning" /> {error}
          </p>
        )}
      </div>
      <div class="setting-value">
        {field.kind === 'switch' && (
          <input
            {...shared}
            type="checkbox"
            role="switch"
            aria-checked={value === true}
            checked={value === true}
            onChange={(event) => change(event.currentTarget.checked)}
          />
        )}
        {field.kind === 'level' && (
          <select {...shared} value={String(value)} onChange={(event) => change(event.currentTarget.value)}>
            {LEVELS.map((level) => (
              <option key={level}>{level}</option>
            ))}
          </select>
        )}
        {field.kind === 'number' && (
          <>
            <input
              {...shared}
              inputMode="decimal"
              value={String(value)}
              onInput={(event) => change(event.currentTarget.value)}
            />
            <span class="muted unit">{field.unit}</span>
          </>
        )}
      </div>
    </div>
  );
}

function History({ config }: { config: RuntimeConfigAnswer }) {
  const [asking, setAsking] = useState(false);
  const previous = config.history[0];
  const path = `${PATH}/rollback`;
  const rollBack = async () => {
    setAsking(false);
    try {
      const saved = await call<RuntimeConfigAnswer>(path, { method: 'POST' });
      say(`The settings before are in force again, as revision ${saved.revision}.`);
      refresh(PATH);
    } catch (error) {
      say(error instanceof ApiProblem ? error.message : String(error), 'critical');
    }
  };
  return (
    <Card title="History">
      <p>
        Revision {config.revision}{' '}
        {config.by === null ? (
          'is from the configuration file'
        ) : (
          <>
            by <strong>{config.by}</strong>
          </>
        )}{' '}
        {config.at && <Ago at={config.at} />}
      </p>
      {previous === undefined ? (
        <p class="empty">It was never changed, so there is nothing to go back to.</p>
      ) : (
        <>
          <h3>Changed in it</h3>
          <ul class="plain-list changes">
            {changesBetween(previous.value, config.value).map(({ name, before, after }) => (
              <li key={name}>
                <code>{name}</code> {before} → <strong>{after}</strong>
              </li>
            ))}
          </ul>
          {allows('admin') && (
            <div class="actions start">
              <button type="button" class="button" onClick={() => setAsking(true)}>
                Back to revision {previous.revision}
              </button>
              <Curl label="go back to the settings before" method="POST" path={path} />
            </div>
          )}
        </>
      )}
      {asking && (
        <Modal title="Put the previous settings in force?" onClose={() => setAsking(false)}>
          <p>They become a new revision, on every node. Jobs under way keep what they began with.</p>
          <div class="modal-foot">
            <button type="button" class="button" onClick={() => setAsking(false)}>
              Keep what is in force
            </button>
            <button type="button" class="button primary" onClick={() => void rollBack()}>
              Go back
            </button>
          </div>
        </Modal>
      )}
    </Card>
  );
}
