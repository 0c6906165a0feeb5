import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { BareJob } from './bare-server.js';

export interface BareProcess {
  readonly url: string;
  stop(): Promise<void>;
}

const ENTRY = fileURLToPath(new URL('./bare-server.js', import.meta.url));

/** Starts the peers in a process of their own. Errors: Error when it ends before it listens. */
export async function startBare(job: BareJob): Promise<BareProcess> {
  const child = spawn(process.execPath, [ENTRY, JSON.stringify(job)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const port = await new Promise<string>((resolve, reject) => {
    child.stdout.once('data', (text) => resolve(String(text).trim()));
    child.once('exit', (code) => reject(new Error(`the bare server ended with ${code}`)));
  });
  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
