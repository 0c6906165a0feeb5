import { createMemoryBackend, type JobBackend } from '../../src/jobs/index.js';
import { describeJobs } from './contract.js';

describeJobs('memory', () => ({
  make: async (): Promise<JobBackend> => createMemoryBackend({ retry: { attempts: 2, backoffMs: 10 } }),
  reset: async () => {},
}));
