import { BlockList } from 'node:net';
import type { Address } from '../manifests/index.ts';

/**
 * Addresses that mean the machine that uses them, or what is right beside it: loopback, unspecified and link-local ones (RFC
 * 6890, section 2.2). Kubernetes takes none of them into an EndpointSlice.
 */
const LOCAL = new BlockList();
LOCAL.addSubnet('0.0.0.0', 8, 'ipv4');
LOCAL.addSubnet('127.0.0.0', 8, 'ipv4');
LOCAL.addSubnet('169.254.0.0', 16, 'ipv4');
LOCAL.addAddress('::', 'ipv6');
LOCAL.addAddress('::1', 'ipv6');
LOCAL.addSubnet('fe80::', 10, 'ipv6');

/** Whether requests to it would reach whoever sends them, such as the admin interface of an Envoy. */
export function isLocal({ address }: Address): boolean {
  return LOCAL.check(address, address.includes(':') ? 'ipv6' : 'ipv4');
}
