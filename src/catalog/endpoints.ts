import type { EndpointSliceRecord, SliceEndpoint } from '../sources/source.ts';
import type { Endpoint } from './model.ts';

/**
 * The addresses behind a Service's port: usable are those that are ready or, where none is, those that end but still
 * serve, as kube-proxy has it (KEP-1669). Of a dual-stack Service the IPv4 addresses are taken, since both families
 * name the same pods. Sorted, so that every replica says the same.
 *
 * @param portName the Service's name of the port, empty for an unnamed one.
 */
export function readEndpoints(slices: readonly EndpointSliceRecord[], portName: string): readonly Endpoint[] {
  const family = slices.some((slice) => slice.addressType === 'IPv4' && slice.endpoints.length > 0) ? 'IPv4' : 'IPv6';
  const found = slices
    .filter((slice) => slice.addressType === family)
    .flatMap((slice) => {
      const port = slice.ports.find((each) => each.name === portName)?.port;
      return port === undefined ? [] : slice.endpoints.map((endpoint) => ({ endpoint, port }));
    });
  const anyReady = found.some(({ endpoint }) => endpoint.ready);

  const byAddress = new Map<string, Endpoint>();
  for (const { endpoint, port } of found) {
    // A slice lists further addresses of an endpoint for no one's use: consumers take the first (API reference).
    const address = endpoint.addresses[0];
    if (address === undefined) continue;
    const usable = anyReady ? endpoint.ready : servesToTheEnd(endpoint);
    const key = `${address} ${port}`;
    if (usable || !byAddress.has(key)) byAddress.set(key, Object.freeze({ address, port, usable }));
  }
  return Object.freeze([...byAddress.keys()].sort().map((key) => byAddress.get(key)!));
}

function servesToTheEnd(endpoint: SliceEndpoint): boolean {
  return endpoint.serving && endpoint.terminating;
}
