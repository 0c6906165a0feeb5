import { lookup as lookUp } from 'node:dns';
import { BlockList, isIP, isIPv6, type LookupFunction } from 'node:net';

/**
 * Addresses that are not of the public internet, by the special-purpose registries of IANA (RFC 6890): loopback, private,
 * link-local with the metadata services of clouds, shared, multicast, reserved, documentation; and 168.63.129.16, which
 * Azure answers on from inside.
 */
const V4 = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12'],
  ...['192.0.0.0/24', '192.0.2.0/24', '192.88.99.0/24', '192.168.0.0/16', '198.18.0.0/15'],
  ...['198.51.100.0/24', '203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4', '168.63.129.16/32'],
];
const V6 = [
  ...['::/128', '::1/128', '100::/64', '2001::/23', '2001:db8::/32', '3fff::/20', '5f00::/16'],
  ...['fc00::/7', 'fe80::/10', 'fec0::/10', 'ff00::/8'],
];
/** Prefixes of 96 bits (16 in 6to4) that carry an IPv4 address, which is the one that counts. */
const EMBEDDING = ['::ffff:0:0/96', '::/96', '64:ff9b::/96', '64:ff9b:1::/48', '2002::/16'];

const listOf = (subnets: readonly string[], family: 'ipv4' | 'ipv6'): BlockList => {
  const list = new BlockList();
  for (const subnet of subnets) {
    const [address, bits] = subnet.split('/');
    list.addSubnet(address!, Number(bits), family);
  }
  return list;
};
const PRIVATE_V4 = listOf(V4, 'ipv4');
const PRIVATE_V6 = listOf([...V6, ...EMBEDDING], 'ipv6');
const MAPPED = listOf(['::ffff:0:0/96'], 'ipv6');

/**
 * Whether an address, as a literal, belongs to the public internet. IPv6 that only carries IPv4 is refused as a whole
 * (no public host needs it), but for the mapped form, which the system itself gives for an IPv4 address.
 */
export function isPublicAddress(address: string): boolean {
  const bare = address.replace(/^\[|\]$/g, '').replace(/%.*$/, '');
  if (isIPv6(bare)) {
    if (MAPPED.check(bare, 'ipv6')) return !PRIVATE_V4.check(mappedV4(bare), 'ipv4');
    return !PRIVATE_V6.check(bare, 'ipv6');
  }
  return isIP(bare) === 4 && !PRIVATE_V4.check(bare, 'ipv4');
}

/** The IPv4 address in `::ffff:a.b.c.d` or `::ffff:xxxx:xxxx`, as URLs write it. */
function mappedV4(address: string): string {
  const tail = new URL(`http://[${address}]/`).hostname.slice(1, -1).split(':').slice(-2);
  const [high = 0, low = 0] = tail.map((part) => Number.parseInt(part || '0', 16));
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

export class AddressRefused extends Error {
  constructor(host: string, address: string) {
    super(`${host} is the private address ${address}; allow_private_addresses would let messages go there`);
    this.name = 'AddressRefused';
  }
}

/**
 * A lookup for sockets that gives public addresses only: the socket connects to exactly what was looked at here, so that a
 * name that answers differently the second time gains nothing. One private address among several refuses all of them.
 */
export const lookUpPublic: LookupFunction = (hostname, options, callback) => {
  lookUp(hostname, { ...options, all: true }, (error, addresses) => {
    if (error) {
      callback(error, '', 0);
      return;
    }
    const refused = addresses.find(({ address }) => !isPublicAddress(address));
    if (refused) callback(new AddressRefused(hostname, refused.address), '', 0);
    else if (options.all) callback(null, addresses);
    else callback(null, addresses[0]!.address, addresses[0]!.family);
  });
};
