/** An answer that is an error (RFC 9457), or none at all. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';

  constructor(
    /** HTTP status; 0 when there was no answer. */
    readonly status: number,
    readonly code: string,
    message: string,
    readonly retryAfterSeconds?: number,
  ) {
    super(message);
  }

  /** What whoever looks at the page can do about it. */
  get advice(): string {
    if (this.status === 0)
      return 'Check that the node runs and that this machine reaches it. It is tried again by itself.';
    if (this.status === 401) return 'Log in again.';
    if (this.status === 403) return 'Ask an administrator for a role that may do this.';
    if (this.status === 404)
      return 'It may have been removed, or this node is of a version that does not have it.';
    if (this.status === 429) return 'Too many requests. Wait a little.';
    if (this.status === 503) return 'The node is busy or starting. It is tried again by itself.';
    return 'docs/errors.md of the project says what this error means.';
  }
}

/** The problem that a failed answer holds; whatever sent it may have been no node at all. */
export function problemFrom(status: number, text: string): ApiProblem {
  let members: Record<string, unknown> = {};
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null) members = parsed as Record<string, unknown>;
  } catch {
    // A proxy's page, most likely: the status alone has to do.
  }
  const { code, detail, retryAfterSeconds } = members;
  return new ApiProblem(
    status,
    typeof code === 'string' ? code : `HTTP_${status}`,
    typeof detail === 'string' ? detail : `the node answered with status ${status}`,
    typeof retryAfterSeconds === 'number' ? retryAfterSeconds : undefined,
  );
}

/**
 * The messages of a refused body by field: `body.batch_size: too small; body.x: …` is how a node names them. What names
 * no field is under the empty name.
 */
export function fieldErrors(message: string): ReadonlyMap<string, string> {
  const errors = new Map<string, string>();
  for (const part of message.split('; ')) {
    const [, field, text] = /^body\.([A-Za-z_]+): (.*)$/s.exec(part) ?? [];
    const name = field ?? '';
    const before = errors.get(name);
    errors.set(name, before === undefined ? (text ?? part) : `${before}; ${text ?? part}`);
  }
  return errors;
}
