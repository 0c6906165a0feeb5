import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

type Scalar = string | number | boolean;

/** Tables of a TOML file by their dotted name, and their keys. */
export type NodeSettings = Readonly<Record<string, Readonly<Record<string, Scalar>>>>;

export interface NodeOptions {
  /** The chain directory. */
  readonly dir: string;
  readonly roles?: readonly ('api' | 'worker')[];
  /** In addition to those that every measured node has. */
  readonly settings?: NodeSettings;
}

/** A node as users start it: `provchain serve`, in a process of its own, on free ports. */
export interface NodeProcess {
  readonly url: string;
  /** Of the process with the REST API, and of the one that validates, if it has one. */
  readonly pid: number;
  readonly validatorPid: number | undefined;
  /** From the start of the process until it says that it is ready. */
  readonly readyMs: number;
  /** Ends it as Ctrl-C does, and removes its files. Errors: Error when it does not end well. */
  stop(): Promise<void>;
}

interface Announced {
  readonly url?: string;
  readonly validator?: { readonly pid?: number };
}

const CLI = fileURLToPath(new URL('../src/cli/main.js', import.meta.url));
const START_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 30_000;
const LOG_TAIL = 3000;

/** What is measured is the answering of requests: nothing starts by itself, and nobody is refused for asking often. */
const SETTINGS: NodeSettings = {
  'network.api': { host: '127.0.0.1', port: 0 },
  'monitoring.metrics': { export_port: 0 },
  'monitoring.logging': { level: 'warn' },
  'blockchain.validation': { validate_on_startup: false, validate_on_block_add: false },
  'security.rate_limit': { enabled: false },
  'integrity.background_monitoring': { enabled: false },
};

/** Starts a node and waits until it is ready. Errors: Error with the end of its log when it is not. */
export async function startNode({
  dir,
  roles = ['api', 'worker'],
  settings = {},
}: NodeOptions): Promise<NodeProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'provchain-bench-node-'));
  const config = join(folder, 'node.toml');
  const all = { ...SETTINGS, ...settings };
  const own = {
    ...all,
    'blockchain.storage': { ...all['blockchain.storage'], data_directory: dir },
    state: { ...all.state, directory: join(folder, 'state') },
  };
  writeFileSync(config, toml(own));
  const log = join(folder, 'node.log');
  // A file, not a pipe: nobody has to read along while the node is measured.
  const descriptor = openSync(log, 'a');
  const started = performance.now();
  const child = spawn(
    process.execPath,
    [CLI, 'serve', '--config', config, '--role', roles.join(','), '--json'],
    {
      stdio: ['ignore', 'pipe', descriptor],
      env: withoutSettings(process.env),
    },
  );
  closeSync(descriptor);
  const tail = () => readFileSync(log, 'utf8').slice(-LOG_TAIL);
  try {
    const { url = '', validator } = await announcement(child, tail);
    if (url !== '') await untilReady(url, child, tail);
    return {
      url,
      pid: child.pid!,
      validatorPid: validator?.pid,
      readyMs: performance.now() - started,
      stop: () => stop(child, folder, tail),
    };
  } catch (error) {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

/** The environment without what would change the node's settings. */
function withoutSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { REDIS_URL, REDIS_SHARED_SECRET, JWT_SECRET_KEY, INSTANCE_ID, ...rest } = env;
  return rest;
}

/** The JSON document that `serve --json` prints once it is up. */
async function announcement(child: ChildProcess, tail: () => string): Promise<Announced> {
  let output = '';
  child.stdout!.setEncoding('utf8').on('data', (text) => {
    output += text;
  });
  const deadline = performance.now() + START_LIMIT_MS;
  for (;;) {
    const parsed = tryParse(output);
    if (parsed) return parsed;
    checkAlive(child, tail, deadline, 'said nothing');
    await sleep(10);
  }
}

async function untilReady(url: string, child: ChildProcess, tail: () => string): Promise<void> {
  const deadline = performance.now() + START_LIMIT_MS;
  for (;;) {
    const answer = await fetch(`${url}/health/ready`).catch(() => undefined);
    await answer?.arrayBuffer();
    if (answer?.ok) return;
    checkAlive(child, tail, deadline, 'is not ready');
    await sleep(25);
  }
}

function checkAlive(child: ChildProcess, tail: () => string, deadline: number, state: string): void {
  if (child.exitCode !== null || child.signalCode !== null) {
    throw new Error(`the node ended with ${child.signalCode ?? child.exitCode}:\n${tail()}`);
  }
  if (performance.now() > deadline)
    throw new Error(`the node ${state} in ${START_LIMIT_MS / 1000} s:\n${tail()}`);
}

function tryParse(text: string): Announced | undefined {
  try {
    return text.trim() === '' ? undefined : (JSON.parse(text) as Announced);
  } catch {
    return undefined;
  }
}

async function stop(child: ChildProcess, folder: string, tail: () => string): Promise<void> {
  try {
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new Error(`the node ended by itself with ${child.signalCode ?? child.exitCode}:\n${tail()}`);
    }
    const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
    const code = await exited;
    clearTimeout(timer);
    if (code !== 0) throw new Error(`the node stopped with ${child.signalCode ?? code}:\n${tail()}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function toml(settings: NodeSettings): string {
  const tables = Object.entries(settings).map(([name, keys]) => {
    const lines = Object.entries(keys).map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
    return [`[${name}]`, ...lines, ''].join('\n');
  });
  return tables.join('\n');
}
