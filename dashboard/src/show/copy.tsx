import { useRef } from 'preact/hooks';
import { type CurlOptions, curlCommand } from '../api/curl.js';
import { session } from '../session/index.js';
import { Icon } from './icon.js';
import { say } from './notice.js';

/** The clipboard is only there on https and localhost; elsewhere the text is selected for the reader to copy. */
async function copy(text: string, shown: HTMLElement | null): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    say('Copied.');
  } catch {
    if (shown !== null) getSelection()?.selectAllChildren(shown);
    say('Selected: copy it with Ctrl+C or ⌘C. The browser opens the clipboard to https and localhost only.');
  }
}

export function CopyButton({ text, label }: { text: string; label: string }) {
  return (
    <button
      type="button"
      class="icon-button"
      aria-label={`Copy ${label}`}
      title={`Copy ${label}`}
      onClick={() => void copy(text, null)}
    >
      <Icon name="copy" />
    </button>
  );
}

export function Hash({ value, label = 'hash' }: { value: string; label?: string }) {
  return (
    <span class="hash">
      <code>{value}</code>
      <CopyButton text={value} label={label} />
    </span>
  );
}

type Request = Pick<CurlOptions, 'method' | 'path' | 'body' | 'headers'>;

/** The same action as a command, to keep in a script. */
export function Curl({ label, ...request }: Request & { label: string }) {
  const shown = useRef<HTMLElement>(null);
  const command = curlCommand({
    origin: location.origin,
    authentication: session().authentication,
    ...request,
  });
  return (
    <details class="curl">
      <summary aria-label={`curl command: ${label}`}>curl</summary>
      <div class="curl-body">
        <code ref={shown}>{command}</code>
        <button type="button" class="button small" onClick={() => void copy(command, shown.current)}>
          <Icon name="copy" /> Copy
        </button>
      </div>
    </details>
  );
}
