import type { HostPort } from '../settings/index.ts';

/** A `envoy.config.core.v3.Address` in its JSON form. */
export function socketAddress({ host, port }: HostPort) {
  return { socket_address: { address: host, port_value: port } };
}
