import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './free-port.js';

/**
 * A real Redis for tests: one redis-server on a free loopback port, with its files in a folder of its own.
 *
 *     describe.skipIf(!redisInstalled())('…', () => {
 *       let redis: RedisServer;
 *       beforeAll(async () => { redis = await startRedis(); });
 *       afterAll(() => redis.stop());
 */
export interface RedisServer {
  /** `redis://127.0.0.1:<port>`; the same after a restart. */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Runs one command over a connection of its own and gives the raw RESP2 reply. */
  command(...words: string[]): Promise<string>;
  /** Stops it as SIGKILL or a shutdown does, and leaves it down until {@link RedisServer.start}. */
  shutDown(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  /** Starts it again on the same port, over the same files (of which there are some with `appendOnly` only). */
  start(): Promise<void>;
  /** SIGSTOP and SIGCONT: connected, but it does not answer. */
  pause(): void;
  resume(): void;
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
}

export interface RedisServerOptions {
  readonly maxmemoryPolicy?: string;
  readonly appendOnly?: boolean;
  readonly password?: string;
  /** Further words of the command line. */
  readonly args?: readonly string[];
}

const START_TIMEOUT_MS = 10_000;
let installed: boolean | undefined;

/**
 * Whether redis-server is here. Without it the tests that need it are skipped, which is said once; in CI that is an
 * error, because they would pass without having run.
 */
export function redisInstalled(): boolean {
  if (installed !== undefined) return installed;
  installed = spawnSync('redis-server', ['--version'], { stdio: 'ignore' }).status === 0;
  if (!installed) {
    if (process.env.CI) throw new Error('redis-server is missing (Debian package redis-server)');
    console.warn('skipped: redis-server is not installed (Debian package redis-server)');
  }
  return installed;
}

export async function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  const folder = mkdtempSync(join(tmpdir(), 'provchain-redis-'));
  const port = await freePort();
  let server = await spawnServer(folder, port, options);
  const shutDown = async (signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM') => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const exited = new Promise((resolve) => server.once('exit', resolve));
    server.kill('SIGCONT');
    server.kill(signal);
    await exited;
  };
  return {
    url: `redis://${options.password ? `:${options.password}@` : ''}127.0.0.1:${port}`,
    port,
    get pid() {
      return server.pid!;
    },
    command: (...words) => runCommand(port, options.password, words),
    shutDown,
    async start() {
      server = await spawnServer(folder, port, options);
    },
    pause: () => server.kill('SIGSTOP'),
    resume: () => server.kill('SIGCONT'),
    async stop() {
      await shutDown('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function spawnServer(
  folder: string,
  port: number,
  { maxmemoryPolicy = 'noeviction', appendOnly = false, password, args = [] }: RedisServerOptions,
): Promise<ChildProcess> {
  const words = [
    ...['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', ''],
    ...['--appendonly', appendOnly ? 'yes' : 'no', '--maxmemory-policy', maxmemoryPolicy],
    ...(password ? ['--requirepass', password] : []),
    ...args,
  ];
  const server = spawn('redis-server', words, { stdio: ['ignore', 'pipe', 'pipe'] });
  const end = () => server.kill('SIGKILL');
  process.once('exit', end);
  server.once('exit', () => process.off('exit', end));
  let output = '';
  for (const stream of [server.stdout!, server.stderr!]) {
    stream.on('data', (bytes) => {
      output = (output + bytes).slice(-4000);
    });
  }
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (!(await runCommand(port, password, ['PING']).catch(() => '')).startsWith('+PONG')) {
    if (server.exitCode !== null || Date.now() > deadline) {
      server.kill('SIGKILL');
      throw new Error(`redis-server did not start on port ${port}:\n${output}`);
    }
    await sleep(20);
  }
  return server;
}

/** Replies to the words of one command; QUIT after it makes the server close the connection. */
function runCommand(port: number, password: string | undefined, words: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let reply = '';
    socket.setTimeout(5000, () => socket.destroy(new Error('redis-server does not answer')));
    socket.on('data', (bytes) => {
      reply += bytes;
    });
    socket.on('error', reject);
    socket.on('close', () => {
      const answers = reply.replace(/\+OK\r\n$/, '');
      resolve(password ? answers.replace(/^\+OK\r\n/, '') : answers);
    });
    const encode = (parts: string[]) =>
      `*${parts.length}\r\n${parts.map((part) => `$${Buffer.byteLength(part)}\r\n${part}\r\n`).join('')}`;
    if (password) socket.write(encode(['AUTH', password]));
    socket.write(encode(words));
    socket.write(encode(['QUIT']));
  });
}
