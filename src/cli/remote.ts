import type { Command } from 'commander';
import type { Client } from '../client/index.js';
import { ProvChainError } from '../errors.js';
import { readInput } from './documents.js';
import { parseSeconds } from './options.js';
import { printable, type Terminal } from './terminal.js';

/** What every command about another node takes. */
export interface RemoteFlags {
  readonly server?: string;
  readonly tokenFile?: string;
  /** Milliseconds. */
  readonly timeout?: number;
  readonly json?: boolean;
}

const DEFAULT_SERVER = 'http://127.0.0.1:8080';
const TOKEN_LIMIT_BYTES = 16 << 10;

export function addRemoteOptions(command: Command): Command {
  return command
    .option(
      '-s, --server <url>',
      `the node, or the load balancer before several (default: $PROVCHAIN_SERVER, or ${DEFAULT_SERVER})`,
    )
    .option('--token-file <file>', 'file with the access token (default: the token in $PROVCHAIN_TOKEN)')
    .option('--timeout <seconds>', 'for one answer (default: 30)', parseSeconds);
}

/** Errors: USAGE for a URL or token that is none; FILE_UNREADABLE. */
export async function connect(
  terminal: Terminal,
  flags: RemoteFlags,
): Promise<{ client: Client; url: string }> {
  const url = flags.server ?? (process.env.PROVCHAIN_SERVER || DEFAULT_SERVER);
  const token = await readToken(flags.tokenFile);
  const { createClient } = await import('../client/index.js');
  const client = createClient({
    url,
    token,
    ...(flags.timeout === undefined ? {} : { timeoutMs: flags.timeout }),
  });
  if (token !== undefined && sendsInTheClear(url)) {
    terminal.note(
      `The token goes to ${printable(url)} unencrypted; use https:// outside of a trusted network.`,
    );
  }
  return { client, url };
}

async function readToken(file: string | undefined): Promise<string | undefined> {
  const text =
    file === undefined
      ? process.env.PROVCHAIN_TOKEN
      : Buffer.from(await readInput(file, TOKEN_LIMIT_BYTES)).toString('utf8');
  const token = text?.trim();
  if (token === undefined || (token === '' && file === undefined)) return undefined;
  // It becomes part of a header line, and a mistaken file must not be sent to the server.
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  const source = file ?? 'PROVCHAIN_TOKEN';
  throw new ProvChainError('USAGE', 'it does not hold one token', { place: { source } });
}

function sendsInTheClear(text: string): boolean {
  const { protocol, hostname } = new URL(text);
  return protocol === 'http:' && !/^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(hostname);
}
