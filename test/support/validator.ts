import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { RunSpec, Validator } from '../../src/pool/index.js';

/** So many shards and checks that there is time to do something to the process meanwhile. */
export const SLOW: RunSpec = { level: 'Full', batchSize: 1 };

/** Runs a job and does something once it is under way. */
export function duringJob(running: Validator, chain: string, act: () => void) {
  let acted = false;
  return running.run(chain, SLOW, {
    signal: new AbortController().signal,
    onProgress: ({ blocks }) => {
      if (blocks > 0 && !acted) act();
      acted ||= blocks > 0;
    },
  });
}

export function pidOf(running: Validator): number {
  const { pid } = running.stats();
  if (pid === undefined) throw new Error('the validator process is not running');
  return pid;
}

/** Targets of the open descriptors of a process. */
export function filesOf(pid: number): string[] {
  const folderOfLinks = `/proc/${pid}/fd`;
  return readdirSync(folderOfLinks).flatMap((fd) => {
    try {
      return [readlinkSync(join(folderOfLinks, fd))];
    } catch {
      return [];
    }
  });
}

/** CPU time of a process so far, in clock ticks of 10 ms. */
export function cpuTicksOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return Number(fields[11]) + Number(fields[12]);
}

export const isRunning = (pid: number) => {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.[0] !== 'Z';
  } catch {
    return false;
  }
};
