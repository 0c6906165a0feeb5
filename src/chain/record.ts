/**
 * Reading of JSON records whose every byte an attacker may control: exactly the known fields, each as its rule
 * wants it. Nothing here throws on any input.
 */
import { canonicalJson } from './canonical-json.js';
import type { RecordRules } from './field-rules.js';

export type Decoded<T> = { readonly value: T } | { readonly problem: string };

/**
 * Reads a record the product wrote itself: its bytes must be exactly the RFC 8785 text of its value, so that one
 * value has one encoding and every changed byte shows. A text longer than `limitBytes` is not looked at.
 */
export function decodeExact<T>(bytes: Uint8Array, rules: RecordRules, limitBytes: number): Decoded<T> {
  const parsed = parse(bytes, limitBytes, true);
  if ('problem' in parsed) return parsed;
  const problem = recordProblem(parsed.value, rules);
  if (problem !== undefined) return { problem };
  if (canonicalJson(parsed.value) !== parsed.text)
    return { problem: 'The text is not in canonical form (RFC 8785).' };
  return { value: parsed.value as T };
}

/**
 * Reads a record that belongs to the operator, who may have formatted it by hand: any JSON text with exactly the
 * known fields, none of them twice.
 */
export function decodeByHand<T>(bytes: Uint8Array, rules: RecordRules, limitBytes: number): Decoded<T> {
  const parsed = parse(bytes, limitBytes, false);
  if ('problem' in parsed) return parsed;
  const problem = recordProblem(parsed.value, rules);
  if (problem !== undefined) return { problem };
  if (countNames(parsed.text) !== Object.keys(rules).length) return { problem: 'A field appears twice.' };
  return { value: parsed.value as T };
}

/** What is wrong with a parsed record, as a sentence; undefined when it has exactly the fields of the rules. */
export function recordProblem(value: unknown, rules: RecordRules): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return 'The text is not a JSON object.';
  const fields = value as Record<string, unknown>;
  for (const [name, rule] of Object.entries(rules)) {
    if (!Object.hasOwn(fields, name)) return `The field "${name}" is missing.`;
    if (!rule.holds(fields[name])) return `The field "${name}" must be ${rule.wanted}.`;
  }
  const unknown = Object.keys(fields).find((name) => !Object.hasOwn(rules, name));
  return unknown === undefined ? undefined : `There is an unknown field${printable(unknown)}.`;
}

function parse(
  bytes: Uint8Array,
  limitBytes: number,
  keepByteOrderMark: boolean,
): { readonly value: unknown; readonly text: string } | { readonly problem: string } {
  if (bytes.length > limitBytes) {
    return { problem: `The text has ${bytes.length} bytes, more than the ${limitBytes} allowed.` };
  }
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: keepByteOrderMark }).decode(bytes);
  } catch {
    return { problem: 'The text is not well-formed UTF-8.' };
  }
  try {
    return { value: JSON.parse(text), text };
  } catch {
    return { problem: 'The text is not JSON.' };
  }
}

/**
 * Member names in a valid JSON text, of objects at any depth, repetitions included. In valid JSON a string
 * followed by a colon is a name, and nothing else is.
 */
function countNames(text: string): number {
  let names = 0;
  for (const [, colon] of text.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?/g)) if (colon !== undefined) names++;
  return names;
}

/** The name an attacker chose, if it is harmless on a terminal. */
function printable(name: string): string {
  return /^\w{1,32}$/.test(name) ? ` "${name}"` : '';
}
