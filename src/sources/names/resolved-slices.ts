import type { Address } from '../manifests/index.ts';
import type { EndpointSliceRecord, ObjectRef, SliceEndpoint } from '../source.ts';
import type { WantedNames } from './wanted-names.ts';

export interface ResolvedEndpoint extends Address {
  readonly conditions: Omit<SliceEndpoint, 'addresses'>;
}

/** The slices that stand for an object's names: one for each address family that has an address. */
export function resolvedSlices(
  wanted: WantedNames,
  endpoints: readonly ResolvedEndpoint[],
): readonly EndpointSliceRecord[] {
  return (['IPv4', 'IPv6'] as const).flatMap((family) => {
    const own = endpoints.filter((endpoint) => endpoint.family === family);
    return own.length === 0 ? [] : [slice(wanted, family, own)];
  });
}

/** Whether the record is a slice that stands for a Service's name. */
export function isOfService({ kind, name }: ObjectRef): boolean {
  return kind === 'EndpointSlice' && /:dns-ipv[46]$/.test(name);
}

function slice(
  { owner, service, ports }: WantedNames,
  family: 'IPv4' | 'IPv6',
  endpoints: readonly ResolvedEndpoint[],
): EndpointSliceRecord {
  // No object can have a name with a colon, so these never collide with one that was written.
  const origin = owner.kind === 'Service' ? 'dns' : 'fqdn';
  return Object.freeze({
    kind: 'EndpointSlice',
    namespace: owner.namespace,
    name: `${owner.name}:${origin}-${family.toLowerCase()}`,
    service,
    addressType: family,
    ports: Object.freeze([...ports]),
    endpoints: Object.freeze(merged(endpoints)),
    ...(owner.place === undefined ? {} : { place: owner.place }),
  });
}

/** One endpoint for each address; where two names share one, the readier counts. */
function merged(endpoints: readonly ResolvedEndpoint[]): SliceEndpoint[] {
  const byAddress = new Map<string, ResolvedEndpoint>();
  for (const endpoint of endpoints) {
    const other = byAddress.get(endpoint.address);
    if (other === undefined || rank(endpoint) > rank(other)) byAddress.set(endpoint.address, endpoint);
  }
  return [...byAddress.keys()].sort().map((address) => {
    const { conditions } = byAddress.get(address)!;
    return Object.freeze({ addresses: Object.freeze([address]), ...conditions });
  });
}

function rank({ conditions: { ready, serving } }: ResolvedEndpoint): number {
  return ready ? 2 : serving ? 1 : 0;
}
