import { StringDecoder } from 'node:string_decoder';
import { ProvChainError } from '../errors.js';
import { readInput } from './documents.js';
import { stoppedEarly } from './interrupt.js';

const LONGEST_BYTES = 4096;

/**
 * A new password: typed twice on a terminal, without echo, or the one line on standard input. Never an argument: those
 * are seen by every user of the machine and stay in the shell's history.
 * Errors: PASSWORD_REFUSED when the two differ, or there is not exactly one line; STORE_UNAVAILABLE after Ctrl-C.
 */
export async function readNewPassword(): Promise<string> {
  if (!process.stdin.isTTY) return oneLine(await readInput('-', LONGEST_BYTES));
  const keys = new HiddenInput(process.stdin);
  try {
    const password = await keys.ask('Password: ');
    const again = await keys.ask('The same again: ');
    if (password !== again) throw new ProvChainError('PASSWORD_REFUSED', 'the two passwords differ');
    return password;
  } finally {
    keys.close();
  }
}

function oneLine(bytes: Uint8Array): string {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new ProvChainError('PASSWORD_REFUSED', 'the password is not UTF-8', { cause });
  }
  const line = text.replace(/\r?\n$/, '');
  if (line === '') throw new ProvChainError('PASSWORD_REFUSED', 'there is no password on standard input');
  if (/[\r\n]/.test(line)) {
    throw new ProvChainError('PASSWORD_REFUSED', 'there is more than one line on standard input');
  }
  return line;
}

/** Keys of a terminal in raw mode. What was typed ahead is kept for the next question. */
class HiddenInput {
  readonly #stream: NodeJS.ReadStream;
  readonly #decoder = new StringDecoder('utf8');
  #typed: string[] = [];
  #wake: (() => void) | undefined;
  #ended = false;

  constructor(stream: NodeJS.ReadStream) {
    this.#stream = stream;
    stream.setRawMode(true);
    stream.on('data', this.#onData);
    stream.once('end', this.#onEnd);
    stream.resume();
  }

  async ask(question: string): Promise<string> {
    process.stderr.write(question);
    try {
      return await this.#readLine();
    } finally {
      process.stderr.write('\n');
    }
  }

  close(): void {
    this.#stream.off('data', this.#onData);
    this.#stream.off('end', this.#onEnd);
    this.#stream.setRawMode(false);
    this.#stream.pause();
  }

  async #readLine(): Promise<string> {
    const line: string[] = [];
    for (;;) {
      const key = await this.#nextKey();
      if (key === undefined || key === '\r' || key === '\n') return line.join('');
      if (key === '\u0003') throw stoppedEarly('asking for the password');
      if (key === '\u0004' && line.length === 0) return '';
      if (key === '\u007f' || key === '\b') line.pop();
      else if (key === '\u0015') line.length = 0;
      else if (key >= ' ') line.push(key);
    }
  }

  /** Undefined at the end of the input. */
  async #nextKey(): Promise<string | undefined> {
    while (this.#typed.length === 0 && !this.#ended) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#typed.shift();
  }

  readonly #onData = (bytes: Buffer): void => {
    this.#typed.push(...this.#decoder.write(bytes));
    this.#wake?.();
  };

  readonly #onEnd = (): void => {
    this.#ended = true;
    this.#wake?.();
  };
}
