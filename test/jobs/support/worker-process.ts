import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { FleetNode } from '../../../src/jobs/index.js';
import { connected, fleetBackend } from './fleet.js';
import { startNode } from './node.js';
import { reportOf, ScriptedValidator } from './scripted-validator.js';

/**
 * A node in a process of its own, so that it can be frozen and killed. Its validator says when a run begins, and ends it
 * as Warning, which no other node of these tests does, when it is told to.
 */
const nodeList = (ids: readonly string[]): FleetNode[] =>
  ids.map((nodeId) => ({
    nodeId,
    roles: ['api', 'worker'],
    chainId: 'chain',
    replica: 'r1',
    height: 10,
  }));

async function main(url: string, node: string, stateDir: string): Promise<void> {
  const validator = new ScriptedValidator();
  const finish = new Promise<void>((resolve) => process.on('message', () => resolve()));
  validator.script = async (spec) => {
    process.send?.('running');
    await finish;
    return { report: reportOf(spec, 'Warning') };
  };
  const backend = fleetBackend({ url, node });
  await connected(backend);
  await startNode(backend, { node, stateDir, validator, nodes: () => nodeList([node]) });
  process.send?.('ready');
}

export interface WorkerProcess {
  readonly pid: number;
  /** Resolves when its validator has begun a run. */
  running(): Promise<void>;
  /** Lets the run end. */
  finish(): void;
  kill(signal: NodeJS.Signals): void;
}

/** Starts such a process and waits until it takes jobs. */
export async function startWorkerProcess(
  url: string,
  node: string,
  stateDir: string,
): Promise<WorkerProcess> {
  const child = fork(fileURLToPath(import.meta.url), [url, node, stateDir], { stdio: 'inherit' });
  const said = (word: string) =>
    new Promise<void>((resolve) => {
      child.on('message', (message) => message === word && resolve());
    });
  const running = said('running');
  await said('ready');
  return {
    pid: child.pid as number,
    running: () => running,
    finish: () => child.connected && child.send('finish'),
    kill: (signal) => child.kill(signal),
  };
}

const [, script, url, node, stateDir] = process.argv;
if (script === fileURLToPath(import.meta.url) && url && node && stateDir) await main(url, node, stateDir);
