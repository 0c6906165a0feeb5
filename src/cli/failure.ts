import { CommanderError } from 'commander';
import { type ErrorCode, EXIT, ProvChainError } from '../errors.js';
import { STOPPED } from './interrupt.js';
import { createTerminal, formatPlace, printable } from './terminal.js';

/** What a user should do next, by error code. Shown as the second line of every error. */
export const HINTS: Readonly<Record<ErrorCode, string>> = {
  USAGE: '"provchain COMMAND --help" lists the options, with examples.',
  RDF_SYNTAX: 'Correct the document at that place.',
  RDF_ENCODING: 'Save the document as UTF-8.',
  RDF_FORMAT_UNKNOWN: 'Name it: --format nquads, ntriples, turtle, trig or jsonld.',
  RDF_REMOTE_CONTEXT: 'Put the context into the document itself.',
  CANONICAL_LIMIT:
    'Too many blank nodes of this graph look alike. Give some of them IRIs, or split the document.',
  BLOCK_TOO_LARGE: 'Split the document into several files, one for each block.',
  BLOCK_EMPTY: 'A block holds at least one quad. Check that this is the file you meant.',
  LEGACY_FORMAT: 'Only N-Quads dumps written by provchain-org can be imported.',
  NOT_A_CHAIN: 'Check the path. "provchain init DIR" makes a new chain directory.',
  CHAIN_EXISTS: 'Choose another directory; an existing chain is never overwritten.',
  FILE_UNREADABLE: 'Check the path and its permissions.',
  NO_PRODUCER_KEY: 'Append where the key is: keys/ in the chain directory of the producer.',
  OUT_OF_RANGE: 'Blocks are numbered from 0, and the end of a range is exclusive.',
  CHAIN_DAMAGED: 'Run "provchain validate DIR --level Full" to see what is wrong.',
  LOCKED: 'Wait until the other process is done, or stop it. Validating works beside it.',
  STORE_CORRUPT:
    'Keep a copy of the directory, check the disk, and run "provchain validate DIR --level Full".',
  STORE_UNAVAILABLE: 'Run "provchain doctor DIR", mend what it names, and try again.',
  WRITE_LATCHED: 'Mend the cause (a full disk, most often) and run the command again.',
  CONFIG_INVALID: 'docs/settings.md lists every setting with its allowed values.',
  REQUEST_INVALID: 'The server names the field; /docs on the server shows the schema.',
  JSON_INVALID: 'Send one JSON document, each key once.',
  UNAUTHENTICATED: 'Log in (POST /api/auth/login) and give the token: PROVCHAIN_TOKEN or --token-file.',
  LOGIN_FAILED: 'Check name and password; too many failures lock the account for a while.',
  LOCKED_OUT: 'Wait for the time the answer names, or let an administrator look into the audit log.',
  FORBIDDEN: 'Ask an administrator for a role that may do this.',
  NOT_FOUND: 'Check the path or the id.',
  METHOD_NOT_ALLOWED: 'The Allow header of the answer lists the methods.',
  NOT_ACCEPTABLE: 'Ask for one of the content types that the answer lists.',
  REQUEST_TIMEOUT: 'Send it again; for long jobs use ?wait= or the events of the job.',
  HEAD_MOVED: 'Read the head again and decide whether the block is still wanted.',
  REVISION_CONFLICT: 'Read it again, and change what is there now.',
  JOB_NOT_FINISHED: 'Wait for the end of the job, or watch its events.',
  JOB_WITHOUT_REPORT: 'The job itself says why it ended; submit it again.',
  USER_EXISTS: 'Choose another name, or remove that user first.',
  PASSWORD_REFUSED:
    'Several words that have nothing to do with each other are easy to keep and hard to guess.',
  REQUEST_TOO_LARGE: 'Split it, or raise network.api.max_request_size_mb.',
  UNSUPPORTED_MEDIA_TYPE: 'Send one of the content types that the answer lists.',
  IDEMPOTENCY_MISMATCH: 'Use a new Idempotency-Key for a new request.',
  FROZEN: 'Wait for the end of the maintenance, or let an administrator unfreeze the chain.',
  RATE_LIMITED: 'Send fewer requests; Retry-After says when the next one is taken.',
  OVERLOADED: 'Try again after the time in Retry-After, or add workers.',
  QUEUE_UNAVAILABLE: 'Check Redis and redis.url; the node takes jobs again as soon as it answers.',
  NOT_WRITER: 'Send blocks to the writer; the answer names its URL.',
  SHUTTING_DOWN: 'Send it to another node, or again when this one is back.',
  SERVER_UNREACHABLE: 'Check --server and that the node is running.',
  PROOF_INVALID: 'Do not rely on it. Ask for a new proof, from another replica if there is one.',
  AUDIT_BROKEN: 'Keep a copy of the log, and look for who could write to it.',
  INTERNAL: 'This is a defect. Run it again with PROVCHAIN_DEBUG=1 and report what it prints.',
};

