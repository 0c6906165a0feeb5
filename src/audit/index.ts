export { type AuditLog, type AuditLogOptions, openAudit } from './audit-log.js';
export type { ChainPoint } from './entry.js';
export { AUDIT_OUTCOMES, type AuditEvent, type AuditOutcome, type AuditValue } from './event.js';
export type { AuditIncident, AuditProblem, AuditProblemKind, AuditVerdict } from './verdict.js';
export { type VerifyOptions, verifyAudit } from './verify.js';
