export { useTimed } from './clock.js';
export { isEnded, useLiveJob } from './follow-job.js';
export { isFresh, type Polled } from './polled.js';
export { refresh, usePolled } from './use-polled.js';
