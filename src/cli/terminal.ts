import { createColors } from 'picocolors';
import { EXIT, type PlainError } from '../errors.js';

type Colors = ReturnType<typeof createColors>;

/**
 * Where a command writes. Data goes to stdout, everything meant for a person to follow along goes to stderr, so
 * that stdout can be piped. With `json`, stdout carries exactly one JSON document and nothing else.
 */
export interface Terminal {
  readonly json: boolean;
  /** Colours for stdout and for stderr; each knows whether its stream takes them. */
  readonly out: Colors;
  readonly err: Colors;
  /** Columns of stdout, or undefined when it is no terminal: then nothing is shortened. */
  readonly columns: number | undefined;
  /** Text for a person, on stdout; nothing with `json`. A line end is added. */
  print(text: string): void;
  /** Bytes that are the result themselves (a document, a script), on stdout. */
  write(data: string | Uint8Array): void;
  /** The one JSON document, on stdout; nothing without `json`. */
  document(value: unknown): void;
  /** What is going on, on stderr. */
  note(text: string): void;
}

const CLEAR_LINE = '\r\u001b[K';

export function createTerminal(options: { json?: boolean } = {}): Terminal {
  const json = options.json ?? false;
  return {
    json,
    out: createColors(takesColor(process.stdout)),
    err: createColors(takesColor(process.stderr)),
    columns: process.stdout.isTTY ? process.stdout.columns : undefined,
    print: (text) => {
      if (!json) process.stdout.write(`${text}\n`);
    },
    write: (data) => {
      process.stdout.write(data);
    },
    document: (value) => {
      if (json) process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
    },
    note: (text) => {
      // A progress bar may stand on the line; it is drawn again below.
      process.stderr.write(`${process.stderr.isTTY ? CLEAR_LINE : ''}${text}\n`);
    },
  };
}

/** NO_COLOR (any value) wins over FORCE_COLOR, which wins over what the stream is; see no-color.org. */
function takesColor(stream: NodeJS.WriteStream): boolean {
  if (process.env.NO_COLOR) return false;
  if (process.env.FORCE_COLOR) return process.env.FORCE_COLOR !== '0';
  return stream.isTTY === true && process.env.TERM !== 'dumb';
}

/** A reader that went away (`provchain … | head`) is no failure: what is left to say is dropped. */
export function tolerateClosedPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') process.exitCode = EXIT.internal;
    });
  }
}

/**
 * Text that is safe to show: control characters and characters that change the direction of writing become
 * `\u{…}`. Whoever wrote a block chose its text, and an escape sequence in it could repaint what the program says.
 */
export function printable(text: string): string {
  return text.replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this is about.
    /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}

/** `file:line:column`, `file`, `block N` or nothing. */
export function formatPlace(place: PlainError['place']): string {
  if (!place) return '';
  const position = [place.source, place.line, place.line === undefined ? undefined : place.column];
  const inFile = position.filter((part) => part !== undefined).join(':');
  if (inFile !== '')
    return place.line === undefined && place.offset ? `${inFile}, byte ${place.offset}` : inFile;
  if (place.block !== undefined) return `block ${place.block}`;
  return place.offset === undefined ? '' : `byte ${place.offset}`;
}
