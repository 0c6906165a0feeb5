import { useState } from 'preact/hooks';
import { lazy } from '../lazy.js';
import { Icon } from '../show/index.js';

const StartDialog = lazy(async () => (await import('./start-dialog.js')).StartDialog);

/** Opens the form of a new validation, whose code is loaded with the first use. */
export function StartButton() {
  const [open, setOpen] = useState(false);
  return (
    <>
      <button type="button" class="button primary" onClick={() => setOpen(true)}>
        <Icon name="play" /> Validate
      </button>
      {open && <StartDialog onClose={() => setOpen(false)} />}
    </>
  );
}
