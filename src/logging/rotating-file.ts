import { accessSync, constants, mkdirSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import type { Logger } from 'winston';
import DailyRotateFile from 'winston-daily-rotate-file';
import { ProvChainError } from '../errors.js';

export interface LogFileOptions {
  /** `<name>.log` becomes a link to the newest of `<name>-<UTC date>[.<n>].log`. */
  readonly path: string;
  /** A file is closed at the first line beyond it. */
  readonly maxSizeMb: number;
  /** Older files are deleted. */
  readonly maxFiles: number;
}

const REOPEN_AFTER_MS = 5_000;
const CLOSE_WITHIN_MS = 2_000;

/**
 * The file output of a logger: a new file each UTC day and each `maxSizeMb`. States:
 *
 *   writing → broken    a write failed (disk full, folder gone): the logger goes on without the file
 *   broken  → writing   5 s later, and again every 5 s, until it works
 *   *       → closed
 *
 * The stream below emits its errors with nobody listening, which would end the process: a full log disk must not.
 */
export class RotatingFile {
  readonly #options: LogFileOptions;
  readonly #logger: Logger;
  readonly #onFailure: (error: Error) => void;
  #transport: DailyRotateFile | undefined;
  #reopening: NodeJS.Timeout | undefined;

  /** @throws CONFIG_INVALID when the folder cannot be made or written: better told at the start than never. */
  constructor(options: LogFileOptions, logger: Logger, onFailure: (error: Error) => void) {
    this.#options = options;
    this.#logger = logger;
    this.#onFailure = onFailure;
    try {
      const folder = dirname(options.path);
      mkdirSync(folder, { recursive: true, mode: 0o750 });
      accessSync(folder, constants.W_OK | constants.X_OK);
      this.#open();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new ProvChainError('CONFIG_INVALID', `the log file cannot be written: ${reason}`, {
        cause: error,
        place: { source: options.path },
      });
    }
  }

  /** Resolves when what was written is with the operating system, or could not be. */
  async close(): Promise<void> {
    clearTimeout(this.#reopening);
    const transport = this.#detach();
    if (!transport) return;
    await new Promise<void>((resolve) => {
      const giveUp = setTimeout(resolve, CLOSE_WITHIN_MS);
      transport.logStream.end(() => {
        clearTimeout(giveUp);
        resolve();
      });
    });
  }

  #open(): void {
    const { path, maxSizeMb, maxFiles } = this.#options;
    const extension = extname(path) || '.log';
    const name = basename(path, extname(path));
    const transport = new DailyRotateFile({
      dirname: dirname(path),
      filename: `${name}-%DATE%`,
      extension,
      datePattern: 'YYYY-MM-DD',
      utc: true,
      maxSize: `${Math.max(1, Math.round(maxSizeMb * 1024))}k`,
      maxFiles,
      createSymlink: true,
      symlinkName: `${name}${extension}`,
      // The rotation's own list of the files that it may delete; nothing else is ever deleted.
      auditFile: join(dirname(path), `.${name}-files.json`),
      options: { flags: 'a', mode: 0o640 },
      eol: '\n',
    });
    transport.logStream.on('error', (error: Error) => this.#fail(transport, error));
    this.#transport = transport;
    this.#logger.add(transport);
  }

  #fail(failed: DailyRotateFile, error: Error): void {
    if (this.#transport !== failed) return;
    this.#detach();
    this.#onFailure(error);
    this.#reopenLater();
  }

  #reopenLater(): void {
    this.#reopening = setTimeout(() => {
      try {
        this.#open();
      } catch {
        // It was reported when it broke.
        this.#reopenLater();
      }
    }, REOPEN_AFTER_MS);
    this.#reopening.unref();
  }

  #detach(): DailyRotateFile | undefined {
    const transport = this.#transport;
    this.#transport = undefined;
    if (transport) this.#logger.remove(transport);
    return transport;
  }
}
