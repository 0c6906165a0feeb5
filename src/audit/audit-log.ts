import { fstatSync } from 'node:fs';
import { type FileHandle, mkdir, open, rename } from 'node:fs/promises';
import { ProvChainError } from '../errors.js';
import type { Log } from '../logging/index.js';
import { syncFolder } from '../sync-folder.js';
import { type ChainPoint, encodeEntry, LONGEST_LINE, START } from './entry.js';
import { type AuditEvent, sanitizeEvent } from './event.js';
import { HeadFile, type LogPaths, logPaths, rotatedFiles } from './files.js';
import { findLogEnd, type LogEnd } from './tail.js';

export interface AuditLogOptions {
  /** `security.audit.audit_log_file`; its folder is made when it is missing. */
  readonly file: string;
  /** A file that has reached this size is closed, and another one begun; it may be longer by one group of lines. */
  readonly maxBytes: number;
  readonly log: Log;
  readonly now: () => Date;
}

export interface AuditLog {
  /**
   * Resolves when the line is durable: after this no crash loses it. Lines that wait at the same time share one sync.
   * Errors: STORE_UNAVAILABLE when it could not be written (what it is about should then not be done), OVERLOADED,
   * SHUTTING_DOWN after {@link AuditLog.close}.
   */
  record(event: AuditEvent): Promise<void>;
  /** Number and hash of the last durable line: kept elsewhere, it shows later that the whole log was rewritten. */
  head(): ChainPoint;
  /** Writes what waits. */
  close(): Promise<void>;
}

interface Waiting {
  readonly event: Record<string, unknown>;
  readonly time: string;
  resolve(): void;
  reject(error: ProvChainError): void;
}

const MOST_WAITING = 10_000;
const GROUP_LINES = 512;

/** Opens or makes a log. Errors: STORE_UNAVAILABLE when it cannot be read or written. */
export async function openAudit(options: AuditLogOptions): Promise<AuditLog> {
  const log = new ChainedLog(options);
  try {
    await log.open();
  } catch (cause) {
    throw unavailable(options.file, cause);
  }
  return log;
}

/**
 * A log of hash-chained lines. States: *open* (a handle, the size it must have, and the point the next line builds
 * on); *in doubt* after a failed write, when nobody knows how much of it is in the file: the next group opens the file
 * again first, as after a crash; *closed*.
 *
 * One process writes a log. If the file has another size than this one left it with, somebody else writes to it too,
 * and nothing is added that would fork the chain.
 */
class ChainedLog implements AuditLog {
  readonly #options: AuditLogOptions;
  readonly #paths: LogPaths;
  readonly #waiting: Waiting[] = [];
  #file: FileHandle | undefined;
  #head: HeadFile | undefined;
  #size = 0;
  #point: ChainPoint = START;
  #writing: Promise<void> | undefined;
  #closed = false;

  constructor(options: AuditLogOptions) {
    this.#options = options;
    this.#paths = logPaths(options.file);
  }

  record(event: AuditEvent): Promise<void> {
    if (this.#closed) return Promise.reject(new ProvChainError('SHUTTING_DOWN', 'the audit log is closed'));
    if (this.#waiting.length >= MOST_WAITING) {
      return Promise.reject(new ProvChainError('OVERLOADED', 'too many audit lines wait to be written'));
    }
    const time = this.#options.now().toISOString();
    return new Promise((resolve, reject) => {
      this.#waiting.push({ event: sanitizeEvent(event), time, resolve, reject });
      this.#writing ??= this.#drain();
    });
  }

  head(): ChainPoint {
    return this.#point;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#writing;
    this.#head?.sync();
    await this.#release();
  }

