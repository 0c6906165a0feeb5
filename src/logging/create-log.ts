import winston from 'winston';
import { jsonLine, type Line, textLine } from './line.js';
import type { Log, LogFields } from './log.js';
import { Plainer } from './plain.js';
import { type LogFileOptions, RotatingFile } from './rotating-file.js';

/** The predecessor's levels, least first. Nothing is written at `trace`: it shows what `debug` does. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export const LOG_FORMATS = ['json', 'text'] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

export interface LogOptions {
  /** What is less important is not written. */
  readonly level: LogLevel;
  readonly format: LogFormat;
  /** Where lines go beside the file. Default: stderr. */
  readonly output?: NodeJS.WritableStream | 'stdout' | 'stderr' | 'none';
  /** Default: none. */
  readonly file?: LogFileOptions;
  /** Fields of every line, for instance the node's id. */
  readonly fields?: LogFields;
  /** Secrets of this process: taken out wherever they stand. Shorter than 8 characters they are ignored. */
  readonly secrets?: readonly string[];
  readonly now?: () => Date;
}

/** A log that holds a file open. Nothing is written after `close`. */
export interface ClosableLog extends Log {
  close(): Promise<void>;
}

/** More important levels have lower numbers in winston. */
const PRIORITIES = { error: 0, warn: 1, info: 2, debug: 3, trace: 4 } as const;

const SHORTEST_SECRET = 8;

/**
 * The log of a process: one line each, JSON or text, with secrets taken out (by the name of a field and by how a text
 * looks) and with everything escaped that could make one line look like two.
 *
 * @throws CONFIG_INVALID when the folder of the file cannot be written
 */
export function createLog(options: LogOptions): ClosableLog {
  const { level, format, now = () => new Date() } = options;
  const toText = format === 'json' ? jsonLine : textLine;
  const logger = winston.createLogger({
    levels: PRIORITIES,
    level,
    format: winston.format.printf((info) => toText(info.line as Line)),
    transports: consoleTransports(options.output ?? 'stderr'),
    exitOnError: false,
  });
  // Winston reports what a transport could not do as an error of the logger, which would end the process unheard.
  logger.on('error', () => {});
  const plainer = new Plainer((options.secrets ?? []).filter((secret) => secret.length >= SHORTEST_SECRET));
  const common = plainer.fields(options.fields ?? {});
  let closed = false;

  const write = (lineLevel: keyof Log, message: string, fields?: LogFields): void => {
    if (closed || PRIORITIES[lineLevel] > PRIORITIES[level]) return;
    const line: Line = {
      timestamp: now().toISOString(),
      level: lineLevel,
      message: plainer.text(message),
      fields: fields ? { ...common, ...plainer.fields(fields) } : common,
    };
    logger.log({ level: lineLevel, message: '', line });
  };
  const log: Log = {
    debug: (message, fields) => write('debug', message, fields),
    info: (message, fields) => write('info', message, fields),
    warn: (message, fields) => write('warn', message, fields),
    error: (message, fields) => write('error', message, fields),
  };
  const file =
    options.file &&
    new RotatingFile(options.file, logger, (error) =>
      log.error('the log file cannot be written; lines go without it until it can', {
        file: options.file?.path,
        error,
      }),
    );
  return {
    ...log,
    async close() {
      if (closed) return;
      closed = true;
      await file?.close();
      logger.close();
    },
  };
}

function consoleTransports(output: NonNullable<LogOptions['output']>): winston.transport[] {
  // Without any transport winston complains on stderr at every line.
  if (output === 'none') return [new winston.transports.Console({ silent: true })];
  const stream = typeof output === 'string' ? process[output] : output;
  return [new winston.transports.Stream({ stream, eol: '\n' })];
}
