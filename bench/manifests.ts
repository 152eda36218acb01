/** A Service and its EndpointSlice, as a cluster would have them, in one file. */
interface Manifest {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly address: string;
  readonly port: number;
}

/** A Service that may be intercepted, with one endpoint on the loopback address. */
export function baselineManifest(service: string, port: number): string {
  return manifest({ name: service, labels: { 'shunt.dev/role': 'baseline' }, address: '127.0.0.1', port });
}

/** A preview of that Service, with one endpoint. */
export function previewManifest(service: string, key: string, address: string, port: number): string {
  const labels = { 'shunt.dev/intercepts': service, 'shunt.dev/key': key };
  return manifest({ name: `${service}-${key}`, labels, address, port });
}

function manifest({ name, labels, address, port }: Manifest): string {
  return `apiVersion: v1
kind: Service
metadata:
  name: ${name}
  namespace: bench
  labels:
${Object.entries(labels)
  .map(([label, value]) => `    ${label}: ${value}`)
  .join('\n')}
spec:
  ports:
    - name: http
      port: 80
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: ${name}-1
  namespace: bench
  labels:
    kubernetes.io/service-name: ${name}
addressType: IPv4
ports:
  - name: http
    port: ${port}
endpoints:
  - addresses: [${address}]
`;
}
