/** What the form of a new validation asks for, as the body of `POST /api/jobs`. */
export interface JobForm {
  readonly level: string;
  readonly from: string;
  readonly to: string;
  readonly fresh: boolean;
  readonly fleet: boolean;
  readonly priority: string;
}

export const LEVELS = ['Minimal', 'Standard', 'Comprehensive', 'Full'] as const;
export const PRIORITIES = ['high', 'normal', 'low'] as const;

/** The body, with what says no more than the default left out; or what is wrong with the form, by field. */
export function jobRequest(
  form: JobForm,
): { body: Record<string, unknown> } | { problems: Record<string, string> } {
  const problems: Record<string, string> = {};
  const body: Record<string, unknown> = { level: form.level };
  const from = whole(form.from);
  const last = whole(form.to);
  if (from === null) problems.from = 'A block number, such as 0';
  if (last === null) problems.to = 'A block number, such as 99';
  if (typeof from === 'number' && typeof last === 'number' && last < from)
    problems.to = 'Not before the first block';
  if (Object.keys(problems).length > 0) return { problems };
  if (typeof from === 'number') body.from = from;
  // People name the last block that they mean; the node wants the one after it.
  if (typeof last === 'number') body.to = last + 1;
  if (form.fresh) body.fresh = true;
  if (form.fleet) body.fleet = true;
  if (form.priority !== 'normal') body.priority = form.priority;
  return { body };
}

/** Undefined for nothing, null for what is no whole number. */
function whole(text: string): number | undefined | null {
  const trimmed = text.trim();
  if (trimmed === '') return undefined;
  return /^\d{1,15}$/.test(trimmed) ? Number(trimmed) : null;
}
