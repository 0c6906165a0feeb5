import { runbookPages } from 'virtual:runbook-pages';
import { useState } from 'preact/hooks';

/**
 * The page of the runbook about a code, loaded when it is opened. Its HTML was made from docs/runbook when the dashboard
 * was built; nothing that a node or a user says gets into it.
 */
export function Runbook({ code }: { code: string }) {
  const [html, setHtml] = useState<string | undefined>();
  const [failed, setFailed] = useState(false);
  const path = runbookPages[code];
  if (path === undefined) return null;
  const open = (event: Event) => {
    if (!(event.currentTarget as HTMLDetailsElement).open || html !== undefined) return;
    fetch(path)
      .then((answer) => (answer.ok ? answer.json() : Promise.reject(new Error(String(answer.status)))))
      .then((page: { html: string }) => setHtml(page.html))
      .catch(() => setFailed(true));
  };
  return (
    <details class="runbook" onToggle={open}>
      <summary>Runbook: what may have happened, what to do, how to make sure</summary>
      {failed && (
        <p class="muted">The page could not be loaded. It is docs/runbook/{code}.md of the project.</p>
      )}
      {html !== undefined && <div class="prose" dangerouslySetInnerHTML={{ __html: html }} />}
    </details>
  );
}
