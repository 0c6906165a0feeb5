import { parse } from 'node:querystring';
import type { z } from 'zod';
import { parseBy } from './parse.js';

/** Most clients ask the same again and again; what only one of them asks once must not fill the memory. */
const KEPT_TEXTS = 32;
const LONGEST_KEPT = 128;

const kept = new WeakMap<z.ZodObject, Map<string, unknown>>();

/**
 * The query of a request by its route's schema, which must be pure. What a text has given before is given again, frozen.
 *
 * @param text what stands behind the question mark, chosen by the client
 * @throws ProvChainError REQUEST_INVALID
 */
export function queryOf(schema: z.ZodObject, text: string): unknown {
  let known = kept.get(schema);
  if (known === undefined) {
    known = new Map();
    kept.set(schema, known);
  }
  const before = known.get(text);
  if (before !== undefined) return before;
  const parsed: object = Object.freeze(parseBy(schema, text === '' ? {} : { ...parse(text) }, 'query'));
  if (text.length > LONGEST_KEPT) return parsed;
  if (known.size === KEPT_TEXTS) known.clear();
  known.set(text, parsed);
  return parsed;
}
