export { openState, type StateOptions } from './open-state.js';
export type { State, StateEntry, StateScan, StateStats } from './state.js';
