import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { ApiProblem } from '../api/problem.js';
import { Icon } from './icon.js';

/** What happened, and what to do about it. */
export function Problem({ error, what }: { error: ApiProblem; what: string }) {
  return (
    <div class="notice tone-critical" role="alert">
      <Icon name="warning" />
      <div>
        <p class="notice-title">{what}</p>
        <p>
          {error.message} <code>{error.code}</code>
        </p>
        <p class="muted">{error.advice}</p>
      </div>
    </div>
  );
}

/** A part that this node can't show, said without alarm. */
export function Unavailable({ error, what }: { error: ApiProblem; what: string }) {
  if (error.status !== 404) return <Problem error={error} what={`${what}: not available now`} />;
  return <p class="empty">{what}: this node does not serve it.</p>;
}

export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children}
    </div>
  );
}

/** Stands for what is on its way. Shown a little later, so that quick answers don't flicker. */
export function Loading({ lines = 3 }: { lines?: number }) {
  return (
    <div class="loading" role="status">
      <span class="hidden-text">Loading</span>
      {Array.from({ length: lines }, (_, i) => (
        <span key={i} class="skeleton" />
      ))}
    </div>
  );
}

type Said = { readonly id: number; readonly text: string; readonly tone: 'neutral' | 'critical' };
const SHOWN_MS = 7000;
let said: Said | undefined;
let hear: (said: Said | undefined) => void = () => {};
let forgetting: ReturnType<typeof setTimeout> | undefined;

/** Tells the outcome of an action, to eyes and to screen readers. */
export function say(text: string, tone: Said['tone'] = 'neutral'): void {
  said = { id: (said?.id ?? 0) + 1, text, tone };
  hear(said);
  clearTimeout(forgetting);
  forgetting = setTimeout(() => hear(undefined), SHOWN_MS);
}

/** Where {@link say} is heard: once on the page. */
export function Announcer() {
  const [now, setNow] = useState<Said | undefined>();
  useEffect(() => {
    hear = setNow;
    return () => {
      hear = () => {};
    };
  }, []);
  return (
    <div class="announcer" role="status" aria-live="polite">
      {now && (
        <p key={now.id} class={`announcement tone-${now.tone}`}>
          {now.text}
        </p>
      )}
    </div>
  );
}
