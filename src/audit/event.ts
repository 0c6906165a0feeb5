/** How something ended that the log is about. */
export const AUDIT_OUTCOMES = ['ok', 'refused', 'failed'] as const;
export type AuditOutcome = (typeof AUDIT_OUTCOMES)[number];

export type AuditValue = string | number | boolean | null;

/** What happened: who, what, from where, with what outcome. When is added by the log. */
export interface AuditEvent {
  /** What was done, as `area.verb`: `auth.login`, `config.update`, `block.append`. */
  readonly action: string;
  readonly outcome: AuditOutcome;
  /** User name; of a failed login, the one that was given. */
  readonly user?: string;
  readonly role?: string;
  /** Of the client. */
  readonly address?: string;
  readonly requestId?: string;
  /** What it was done to: a path, a job id, a user. */
  readonly target?: string;
  /** Error code, when it was refused or failed. */
  readonly code?: string;
  readonly details?: Readonly<Record<string, AuditValue>>;
}

const LONGEST_TEXT = 512;
const MOST_DETAILS = 24;

/** Names of fields whose values are never written, whatever they are. */
const SECRET_NAME = /pass|secret|token|authorization|cookie|credential|private|api[-_]?key|signature/i;
/** What looks like a token, a key or a password in a URL, wherever it stands. */
const SECRET_TEXT =
  /\beyJ[\w-]+\.[\w-]+\.[\w-]*|\b(?:bearer|basic)\s+[\w+/=.~-]{8,}|-----BEGIN [\s\S]*|(?<=:\/\/[^\s/@]{0,200}:)[^\s/@]+(?=@)/gi;
const REDACTED = '[redacted]';
/** Nearly every text is short printable ASCII without any part of a secret, and is left as it is. */
const PLAIN = /^[\x20-\x7e]{0,128}$/;
const SUSPECT = /eyJ|bearer|basic|-----|:\/\//i;

/**
 * The event as plain, bounded data that is safe to write. Users and clients choose many of the texts in it, so control
 * characters, characters that change the direction of writing, line separators and lone surrogates become visible
 * escapes: none can end a line, or repaint the terminal of who reads the log. Anything that looks like a secret is
 * replaced; that is a second line of defence, callers must not put secrets into events at all.
 */
export function sanitizeEvent(event: AuditEvent): Record<string, unknown> {
  const clean: Record<string, unknown> = {};
  for (const field of ['action', 'user', 'role', 'address', 'requestId', 'target', 'code'] as const) {
    const value = event[field];
    if (value !== undefined) clean[field] = sanitizeText(String(value));
  }
  clean.outcome = AUDIT_OUTCOMES.includes(event.outcome) ? event.outcome : 'failed';
  if (event.details) clean.details = sanitizeDetails(event.details);
  return clean;
}

function sanitizeDetails(details: Readonly<Record<string, AuditValue>>): Record<string, unknown> {
  const clean: Record<string, unknown> = Object.create(null);
  const entries = Object.entries(details).filter(([, value]) => value !== undefined);
  for (const [name, value] of entries.slice(0, MOST_DETAILS)) {
    const key = sanitizeText(name).slice(0, 64);
    clean[key] = SECRET_NAME.test(name) ? REDACTED : sanitizeValue(value);
  }
  if (entries.length > MOST_DETAILS) clean['…'] = entries.length - MOST_DETAILS;
  return clean;
}

function sanitizeValue(value: unknown): AuditValue {
  if (value === null || typeof value === 'boolean') return value;
  // RFC 8785 text of a fraction has pitfalls; the log needs no arithmetic.
  if (typeof value === 'number') return Number.isSafeInteger(value) ? value : String(value);
  return sanitizeText(typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value)));
}

function sanitizeText(text: string): string {
  if (PLAIN.test(text) && !SUSPECT.test(text)) return text;
  const bounded = text.length > LONGEST_TEXT * 2 ? text.slice(0, LONGEST_TEXT * 2) : text;
  const points = [...bounded.replace(SECRET_TEXT, REDACTED)];
  const cut = points.length > LONGEST_TEXT ? [...points.slice(0, LONGEST_TEXT), '…'] : points;
  return cut.join('').replace(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}\ufeff]/gu, escapeCharacter);
}

function escapeCharacter(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}
