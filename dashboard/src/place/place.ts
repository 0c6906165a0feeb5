/**
 * Where in the dashboard somebody is, as the part of the address after `#`: `#/jobs?state=running`. Everything that
 * shapes a view is in it, so that an address can be kept, shared and gone back to.
 */
export interface Place {
  /** Segments of the path; none is the overview. */
  readonly path: readonly string[];
  readonly query: Readonly<Record<string, string>>;
}

/** Whoever made a link controls all of it; what can't be decoded stays as it is. */
export function parsePlace(hash: string): Place {
  const [path = '', query = ''] = hash.replace(/^#/, '').split(/\?(.*)/s);
  return {
    path: path
      .split('/')
      .filter((part) => part !== '')
      .map(decoded),
    query: Object.fromEntries(new URLSearchParams(query)),
  };
}

/** The address of a place. What is empty or undefined in the query is left out. */
export function hrefOf(
  path: readonly (string | number)[],
  query: Readonly<Record<string, string | number | undefined>> = {},
): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== '');
  const pairs = given.map(([name, value]): [string, string] => [name, String(value)]);
  const search = new URLSearchParams(pairs).toString();
  return `#/${path.map((part) => encodeURIComponent(String(part))).join('/')}${search === '' ? '' : `?${search}`}`;
}

/** A whole number of the query; undefined for anything else. */
export function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