  /** Finds the end of the log, cuts off what is no line, and says in the log itself what was wrong with it. */
  async open(): Promise<void> {
    await this.#release();
    await mkdir(this.#paths.folder, { recursive: true, mode: 0o750 });
    const end = await findLogEnd(this.#paths);
    this.#head = new HeadFile(this.#paths);
    // Before the first line, so that a log without a head file is always one whose head was taken away.
    if (end.fresh) {
      this.#head.write(START);
      this.#head.sync();
    }
    const file = await open(this.#paths.active, 'a', 0o640);
    if (end.keepBytes !== undefined) await file.truncate(end.keepBytes);
    if (end.lacksLineEnd) await file.write('\n');
    await file.datasync();
    await syncFolder(this.#paths.folder);
    this.#file = file;
    this.#size = (await file.stat()).size;
    this.#point = end.point;
    const incident = incidentOf(end);
    if (!incident) return;
    const { file: name, log, now } = this.#options;
    log[end.damage === undefined ? 'warn' : 'error']('audit log was not closed properly', {
      file: name,
      ...incident.details,
    });
    await this.#append([encodable(incident, now())]);
  }

  async #drain(): Promise<void> {
    // One turn of the event loop, so that what happens together is written together.
    await new Promise(setImmediate);
    while (this.#waiting.length > 0) {
      const group = this.#waiting.splice(0, GROUP_LINES);
      try {
        if (!this.#file) await this.open();
        await this.#rotateIfFull();
        await this.#append(group);
        for (const { resolve } of group) resolve();
      } catch (cause) {
        const error = unavailable(this.#options.file, cause);
        this.#options.log.error('audit log not written', { file: this.#options.file, error: error.message });
        await this.#release();
        for (const { reject } of group) reject(error);
      }
    }
    this.#writing = undefined;
  }

  async #append(group: readonly { event: Record<string, unknown>; time: string }[]): Promise<void> {
    const file = this.#file;
    const head = this.#head;
    if (!file || !head) throw new Error('the file is not open');
    let point = this.#point;
    const lines = group.map(({ event, time }) => {
      const encoded = encodeBounded(event, point, time);
      point = encoded.point;
      return `${encoded.line}\n`;
    });
    if (fstatSync(file.fd).size !== this.#size) throw new Error('another process writes to the same file');
    const bytes = Buffer.from(lines.join(''));
    await writeWhole(file, bytes);
    await file.datasync();
    head.write(point);
    this.#size += bytes.length;
    this.#point = point;
  }

  async #release(): Promise<void> {
    const [file, head] = [this.#file, this.#head];
    this.#file = undefined;
    this.#head = undefined;
    // What cannot be closed was not written either, and that has been said.
    await file?.close().catch(() => {});
    head?.close();
  }

  async #rotateIfFull(): Promise<void> {
    if (!this.#file || this.#size < this.#options.maxBytes) return;
    const firstSeq = await this.#firstSeqOfActive();
    await this.#file.close();
    this.#file = undefined;
    await rename(this.#paths.active, this.#paths.rotated(firstSeq));
    this.#file = await open(this.#paths.active, 'ax', 0o640);
    await syncFolder(this.#paths.folder);
    this.#size = 0;
    const { log, file } = this.#options;
    // Where the application's log is shipped to another machine, so is this point of the chain.
    log.info('audit log rotated', { file, seq: this.#point.seq, hash: this.#point.hash });
  }

  async #firstSeqOfActive(): Promise<number> {
    const file = await open(this.#paths.active, 'r');
    try {
      for await (const line of file.readLines({ autoClose: false })) {
        const { seq } = JSON.parse(line) as { seq: number };
        return seq;
      }
    } catch {
      // A damaged first line has no number; the name only has to sort behind the others.
    } finally {
      await file.close();
    }
    return ((await rotatedFiles(this.#paths)).at(-1)?.firstSeq ?? 0) + 1;
  }
}

/** The line that an opened log begins with when its end was not what it should be. */
function incidentOf({ torn, damage, lacksLineEnd }: LogEnd): AuditEvent | undefined {
  if (!torn && damage === undefined && !lacksLineEnd) return undefined;
  const details = {
    ...(torn ? { cutBytes: torn.bytes, cutSha256: torn.sha256, cutText: torn.text } : {}),
    ...(damage === undefined ? { completedLine: lacksLineEnd } : { damage }),
  };
  return damage === undefined
    ? { action: 'audit.recovered', outcome: 'ok', details }
    : { action: 'audit.damaged', outcome: 'failed', details };
}

async function writeWhole(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += (await file.write(bytes, at)).bytesWritten;
}

function encodable(event: AuditEvent, at: Date): { event: Record<string, unknown>; time: string } {
  return { event: sanitizeEvent(event), time: at.toISOString() };
}

function encodeBounded(event: Record<string, unknown>, before: ChainPoint, time: string) {
  const encoded = encodeEntry(event, before, time);
  if (encoded.line.length <= LONGEST_LINE / 4) return encoded;
  return encodeEntry({ ...event, details: { dropped: 'too long' } }, before, time);
}

function unavailable(file: string, cause: unknown): ProvChainError {
  const message = `the audit log cannot be written: ${(cause as Error).message}`;
  return new ProvChainError('STORE_UNAVAILABLE', message, { cause, place: { source: file } });
}
