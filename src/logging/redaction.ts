/**
 * What must not get into a log: secrets, by the name of the field that holds them and by how they look in any text.
 * The texts come from anywhere, users among them, so every quantifier below is bounded: no text makes a pattern slow.
 */
export const REDACTED = '[redacted]';

const SECRET_NAME =
  /passw|passphrase|secret|token|authorization|cookie|api[-_]?key|private[-_]?key|credential|jwt/i;

/** Whether a field of this name is taken to hold a secret, whatever it holds. */
export const namesSecret = (name: string): boolean => SECRET_NAME.test(name);

const SECRET_TEXTS: readonly (readonly [RegExp, string])[] = [
  [
    /-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[\s\S]{0,8192}?(?:-----END [A-Z ]{0,40}PRIVATE KEY-----|$)/g,
    REDACTED,
  ],
  [/\b(bearer\s{1,4})[\w.~+/=-]{8,2048}/gi, `$1${REDACTED}`],
  [/\b(Basic\s{1,4})[A-Za-z0-9+/]{8,1024}={0,2}/g, `$1${REDACTED}`],
  // JWS and JWE in compact form: the first part is the base64url text of `{"`.
  [/(?<![\w-])eyJ[\w-]{5,2048}\.[\w-]{2,2048}(?:\.[\w-]{0,2048}){0,3}/g, REDACTED],
  [/\$argon2(?:id|i|d)\$[^\s"']{1,512}/g, REDACTED],
  // A password in a Redis URL may hold characters that other URLs would escape, so everything up to the last @ goes.
  [/\b(rediss?:\/\/)\S{0,512}@/gi, `$1${REDACTED}@`],
  [/\b([a-z][a-z0-9+.-]{0,20}:\/\/)[^\s/?#"']{1,512}@/gi, `$1${REDACTED}@`],
  [/(hooks\.slack\.com\/services\/)[^\s"']{1,256}/gi, `$1${REDACTED}`],
  [
    /((?:passw(?:or)?d|passphrase|secret|token|authorization|api[-_]?key)[\w-]{0,32}["']?\s{0,4}[:=]\s{0,4})(?:"[^"]{0,1024}"|'[^']{0,1024}'|[^\s,;&"']{1,1024})/gi,
    `$1${REDACTED}`,
  ],
];

/** No secret that a pattern finds is longer than this, so a text is cut only this far behind its limit. */
const LONGEST_SECRET = 2048;

/**
 * A text without what looks like a secret, and without the given ones, cut to `limit` characters.
 *
 * @param known secrets of this process, which are taken out wherever they stand
 */
export function redactText(text: string, known: readonly string[], limit: number): string {
  // The cut comes after the patterns: half a secret would no longer look like one.
  let clean = text.slice(0, limit + LONGEST_SECRET);
  for (const secret of known) clean = clean.replaceAll(secret, REDACTED);
  for (const [pattern, replacement] of SECRET_TEXTS) clean = clean.replace(pattern, replacement);
  return clean.length > limit ? `${clean.slice(0, limit)}…` : clean;
}
