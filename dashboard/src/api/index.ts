export type * from './answers.js';
export { ask, call, download, send } from './client.js';
export { ApiProblem, fieldErrors } from './problem.js';
