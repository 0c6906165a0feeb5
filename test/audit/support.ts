import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type AuditEvent, type AuditLog, type AuditLogOptions, openAudit } from '../../src/audit/index.js';
import { silentLog } from '../../src/logging/index.js';

/** A clock that moves by a second with every look. */
function tickingClock(): () => Date {
  let atMs = Date.parse('2026-03-01T12:00:00.000Z');
  return () => {
    atMs += 1000;
    return new Date(atMs);
  };
}

export function openLog(file: string, options: Partial<AuditLogOptions> = {}): Promise<AuditLog> {
  return openAudit({ file, maxBytes: 1 << 20, log: silentLog, now: tickingClock(), ...options });
}

export const event = (i: number): AuditEvent => ({
  action: 'block.append',
  outcome: 'ok',
  user: 'alice',
  role: 'operator',
  address: '192.0.2.1',
  requestId: `request-${i}`,
  target: `POST /api/blocks`,
  details: { index: i, text: 'Größe "x"\n' },
});

/** A log of `lines` lines, each written on its own. */
export async function makeLog(
  file: string,
  lines: number,
  options: Partial<AuditLogOptions> = {},
): Promise<void> {
  const log = await openLog(file, options);
  for (let i = 1; i <= lines; i++) await log.record(event(i));
  await log.close();
}

/** The lines of a file as they are, parsed. */
export function linesOf(file: string): Record<string, unknown>[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

export const headOf = (folder: string) =>
  JSON.parse(readFileSync(join(folder, 'audit.head.json'), 'utf8')) as { seq: number; hash: string };
