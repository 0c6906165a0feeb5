import { type Check, FINDINGS, type FindingCode } from '../validation/index.js';

/** What is remembered of every block: these checks look at each block of their scope, not at a sample. */
export const CHECK_GROUPS = ['headers', 'payloads', 'signatures', 'history', 'canonical'] as const;
export type CheckGroup = (typeof CHECK_GROUPS)[number];

/** Of these groups the blocks are what a validation of level Full covers. */
export const groupsOf = (checks: readonly Check[]): CheckGroup[] =>
  CHECK_GROUPS.filter((group) => checks.includes(group));

/** Codes that only a check other than that of their place in the table below can take back. */
const CHECK_OF_CODE: Partial<Record<FindingCode, Check>> = {
  SIGNATURE_INVALID: 'signatures',
  HISTORY_ROOT_MISMATCH: 'history',
  TREE_RECORD_MISMATCH: 'history',
  UNKNOWN_KEY: 'keys',
  ORPHAN_PAYLOAD: 'keys',
  ENGINE_DISAGREEMENT: 'cross-check-sampled',
};

const CHECK_OF_CATEGORY = {
  blockchain: 'headers',
  transactions: 'payloads',
  sparql: 'sparql-sampled',
  canonicalization: 'canonical',
} as const satisfies Record<(typeof FINDINGS)[FindingCode]['category'], Check>;

/** The check that has to run on a block again, and find nothing, before a finding of this code counts as gone. */
export const checkOf = (code: FindingCode): Check =>
  CHECK_OF_CODE[code] ?? CHECK_OF_CATEGORY[FINDINGS[code].category];

/** Checks that look at a part of the blocks: what one of them has found, another sample does not take back. */
export const isSampled = (check: Check): boolean => check.endsWith('-sampled');
