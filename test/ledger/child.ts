import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface Told {
  readonly index?: number;
  readonly hash?: string;
  readonly opened?: number;
  readonly closed?: boolean;
  readonly failed?: { code: string; message: string };
}

const SCRIPT = fileURLToPath(new URL('./append-child.js', import.meta.url));

/** A running `append-child`. `shell` goes in front of it, for limits: it runs in the same process. */
export class AppendChild {
  readonly process: ChildProcess;
  readonly told: Told[] = [];
  readonly exited: Promise<number | null>;
  #waiting: (() => void)[] = [];

  constructor(task: string, dir: string, argument: string | number = '', shell = '') {
    const command = [process.execPath, SCRIPT, task, dir, String(argument)];
    const [file, args] = shell
      ? ['/bin/sh', ['-c', `${shell}; exec "$@"`, 'sh', ...command]]
      : [command[0]!, command.slice(1)];
    this.process = spawn(file, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    createInterface({ input: this.process.stdout! }).on('line', (line) => {
      // A killed process may leave half a line.
      if (line.endsWith('}')) this.told.push(JSON.parse(line));
      for (const wake of this.#waiting.splice(0)) wake();
    });
    this.exited = new Promise((resolve) => {
      this.process.on('close', (code) => {
        for (const wake of this.#waiting.splice(0)) wake();
        resolve(code);
      });
    });
  }

  /** Resolves when the child has told `count` things, or has ended. */
  async hasTold(count: number): Promise<void> {
    while (this.told.length < count && this.process.exitCode === null && this.process.signalCode === null) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }
}
