import type { SyncMode } from '../ledger/index.js';
import { filePath, flag, oneOf, section, setting } from './setting.js';

/** Who appends: whoever gets the lock first, this node or nothing, or never this node. */
const ROLES = ['auto', 'writer', 'reader'] as const;
const SYNC_MODES = ['Fast', 'Normal', 'Full'] as const satisfies readonly SyncMode[];

export const blockchain = section('The chain and its directory.', {
  role: setting(oneOf(ROLES).default('auto'), {
    meaning:
      'whether this node appends: "writer" fails to start when another process is the writer, "auto" then reads only',
  }),
  storage: section('Where the chain is.', {
    data_directory: setting(filePath().optional(), {
      meaning: 'the chain directory (chain.json, anchor.json, db/)',
      otherwise: 'a demo chain',
    }),
  }),
  performance: section('How blocks are written.', {
    sync_mode: setting(oneOf(SYNC_MODES).default('Normal'), {
      meaning:
        'when an append is confirmed. "Fast": once it is with the operating system, so that a power cut may lose ' +
        'the last blocks (the end of the process does not). "Normal": once log and anchor are synced. "Full": once ' +
        'it has been moved into table files as well',
    }),
  }),
  validation: section('When the node validates by itself.', {
    validate_on_startup: setting(flag().default(true), {
      meaning: 'submit a validation when the node starts',
    }),
    validate_on_block_add: setting(flag().default(false), {
      meaning: 'submit a validation after each append; those that wait are one',
    }),
  }),
});
