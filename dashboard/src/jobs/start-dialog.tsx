import { useState } from 'preact/hooks';
import { ApiProblem, call, type JobView } from '../api/index.js';
import { refresh } from '../live/index.js';
import { goTo, hrefOf } from '../place/index.js';
import { Curl, Icon, Modal, say } from '../show/index.js';
import { type JobForm, jobRequest, LEVELS, PRIORITIES } from './request.js';

const INITIAL: JobForm = {
  level: 'Standard',
  from: '',
  to: '',
  fresh: false,
  fleet: false,
  priority: 'normal',
};
const MEANINGS: Readonly<Record<string, string>> = {
  Minimal: 'Every header, hash and link.',
  Standard: 'And every payload against its digest.',
  Comprehensive: 'And a sample of signatures, SPARQL counts and canonical forms.',
  Full: 'And every signature, the whole history, and every canonical form.',
};

/** 202: a job. 200: a result that was there already, with or without its job. */
type Submitted =
  | JobView
  | {
      readonly cached: boolean;
      readonly job: JobView | null;
      readonly report: { readonly jobId: string } | null;
    };

export function StartDialog({ onClose }: { onClose: () => void }) {
  const [form, setForm] = useState(INITIAL);
  const [problems, setProblems] = useState<Record<string, string>>({});
  const [busy, setBusy] = useState(false);
  const change = (part: Partial<JobForm>) => setForm({ ...form, ...part });
  const request = jobRequest(form);

  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    if ('problems' in request) {
      setProblems(request.problems);
      return;
    }
    setBusy(true);
    try {
      const answer = await call<Submitted>('/api/jobs', { method: 'POST', body: request.body });
      onClose();
      arrive(answer);
    } catch (error) {
      setBusy(false);
      setProblems({ '': error instanceof ApiProblem ? `${error.message} (${error.code})` : String(error) });
    }
  };
  return (
    <Modal title="Validate the chain" onClose={onClose}>
      <form class="form" onSubmit={(event) => void submit(event)} noValidate>
        <fieldset class="choices">
          <legend>Level</legend>
          {LEVELS.map((level) => (
            <label key={level} class="choice">
              <input
                type="radio"
                name="level"
                checked={form.level === level}
                onChange={() => change({ level })}
              />
              <span>
                <strong>{level}</strong>
                <span class="muted">{MEANINGS[level]}</span>
              </span>
            </label>
          ))}
        </fieldset>
        <div class="field-row">
          <NumberField
            name="from"
            label="First block"
            placeholder="0"
            value={form.from}
            problem={problems.from}
            onChange={(from) => change({ from })}
          />
          <NumberField
            name="to"
            label="Last block"
            placeholder="newest"
            value={form.to}
            problem={problems.to}
            onChange={(to) => change({ to })}
          />
          <label class="field">
            <span>Priority</span>
            <select
              value={form.priority}
              onChange={(event) => change({ priority: event.currentTarget.value })}
            >
              {PRIORITIES.map((priority) => (
                <option key={priority}>{priority}</option>
              ))}
            </select>
          </label>
        </div>
        <label class="check">
          <input
            type="checkbox"
            checked={form.fresh}
            onChange={(event) => change({ fresh: event.currentTarget.checked })}
          />
          <span>
            Fresh <span class="muted">use neither the cache nor evidence of earlier jobs</span>
          </span>
        </label>
        <label class="check">
          <input
            type="checkbox"
            checked={form.fleet}
            onChange={(event) => change({ fleet: event.currentTarget.checked })}
          />
          <span>
            Fleet <span class="muted">check every replica, and whether they agree</span>
          </span>
        </label>
        {problems[''] && (
          <p class="field-error" role="alert">
            <Icon name="warning" /> {problems['']}
          </p>
        )}
        <div class="modal-foot">
          {'body' in request && (
            <Curl label="start this validation" method="POST" path="/api/jobs" body={request.body} />
          )}
          <button type="button" class="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="button primary" disabled={busy}>
            {busy ? 'Starting…' : 'Start'}
          </button>
        </div>
      </form>
    </Modal>
  );
}

/** The page of the job; or, when the answer was in the cache, the report itself. */
function arrive(answer: Submitted): void {
  refresh('/api/jobs');
  if ('jobId' in answer) {
    say('The validation has been accepted.');
    goTo(hrefOf(['jobs', answer.jobId]));
    return;
  }
  const jobId = answer.job?.jobId ?? answer.report?.jobId;
  say(
    answer.cached
      ? 'Nothing has changed since this result: it was taken from the cache. Choose “Fresh” to read everything again.'
      : 'The validation has ended.',
  );
  if (jobId !== undefined) goTo(hrefOf(['jobs', jobId]));
}

interface NumberFieldProps {
  readonly name: string;
  readonly label: string;
  readonly placeholder: string;
  readonly value: string;
  readonly problem: string | undefined;
  readonly onChange: (value: string) => void;
}

function NumberField({ name, label, placeholder, value, problem, onChange }: NumberFieldProps) {
  const id = `start-${name}-problem`;
  return (
    <label class="field">
      <span>{label}</span>
      <input
        name={name}
        inputMode="numeric"
        autoComplete="off"
        placeholder={placeholder}
        value={value}
        onInput={(event) => onChange(event.currentTarget.value)}
        aria-invalid={problem !== undefined}
        aria-describedby={problem === undefined ? undefined : id}
      />
      {problem && (
        <span class="field-error" id={id}>
          {problem}
        </span>
      )}
    </label>
  );
}
