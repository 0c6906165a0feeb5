import type { AuditEntry, ChainPoint } from './entry.js';
import { START } from './entry.js';
import type { AuditIncident, AuditProblem, AuditProblemKind, AuditVerdict } from './verdict.js';

const MOST_LISTED = 100;
const INCIDENTS = ['audit.recovered', 'audit.damaged'];

/** The line before. Its hash is unknown after a line that could not be read. */
interface Before {
  readonly seq: number;
  readonly hash: string | undefined;
}

/**
 * Follows the lines of a log, file after file. One changed line gives one problem, and the lines after it are checked
 * as far as they can be.
 */
export class LogChecker {
  readonly #head: { readonly point?: ChainPoint; readonly problem?: string; readonly path: string };
  readonly #options: { readonly archived?: boolean; readonly contains?: string };
  readonly #files: { source: string; lines: number }[] = [];
  readonly #problems: AuditProblem[] = [];
  readonly #incidents: AuditIncident[] = [];
  #problemCount = 0;
  #before: Before | undefined;
  #first: number | null = null;
  #last: ChainPoint | null = null;
  #foundKnown = false;
  #unfinishedBytes = 0;
  #line = 0;

  constructor(
    head: { point?: ChainPoint; problem?: string; path: string },
    options: { archived?: boolean; contains?: string },
  ) {
    this.#head = head;
    this.#options = options;
  }

  beginFile(source: string): void {
    if (this.#unfinishedBytes > 0) {
      this.#report('altered', `the file ends within a line (${this.#unfinishedBytes} bytes)`, this.#line + 1);
      this.#unfinishedBytes = 0;
    }
    this.#files.push({ source, lines: 0 });
    this.#line = 0;
  }

  line(entry: AuditEntry | { problem: string }): void {
    this.#line += 1;
    this.#file.lines += 1;
    if ('problem' in entry) {
      this.#report('altered', `the line was altered: ${entry.problem}`, this.#line);
      this.#before = { seq: (this.#before?.seq ?? 0) + 1, hash: undefined };
      return;
    }
    this.#checkPlace(entry);
    this.#first ??= entry.seq;
    this.#last = { seq: entry.seq, hash: entry.hash };
    this.#before = this.#last;
    if (entry.hash === this.#options.contains) this.#foundKnown = true;
    if (INCIDENTS.includes(entry.action)) {
      const { action, seq, time } = entry;
      this.#incidents.push({ action, seq, time, source: this.#file.source, line: this.#line });
    }
  }

  /** `unfinishedBytes` after the last line end of the file. */
  endFile(unfinishedBytes: number): void {
    this.#unfinishedBytes = unfinishedBytes;
  }

  finish(active: string): AuditVerdict {
    if (this.#files.at(-1)?.source !== active) this.#files.push({ source: active, lines: 0 });
    this.#checkEnd();
    if (this.#options.contains !== undefined && !this.#foundKnown) {
      this.#report(
        'unknown-hash',
        `no line has the hash ${this.#options.contains}: the log was written anew`,
      );
    }
    return {
      intact: this.#problemCount === 0,
      ...(this.#problemCount === 0 ? {} : { code: 'AUDIT_BROKEN' as const }),
      files: this.#files,
      lines: this.#files.reduce((sum, { lines }) => sum + lines, 0),
      firstSeq: this.#first,
      last: this.#last,
      head: this.#head.point ?? null,
      unfinishedBytes: this.#unfinishedBytes,
      incidents: this.#incidents.slice(0, MOST_LISTED),
      problemCount: this.#problemCount,
      problems: this.#problems,
    };
  }

  #checkPlace(entry: AuditEntry): void {
    const before = this.#before ?? (this.#options.archived ? this.#beginningAt(entry) : START);
    const { seq, prevHash, hash } = entry;
    if (seq > before.seq + 1) {
      const gap = seq === before.seq + 2 ? `line ${seq - 1} is` : `lines ${before.seq + 1} to ${seq - 1} are`;
      this.#report('removed', `${gap} missing before this one`, this.#line);
    } else if (seq <= before.seq) {
      this.#report('reordered', `number ${seq} comes after number ${before.seq}`, this.#line);
    } else if (before.hash !== undefined && prevHash !== before.hash) {
      this.#report(
        'replaced',
        'it does not follow the line before it: one of the two was replaced',
        this.#line,
      );
    }
    const { point } = this.#head;
    if (point && point.seq === seq && point.hash !== hash) {
      this.#report('replaced', 'it is not the line that the head file names', this.#line);
    }
  }

  #beginningAt({ seq, prevHash }: AuditEntry): Before {
    return { seq: seq - 1, hash: prevHash };
  }

  #checkEnd(): void {
    const { point, problem, path } = this.#head;
    if (!point) {
      this.#report('head', `${problem}, so nobody can tell whether the end was cut off`, undefined, path);
      return;
    }
    const reached = this.#before?.seq ?? 0;
    if (reached < point.seq) {
      const message = `the end was cut off: lines ${reached + 1} to ${point.seq} are missing`;
      this.#report('truncated', message, this.#line + 1);
    }
  }

  get #file(): { source: string; lines: number } {
    const file = this.#files.at(-1);
    if (!file) throw new Error('no file has begun');
    return file;
  }

  #report(kind: AuditProblemKind, message: string, line?: number, source = this.#file.source): void {
    this.#problemCount += 1;
    if (this.#problems.length < MOST_LISTED) {
      this.#problems.push({ kind, message, source, ...(line === undefined ? {} : { line }) });
    }
  }
}
