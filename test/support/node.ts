import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CLI, start } from './cli.js';

/** What `provchain serve --json` prints once it is ready. */
interface Announced {
  readonly url?: string;
  readonly metricsUrl?: string;
  readonly nodeId: string;
  readonly chain: { readonly chainId: string; readonly replicaId: string; readonly writer: boolean };
  readonly validator: { readonly pid: number };
}

/** A real node: `provchain serve` in a process of its own, on free loopback ports, with its state in a folder of its own. */
export interface TestNode extends Announced {
  readonly url: string;
  readonly pid: number;
  /** Lines of its log so far. */
  log(): string;
  /** Resolves to the exit code, null when a signal ended it. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
  /** SIGSTOP, SIGCONT and the like, to the node's process only. */
  signal(name: NodeJS.Signals): void;
  fetch(path: string, init?: RequestInit): Promise<Response>;
}

export interface TestNodeOptions {
  readonly dir: string;
  /** TOML after the sections that every test node has. */
  readonly toml?: string;
  readonly name?: string;
  readonly role?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Kept over restarts when given. */
  readonly stateDir?: string;
}

const START_MS = 30_000;

export async function startNode(options: TestNodeOptions): Promise<TestNode> {
  const folder = mkdtempSync(join(tmpdir(), 'provchain-node-'));
  const config = join(folder, 'node.toml');
  writeFileSync(config, configText(options, folder));
  const args = [CLI, 'serve', '--config', config, '--json'];
  if (options.role !== undefined) args.push('--role', options.role);
  const child = start(process.execPath, args, { env: options.env, cwd: options.cwd ?? folder });
  child.stdin.end();
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    err += chunk;
  });
  const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  const announced = await untilAnnounced(
    () => out,
    () => {
      if (child.exitCode !== null || child.signalCode !== null) throw new Error(`the node ended:\n${err}`);
    },
  ).catch((error: Error) => {
    child.kill('SIGKILL');
    throw new Error(`${error.message}\n${err}`);
  });
  const url = announced.url ?? '';
  return {
    ...announced,
    url,
    pid: child.pid!,
    log: () => err,
    async stop(signal = 'SIGTERM') {
      child.kill('SIGCONT');
      child.kill(signal);
      const code = await exited;
      rmSync(folder, { recursive: true, force: true });
      return code;
    },
    signal: (name) => {
      child.kill(name);
    },
    fetch: (path, init) => fetch(`${url}${path}`, init),
  };
}

function configText({ dir, name, toml = '', stateDir }: TestNodeOptions, folder: string): string {
  const lines = [
    'network.api.port = 0',
    'monitoring.metrics.export_port = 0',
    `blockchain.storage.data_directory = ${JSON.stringify(dir)}`,
    `state.directory = ${JSON.stringify(stateDir ?? join(folder, 'state'))}`,
    ...(name === undefined ? [] : [`deployment.environment.instance_id = ${JSON.stringify(name)}`]),
    // Rounds of the monitor would stand among the jobs of the tests.
    ...(toml.includes('background_monitoring') ? [] : ['integrity.background_monitoring.enabled = false']),
    toml,
  ];
  return `${lines.join('\n')}\n`;
}

async function untilAnnounced(text: () => string, requireAlive: () => void): Promise<Announced> {
  const deadline = Date.now() + START_MS;
  for (;;) {
    try {
      return JSON.parse(text()) as Announced;
    } catch {
      // Not all of it is there yet.
    }
    requireAlive();
    if (Date.now() > deadline)
      throw new Error(`the node was not ready after ${START_MS / 1000} s: ${text()}`);
    await sleep(20);
  }
}
