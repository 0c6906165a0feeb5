import { hash } from 'node:crypto';
import { canonicalJson, ZERO_HASH } from '../chain/index.js';

/** What every line has beside the event. */
export interface AuditEntry {
  /** From 1, without gaps, over all files of a log. */
  readonly seq: number;
  /** RFC 3339 UTC with milliseconds. */
  readonly time: string;
  /** `hash` of the line before; 64 zeros in the first. */
  readonly prevHash: string;
  /** SHA-256 of the RFC 8785 text of the line without `hash`, in hex. */
  readonly hash: string;
  readonly action: string;
  readonly outcome: string;
}

/** What the next line builds on. */
export interface ChainPoint {
  readonly seq: number;
  readonly hash: string;
}

/** Before the first line. */
export const START: ChainPoint = { seq: 0, hash: ZERO_HASH };

/** Longer lines are no lines of this log: each text and their number are bounded when it is written. */
export const LONGEST_LINE = 128 * 1024;

/** The text of a line, without its line end, and the point it makes. */
export function encodeEntry(
  event: Record<string, unknown>,
  before: ChainPoint,
  time: string,
): { line: string; point: ChainPoint } {
  const body: Record<string, unknown> = { ...event, seq: before.seq + 1, time, prevHash: before.hash };
  // Both texts have the same members in the same order (RFC 8785 §3.2.3), so each is written once.
  const names = Object.keys(body).sort();
  const members = names.map((name) => `"${name}":${canonicalJson(body[name])}`);
  const digest = hash('sha256', `{${members.join(',')}}`);
  members.splice(names.filter((name) => name < 'hash').length, 0, `"hash":"${digest}"`);
  return { line: `{${members.join(',')}}`, point: { seq: before.seq + 1, hash: digest } };
}

/**
 * What a line says, or why it is none of ours. The line is untrusted: whoever can write to the file chose its bytes.
 * It has to be the RFC 8785 text of what it says, so no byte of it can differ unnoticed.
 */
export function decodeEntry(line: Uint8Array): AuditEntry | { problem: string } {
  let entry: Partial<AuditEntry>;
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(line);
    entry = JSON.parse(text) as Partial<AuditEntry>;
    if (entry === null || typeof entry !== 'object' || canonicalJson(entry) !== text) {
      return { problem: 'it is not in canonical form' };
    }
  } catch {
    return { problem: 'it is no JSON' };
  }
  const { hash: digest, ...body } = entry;
  const { seq, time, prevHash, action, outcome } = body;
  const shaped =
    Number.isSafeInteger(seq) &&
    Number(seq) >= 1 &&
    [time, action, outcome].every((field) => typeof field === 'string') &&
    isHash(prevHash) &&
    isHash(digest);
  if (!shaped) return { problem: 'a field is missing or of the wrong kind' };
  if (hash('sha256', canonicalJson(body)) !== digest) return { problem: 'its hash is another' };
  return entry as AuditEntry;
}

function isHash(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
}
