import type { z } from 'zod';
import { type ErrorCode, ProvChainError } from '../errors.js';

/** Problems that are listed in one answer. */
const LISTED = 5;

/**
 * A value from outside by its schema. Errors: `code`, in a message that names the fields.
 *
 * @param where what the value is, such as `body`
 */
export function parseBy<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  where: string,
  code: ErrorCode = 'REQUEST_INVALID',
): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues
    .slice(0, LISTED)
    .map(({ path, message }) => `${[where, ...path.map(String)].join('.')}: ${message}`);
  throw new ProvChainError(code, problems.join('; '), { place: { source: where } });
}
