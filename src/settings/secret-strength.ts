/** HMAC-SHA256 is as strong as its key only from the length of its output on (RFC 2104 §3, RFC 7518 §3.2). */
const LEAST_BYTES = 32;

/** Parts of the values that documents and examples show; compared without case and punctuation. */
const PLACEHOLDERS = [
  'changeme',
  'changeit',
  'yoursecure',
  'yoursecret',
  'yourjwt',
  'secretkeyhere',
  'secrethere',
  'jwtsecretkey',
  'placeholder',
  'replaceme',
  'replacethis',
  'insertsecret',
  'examplesecret',
  'examplekey',
  'notasecret',
  'donotuse',
  'supersecret',
  'verysecret',
  'mysecret',
  'passwordpassword',
  'keyboardcat',
];

/**
 * Why a text is no secret, or undefined. What it finds are the secrets that people type: too short, copied from a
 * document, one character or pattern again and again, or the keyboard in order. It cannot tell a random one from one
 * that somebody published.
 */
export function secretProblem(secret: string): string | undefined {
  const bytes = Buffer.byteLength(secret);
  if (bytes < LEAST_BYTES)
    return `is ${bytes} bytes long; at least ${LEAST_BYTES} are needed (openssl rand -base64 48)`;
  const letters = secret.toLowerCase().replace(/[^a-z0-9]/g, '');
  if (secret.includes('${') || PLACEHOLDERS.some((word) => letters.includes(word))) {
    return 'is a placeholder; make one with "openssl rand -base64 48"';
  }
  if (isPattern(secret)) return 'follows a pattern; make one with "openssl rand -base64 48"';
  return undefined;
}

function isPattern(secret: string): boolean {
  const codes = [...secret].map((character) => character.codePointAt(0) ?? 0);
  if (new Set(codes).size < 8) return true;
  const steps = codes.slice(1).filter((code, i) => Math.abs(code - (codes[i] ?? 0)) <= 1).length;
  if (steps >= codes.length / 2) return true;
  return isPeriodic(codes);
}

/** Whether the second half of it repeats what came before, whatever the length of the repeated part. */
function isPeriodic(codes: readonly number[]): boolean {
  for (let period = 1; period <= codes.length / 2; period++) {
    if (codes.every((code, i) => i < period || code === codes[i - period])) return true;
  }
  return false;
}
