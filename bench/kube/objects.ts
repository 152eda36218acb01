/** An object of the Kubernetes API, and where it is created. */
export interface ApiObject {
  /** The path of its collection. */
  readonly collection: string;
  readonly object: object;
}

export interface Target {
  readonly service: string;
  readonly addresses: readonly string[];
  readonly port: number;
}

/** A Service without a cluster IP: those of a cluster are a few thousand. */
export function service(namespace: string, name: string, labels: Readonly<Record<string, string>> = {}): ApiObject {
  return {
    collection: `/api/v1/namespaces/${namespace}/services`,
    object: { metadata: { name, labels }, spec: { clusterIP: 'None', ports: [{ name: 'http', port: 80 }] } },
  };
}

/** @param name of the slice. */
export function slice(namespace: string, name: string, { service, addresses, port }: Target): ApiObject {
  return {
    collection: `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`,
    object: {
      metadata: { name, labels: { 'kubernetes.io/service-name': service } },
      addressType: 'IPv4',
      ports: [{ name: 'http', port }],
      endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready: true } })),
    },
  };
}

export const BASELINE = { 'shunt.dev/role': 'baseline' };

/** The labels of a preview. */
export function previewLabels(baseline: string, key: string): Readonly<Record<string, string>> {
  return { 'shunt.dev/intercepts': baseline, 'shunt.dev/key': key };
}

/** An address out of 10.0.0.0/8, a different one for each index; none ends in 0 or 255. */
export function addressOf(index: number): string {
  return `10.${1 + Math.floor(index / 63_500)}.${Math.floor(index / 254) % 250}.${1 + (index % 254)}`;
}

/** Where the upstreams listen that answer; in no other object's addresses. */
export const UPSTREAM_HOST = '10.0.0.1';
