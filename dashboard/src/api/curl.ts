export interface CurlOptions {
  readonly origin: string;
  /** Whether requests need a token. */
  readonly authentication: boolean;
  readonly method?: string;
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The request as a command for a POSIX shell; the token stays in a variable of the shell. */
export function curlCommand({
  origin,
  authentication,
  method = 'GET',
  path,
  body,
  headers = {},
}: CurlOptions): string {
  const words = ['curl', '-sS'];
  if (method !== 'GET') words.push('-X', method);
  if (authentication) words.push('-H', '"Authorization: Bearer $PROVCHAIN_TOKEN"');
  for (const [name, value] of Object.entries(headers)) words.push('-H', quoted(`${name}: ${value}`));
  if (body !== undefined) {
    words.push('-H', quoted('Content-Type: application/json'), '--data', quoted(JSON.stringify(body)));
  }
  words.push(quoted(origin + path));
  return words.join(' ');
}

/** In single quotes a shell takes every character as it is, except the quote itself. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
