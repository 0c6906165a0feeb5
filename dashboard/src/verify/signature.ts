import { type Bytes, fromBase64, fromHex, joined, textBytes } from './bytes.js';

/**
 * RFC 8785 text of a flat object of strings, safe integers, booleans and nulls, or lists of them: for those
 * JSON.stringify writes what the scheme asks for, once the members are in the order of their UTF-16 code units.
 */
export function canonicalText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = value as Record<string, unknown>;
  return `{${Object.keys(members)
    .sort()
    .map((name) => `${JSON.stringify(name)}:${canonicalText(members[name])}`)
    .join(',')}}`;
}

/**
 * Whether the signature of a header or an anchor is the one of the producer it names: Ed25519 over the prefix and the
 * RFC 8785 text without the signature. Undefined when this browser has no Ed25519.
 *
 * @param prefix `provchain/1\n` or `provchain-anchor/1\n`
 */
export async function signatureHolds(
  record: Readonly<Record<string, unknown>>,
  prefix: string,
): Promise<boolean | undefined> {
  const { signature, ...unsigned } = record;
  if (typeof signature !== 'string' || typeof unsigned.producer !== 'string') return false;
  let raw: Bytes;
  let key: Bytes;
  try {
    raw = fromBase64(signature);
    key = fromHex(unsigned.producer);
  } catch {
    return false;
  }
  let producer: Awaited<ReturnType<typeof crypto.subtle.importKey>>;
  try {
    producer = await crypto.subtle.importKey('raw', key, { name: 'Ed25519' }, false, ['verify']);
  } catch (error) {
    if ((error as Error).name === 'NotSupportedError') return undefined;
    return false;
  }
  const signed = joined(textBytes(prefix), textBytes(canonicalText(unsigned)));
  return crypto.subtle.verify({ name: 'Ed25519' }, producer, raw, signed);
}
