import { isIP, SocketAddress } from 'node:net';
import { isDnsLabel, isDnsName } from '../../dns-names.ts';

/** Unlike DNS, Kubernetes bounds no part of such a name. */
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/** An RFC 1123 label, as Kubernetes asks of namespaces and Services: returns what to write instead. */
export function labelAdvice(value: string): string | undefined {
  if (isDnsLabel(value)) return undefined;
  return 'Write 1 to 63 lower-case letters, digits or `-`, beginning and ending with a letter or digit.';
}

/** An RFC 1123 subdomain, as Kubernetes asks of most other objects: returns what to write instead. */
export function subdomainAdvice(value: string): string | undefined {
  if (value.length <= 253 && SUBDOMAIN.test(value)) return undefined;
  return 'Write 1 to 253 lower-case letters, digits, `-` or `.`, each part beginning and ending with a letter or digit.';
}

/** A name that can be looked up, with or without the dot that ends a full name: returns what to write instead. */
export function hostNameAdvice(value: string): string | undefined {
  const name = value.endsWith('.') ? value.slice(0, -1) : value;
  if (isDnsName(name) && !endsInNumber(name)) return undefined;
  return 'Write a DNS name such as `db.example.com`.';
}

/** No top-level domain is a number, so such a name is a mistyped IPv4 address (RFC 1123, 2.1). */
function endsInNumber(name: string): boolean {
  return /(^|\.)\d+$/.test(name);
}

/** The target of an ExternalName Service: a DNS name, or an address, IPv6 also in brackets. Returns what to write instead. */
export function externalNameAdvice(value: string): string | undefined {
  if (readAddress(unbracketed(value)) !== undefined) return undefined;
  return hostNameAdvice(value) === undefined
    ? undefined
    : 'Write a DNS name such as `db.example.com`, or an IP address.';
}

/** `[::1]` as `::1`; any other text as it is. */
export function unbracketed(value: string): string {
  return value.startsWith('[') && value.endsWith(']') ? value.slice(1, -1) : value;
}

export interface Address {
  /** In the one spelling that RFC 5952 leaves: `fd00::1` for `FD00:0::1`. */
  readonly address: string;
  readonly family: 'IPv4' | 'IPv6';
}

/**
 * Reads an address, so that equal ones are equal texts: an Envoy that is told of one address by two spellings drops one of
 * them, or sends nothing to it. `::ffff:10.0.0.1` stays another than `10.0.0.1`, as it is to Envoy. An address with a
 * zone (`fe80::1%eth0`) has a meaning on one machine only and is none.
 */
export function readAddress(value: string): Address | undefined {
  if (value.includes('%')) return undefined;
  switch (isIP(value)) {
    case 4:
      return { address: value, family: 'IPv4' };
    case 6:
      return { address: new SocketAddress({ address: value, family: 'ipv6' }).address, family: 'IPv6' };
    default:
      return undefined;
  }
}
