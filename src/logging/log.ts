/** Fields of a line beside its message: plain data. Ids that a reader filters by are `requestId` and `jobId`. */
export type LogFields = Readonly<Record<string, unknown>>;

/**
 * What every part of the program writes its log to. A line has a message that is always the same for the same event
 * (no values in it) and fields for what differs. Writing never throws and never waits.
 */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

const nothing = (): void => {};

/** Writes nowhere: for tests, and for callers who do not care. */
export const silentLog: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing };

/** A log whose every line carries these fields too, for instance the id of a request; a line's own fields win. */
export function withFields(log: Log, fields: LogFields): Log {
  return {
    debug: (message, more) => log.debug(message, { ...fields, ...more }),
    info: (message, more) => log.info(message, { ...fields, ...more }),
    warn: (message, more) => log.warn(message, { ...fields, ...more }),
    error: (message, more) => log.error(message, { ...fields, ...more }),
  };
}
