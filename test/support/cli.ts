import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';

/** The compiled command line, beside the compiled tests. */
export const CLI = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

export interface Outcome {
  /** Null when a signal ended the process. */
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly input?: string | Uint8Array;
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
}

type Process = ChildProcessByStdio<Writable, Readable, Readable>;

/** Without the variables of this run that would change colours or messages. */
function cleanEnvironment(env: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const { NO_COLOR, FORCE_COLOR, PROVCHAIN_DEBUG, NODE_OPTIONS, ...inherited } = process.env;
  return { ...inherited, ...env };
}

export function start(command: string, args: readonly string[], options: RunOptions = {}): Process {
  return spawn(command, args, {
    cwd: options.cwd,
    env: cleanEnvironment(options.env),
    stdio: ['pipe', 'pipe', 'pipe'],
  });
}

export async function finish(child: Process): Promise<Outcome> {
  const [out, err]: Buffer[][] = [[], []];
  child.stdout.on('data', (chunk) => out.push(chunk));
  child.stderr.on('data', (chunk) => err.push(chunk));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status, signal) => {
      resolve({
        status,
        signal,
        stdout: Buffer.concat(out).toString(),
        stderr: Buffer.concat(err).toString(),
      });
    });
  });
}

/** Runs `provchain` to its end. */
export async function provchain(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const child = start(process.execPath, [CLI, ...args], options);
  // A command that refuses its arguments closes its input unread.
  child.stdin.on('error', () => {});
  child.stdin.end(options.input ?? '');
  return finish(child);
}
