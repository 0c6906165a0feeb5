export { Job } from './job.js';
export { Jobs } from './jobs.js';
