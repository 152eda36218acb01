import type { EndpointSliceRecord } from '../sources/source.ts';
import type { Endpoint } from './model.ts';

/** One address of a port, and what is known of who listens there. */
export interface Listening {
  readonly address: string;
  readonly port: number;
  readonly ready: boolean;
  readonly serving: boolean;
  readonly terminating: boolean;
}

/**
 * The addresses behind a Service's port: usable are those that are ready or, where none is, those that end but still
 * serve, as kube-proxy has it (KEP-1669). Of a dual-stack Service the IPv4 addresses are taken, since both families
 * name the same pods. Sorted, so that every replica says the same.
 *
 * @param portName the Service's name of the port, empty for an unnamed one.
 * @param excluded addresses with their ports that are not the Service's, though its slices have them.
 */
export function readEndpoints(
  slices: readonly EndpointSliceRecord[],
  portName: string,
  excluded: (address: string, port: number) => boolean = () => false,
): readonly Endpoint[] {
  const family = slices.some((slice) => slice.addressType === 'IPv4' && slice.endpoints.length > 0) ? 'IPv4' : 'IPv6';
  const found = slices
    .filter((slice) => slice.addressType === family)
    .flatMap((slice) => {
      const port = slice.ports.find((each) => each.name === portName)?.port;
      if (port === undefined) return [];
      return slice.endpoints.flatMap(({ addresses, ...conditions }) => {
        // A slice lists further addresses of an endpoint for no one's use: consumers take the first (API reference).
        const [address] = addresses;
        return address === undefined || excluded(address, port) ? [] : [{ ...conditions, address, port }];
      });
    });
  return endpointsOf(found);
}

/** Each address once, with whether it is usable beside the others. */
export function endpointsOf(found: readonly Listening[]): readonly Endpoint[] {
  const anyReady = found.some(({ ready }) => ready);
  const byAddress = new Map<string, Endpoint>();
  for (const { address, port, ready, serving, terminating } of found) {
    const usable = anyReady ? ready : serving && terminating;
    const key = `${address} ${port}`;
    if (usable || !byAddress.has(key)) byAddress.set(key, Object.freeze({ address, port, usable }));
  }
  return Object.freeze([...byAddress.keys()].sort().map((key) => byAddress.get(key)!));
}
