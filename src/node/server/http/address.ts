/** Which IP addresses a server may call on behalf of a stranger, and which are this device's own. */
import { BlockList, isIP } from 'node:net';

/**
 * Everything but the public internet: this device, private and link-local networks (cloud metadata among them), carrier
 * NAT, documentation, multicast, reserved. From IANA's special-purpose registries, RFC 6890.
 */
const special = new BlockList();
const ipv4: [network: string, prefix: number][] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
];
for (const [network, prefix] of ipv4) special.addSubnet(network, prefix, 'ipv4');
// Within the global unicast block: Teredo and 6to4 embed IPv4 addresses, the others are unassigned.
const ipv6: [network: string, prefix: number][] = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
];
for (const [network, prefix] of ipv6) special.addSubnet(network, prefix, 'ipv6');

const globalUnicast = new BlockList();
globalUnicast.addSubnet('2000::', 3, 'ipv6');

/** @param address an IPv4 or IPv6 address in any notation; false for a host name */
export function isPublicAddress(address: string): boolean {
  switch (isIP(address)) {
    case 4:
      return !special.check(address, 'ipv4');
    case 6:
      // Everything outside 2000::/3 is loopback, local, mapped or translated IPv4, multicast or unassigned.
      return globalUnicast.check(address, 'ipv6') && !special.check(address, 'ipv6');
    default:
      return false;
  }
}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** @param host an address or a name; names are not looked up, only `localhost` and names ending in it are this device */
export function isLoopback(host: string): boolean {
  const family = isIP(host);
  if (family === 0) return /(^|\.)localhost$/i.test(host);
  return loopback.check(host, family === 4 ? 'ipv4' : 'ipv6');
}