/** Whether `--json` was asked for, known before (and even if never) the command line could be parsed. */
function wantsJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return (end === -1 ? argv : argv.slice(0, end)).includes('--json');
}

/**
 * Says on stderr what went wrong and gives the exit code. Two lines for a person (code, place and message; what to
 * do next), or with `--json` one JSON object `{"error":{"code","message","place"?,"hint"}}`; stdout stays empty. A
 * stack trace only with PROVCHAIN_DEBUG=1.
 */
export function reportFailure(thrown: unknown, argv: readonly string[]): number {
  if (thrown instanceof CommanderError && thrown.exitCode === 0) return EXIT.healthy;
  // A group of commands without one of them: its help is on stderr already.
  if (thrown instanceof CommanderError && thrown.code === 'commander.help') return EXIT.usage;
  const error = asProvChainError(thrown);
  const hint = hintFor(error);
  const terminal = createTerminal();
  if (wantsJson(argv)) {
    const { code, message, place } = error.toPlain();
    terminal.note(JSON.stringify({ error: { code, message, place, hint } }));
  } else {
    const { bold, red, dim } = terminal.err;
    const place = formatPlace(error.place);
    const where = place === '' ? '' : `${bold(printable(place))}: `;
    terminal.note(`${red(`error ${error.code}:`)} ${where}${printable(error.message)}`);
    terminal.note(dim(`hint: ${hint}`));
  }
  if (process.env.PROVCHAIN_DEBUG === '1') terminal.note(debugText(thrown));
  return error.exitCode;
}

function asProvChainError(thrown: unknown): ProvChainError {
  if (thrown instanceof CommanderError) {
    const text = thrown.message.replace(/^error: /, '').replaceAll('\n', ' ');
    return new ProvChainError('USAGE', text, { cause: thrown });
  }
  if (isMissingLibrary(thrown)) {
    return new ProvChainError(
      'STORE_UNAVAILABLE',
      `RocksDB could not be loaded: ${firstLine(thrown.message)}`,
      {
        cause: thrown,
      },
    );
  }
  return ProvChainError.from(thrown);
}

function hintFor(error: ProvChainError): string {
  if (error.cause === STOPPED) return 'Run it again when it suits.';
  if (isMissingLibrary(error.cause))
    return 'On Debian: apt-get install libatomic1. "provchain doctor" says more.';
  return HINTS[error.code];
}

/** A native module that does not load, because a system library is missing or it was built for another machine. */
function isMissingLibrary(thrown: unknown): thrown is Error {
  if (!(thrown instanceof Error)) return false;
  const { code } = thrown as NodeJS.ErrnoException;
  return (
    code === 'ERR_DLOPEN_FAILED' ||
    code === 'ADDON_NOT_FOUND' ||
    /libatomic|cannot open shared/.test(thrown.message)
  );
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}

function debugText(thrown: unknown): string {
  const lines: string[] = [];
  for (let error = thrown; error instanceof Error; error = error.cause)
    lines.push(error.stack ?? error.message);
  return lines.join('\ncaused by ');
}
