/** Objects as a user writes them. */

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: 'Service' | 'EndpointSlice';
  readonly metadata: { readonly name: string; readonly namespace: string; readonly labels?: Record<string, string> };
}

/** A Service with one port in namespace `shop`. */
export function service(
  name: string,
  { port = 80, labels = {}, metadata = {}, spec = {} }: ServiceParts = {},
): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: 'shop', labels, ...metadata },
    ...{ spec: { ports: [{ name: 'http', port }], ...spec } },
  };
}

export interface ServiceParts {
  readonly port?: number;
  readonly labels?: Record<string, string>;
  readonly metadata?: object;
  readonly spec?: object;
}

/** An EndpointSlice of Service `owner` in namespace `shop`. */
export function slice(name: string, owner: string, addresses: readonly string[], addressType = 'IPv4'): Manifest {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name, namespace: 'shop', labels: { 'kubernetes.io/service-name': owner } },
    ...{
      addressType,
      ports: [{ name: 'http', port: 8080 }],
      endpoints: addresses.map((address) => ({ addresses: [address] })),
    },
  };
}
