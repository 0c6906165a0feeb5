import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiProblem } from '../api/problem.js';
import { goTo, type Place } from '../place/index.js';
import { enter, useSession } from '../session/index.js';
import { Empty, Icon, ViewHead } from '../show/index.js';

export function Login({ place }: { place: Place }) {
  const { authentication, state, nodeId } = useSession();
  const [problem, setProblem] = useState<ApiProblem | undefined>();
  const [busy, setBusy] = useState(false);
  const name = useRef<HTMLInputElement>(null);
  useEffect(() => name.current?.focus(), []);
  if (!authentication || state === 'in') return <NoNeed authentication={authentication} />;

  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    setBusy(true);
    setProblem(undefined);
    try {
      await enter(String(form.get('username')), String(form.get('password')));
      if (place.path[0] === 'login') goTo('#/');
    } catch (error) {
      setProblem(error instanceof ApiProblem ? error : new ApiProblem(0, 'FAILED', String(error)));
      setBusy(false);
    }
  };
  return (
    <main class="login" id="main">
      <form class="card login-card" onSubmit={(event) => void submit(event)}>
        <p class="brand static">
          <img src="/favicon.svg" alt="" width="32" height="32" />
          <span>ProvChain</span>
        </p>
        <h1 tabIndex={-1}>Log in</h1>
        <p class="muted">
          {nodeId === null ? 'This node asks who you are.' : `Node ${nodeId} asks who you are.`}
        </p>
        <label class="field">
          <span>Name</span>
          <input ref={name} name="username" autoComplete="username" required maxLength={128} />
        </label>
        <label class="field">
          <span>Password</span>
          <input name="password" type="password" autoComplete="current-password" required maxLength={1024} />
        </label>
        {problem && (
          <p class="field-error" role="alert">
            <Icon name="warning" /> {loginText(problem)}
          </p>
        )}
        <button type="submit" class="button primary" disabled={busy}>
          {busy ? 'Logging in…' : 'Log in'}
        </button>
        <p class="muted small">
          Users are kept by <code>provchain user</code> on the node.
        </p>
      </form>
    </main>
  );
}

function loginText({ code, message, retryAfterSeconds }: ApiProblem): string {
  if (code === 'LOGIN_FAILED') return 'The name or the password is wrong.';
  if (code === 'LOCKED_OUT') {
    const minutes = Math.ceil((retryAfterSeconds ?? 60) / 60);
    return `Too many failed logins. The account is locked; try again in ${minutes} min.`;
  }
  return message;
}

function NoNeed({ authentication }: { authentication: boolean }) {
  return (
    <>
      <ViewHead title="Log in" />
      <Empty title={authentication ? 'You are logged in.' : 'This node asks nobody who they are.'}>
        <p>
          <a href="#/">Go to the overview</a>
        </p>
      </Empty>
    </>
  );
}
