import { isIPv6 } from 'node:net';

/**
 * What attempts of one client are counted under: an IPv4 address, or the /64 of an IPv6 address, because a client has
 * all of it to itself (RFC 6177 gives every site at least that much). The same text for every way to write an address.
 */
export function addressKey(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped?.[1]) return mapped[1];
  const [plain = ''] = address.split('%');
  if (!isIPv6(plain)) return address.slice(0, 64);
  // The URL parser writes every IPv6 address in one way (RFC 5952), with at most one "::".
  const [left = '', right] = new URL(`http://[${plain}]`).hostname.slice(1, -1).split('::');
  const head = left === '' ? [] : left.split(':');
  const tail = right === undefined || right === '' ? [] : right.split(':');
  const groups = [...head, ...Array(8 - head.length - tail.length).fill('0'), ...tail];
  return `${groups.slice(0, 4).join(':')}::/64`;
}
