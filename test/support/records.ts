import type {
  EndpointSliceRecord,
  PodRecord,
  ServicePort,
  ServiceRecord,
  SliceEndpoint,
} from '../../src/sources/source.ts';

const HTTP: ServicePort = { name: 'http', port: 80, protocol: 'TCP' };

/** A Service by `namespace/name`. */
export function service(id: string, fields: Partial<ServiceRecord> = {}): ServiceRecord {
  const [namespace, name] = id.split('/') as [string, string];
  return { kind: 'Service', namespace, name, labels: {}, annotations: {}, ports: [HTTP], ...fields };
}

export function baseline(id: string, fields: Partial<ServiceRecord> = {}): ServiceRecord {
  return service(id, { labels: { 'shunt.dev/role': 'baseline' }, ...fields });
}

/** A preview of `target` (`api` or `api.prod`). Without a key it needs a match among its annotations. */
export function preview(id: string, target: string, key?: string, fields: Partial<ServiceRecord> = {}): ServiceRecord {
  const labels = { 'shunt.dev/intercepts': target, ...(key === undefined ? {} : { 'shunt.dev/key': key }) };
  return service(id, { labels, ...fields });
}

/** An EndpointSlice of the Service `id` with these IPv4 addresses, all ready, at port 8080 under the name `http`. */
export function slice(
  id: string,
  addresses: readonly string[],
  fields: Partial<EndpointSliceRecord> = {},
): EndpointSliceRecord {
  const [namespace, name] = id.split('/') as [string, string];
  return {
    kind: 'EndpointSlice',
    namespace,
    name: `${name}-1`,
    service: name,
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 8080 }],
    endpoints: addresses.map((address) => endpoint(address)),
    ...fields,
  };
}

/** A ready Pod by `namespace/name` that intercepts `target`, of the Deployment of that name without its last part. */
export function pod(id: string, target: string, key: string | undefined, fields: Partial<PodRecord> = {}): PodRecord {
  const [namespace, name] = id.split('/') as [string, string];
  return {
    ...{ kind: 'Pod', namespace, name },
    labels: { 'shunt.dev/intercepts': target, ...(key === undefined ? {} : { 'shunt.dev/key': key }) },
    annotations: {},
    owner: { kind: 'Deployment', name: name.slice(0, name.lastIndexOf('-')) },
    ...{ addresses: ['10.0.0.9'], ready: true, terminating: false, hostNetwork: false, ports: [] },
    ...fields,
  };
}

export function endpoint(address: string, conditions: Partial<SliceEndpoint> = {}): SliceEndpoint {
  return { addresses: [address], ready: true, serving: true, terminating: false, ...conditions };
}
