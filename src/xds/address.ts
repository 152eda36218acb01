import { isIPv4 } from 'node:net';

/** The IP address that a call comes from; undefined if the client has gone before it was asked for. */
export function addressOfCall(call: { getPeer(): string }): string | undefined {
  // grpc-js writes `address:port`, without brackets, and `unknown`.
  const address = /^(.*):\d+$/.exec(call.getPeer())?.[1];
  return address === undefined ? undefined : plainAddress(address);
}

/** The IP address that a connection comes from; undefined if the client has gone. */
export function addressOfSocket({
  remoteAddress,
}: {
  readonly remoteAddress?: string | undefined;
}): string | undefined {
  return remoteAddress === undefined ? undefined : plainAddress(remoteAddress);
}

/** A listener for both kinds of addresses sees those of IPv4 as IPv6 (RFC 4291, 2.5.5.2): it is one client all the same. */
function plainAddress(address: string): string {
  const unmapped = address.replace(/^::ffff:/, '');
  return isIPv4(unmapped) ? unmapped : address;
}
