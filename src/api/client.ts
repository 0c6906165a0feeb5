import type { Request } from 'express';
import { ProvChainError } from '../errors.js';
import type { ApiOptions } from './dependencies.js';
import type { Route } from './route.js';

/** The client's address; that of a proxy is passed over only as far as the configuration trusts proxies. */
export function addressOf(request: Request, trustProxyHops: number): string {
  const address = (trustProxyHops > 0 ? request.ip : request.socket.remoteAddress) ?? '';
  return address.startsWith('::ffff:') ? address.slice(7) : address;
}

const LOOPBACK_HOST = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i;

const hostOf = (url: string): string | undefined => (URL.canParse(url) ? new URL(url).host : undefined);

/**
 * A node without authentication listens on loopback only, yet every web page that its user opens can send requests
 * there. So the Host must be a loopback name (a page that had its own name resolve to 127.0.0.1 sends its own name),
 * and what changes or begins something must not come from a page of another origin. A GET of an image or a link has no
 * Origin, and browsers say in Sec-Fetch-Site where it comes from.
 *
 * Errors: FORBIDDEN.
 */
export function refuseForeignPages(request: Request, route: Route | undefined, options: ApiOptions): void {
  const { host = '', origin } = request.headers;
  const publicHost = options.publicUrl === undefined ? undefined : hostOf(options.publicUrl);
  if (!LOOPBACK_HOST.test(host) && host !== publicHost) {
    throw new ProvChainError(
      'FORBIDDEN',
      `without authentication this node answers on loopback names, not ${host}`,
    );
  }
  const looksOnly = route === undefined || route.role === 'viewer' || route.role === 'public';
  if (looksOnly && (request.method === 'GET' || request.method === 'HEAD')) return;
  if (origin === undefined) {
    const site = request.headers['sec-fetch-site'];
    if (site === undefined || site === 'same-origin' || site === 'none') return;
    throw new ProvChainError('FORBIDDEN', 'a page of another origin may begin nothing here');
  }
  const from = hostOf(origin);
  const known = from !== undefined && (from === host || from === publicHost);
  if (!known && !options.corsOrigins.includes(origin)) {
    throw new ProvChainError('FORBIDDEN', `the origin ${origin} is none that may change something here`);
  }
}
