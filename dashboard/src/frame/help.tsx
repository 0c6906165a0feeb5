import { Modal } from '../show/index.js';

const KEYS: readonly (readonly [readonly string[], string])[] = [
  [['/'], 'Search blocks by number, hash or IRI'],
  [['j'], 'Next entry of a list'],
  [['k'], 'Entry before'],
  [['Enter'], 'Open the entry'],
  [['g', 'o'], 'Overview'],
  [['g', 'j'], 'Jobs'],
  [['g', 'b'], 'Blocks'],
  [['g', 'a'], 'Alerts'],
  [['g', 's'], 'Settings'],
  [['?'], 'This help'],
  [['Esc'], 'Close, or leave the search'],
];

export function Help({ onClose }: { onClose: () => void }) {
  return (
    <Modal title="Keyboard" onClose={onClose}>
      <dl class="keys">
        {KEYS.map(([keys, meaning]) => (
          <div key={meaning}>
            <dt>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
      <form method="dialog" class="modal-foot">
        <button type="submit" class="button">
          Close
        </button>
      </form>
    </Modal>
  );
}
