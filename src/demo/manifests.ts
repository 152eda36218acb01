/** A Service of the demo, as a manifest needs it. */
export interface DemoManifest {
  readonly name: string;
  /** Where its only pod listens. */
  readonly port: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  /** What the file's reader may want to know. */
  readonly comment: string;
}

/** A Service and its EndpointSlice, as a cluster would have them, in one file. */
export function demoManifest({ name, port, labels, annotations = {}, comment }: DemoManifest): string {
  const map = (title: string, entries: Readonly<Record<string, string>>) =>
    Object.keys(entries).length === 0
      ? []
      : [`  ${title}:`, ...Object.entries(entries).map(([key, value]) => `    ${key}: ${JSON.stringify(value)}`)];
  return [
    `# ${comment}`,
    'apiVersion: v1',
    'kind: Service',
    'metadata:',
    `  name: ${name}`,
    '  namespace: shop',
    ...map('labels', labels),
    ...map('annotations', annotations),
    'spec:',
    '  ports:',
    '    - name: http',
    '      port: 80',
    '---',
    'apiVersion: discovery.k8s.io/v1',
    'kind: EndpointSlice',
    'metadata:',
    `  name: ${name}-1`,
    '  namespace: shop',
    '  labels:',
    `    kubernetes.io/service-name: ${name}`,
    'addressType: IPv4',
    'ports:',
    '  - name: http',
    `    port: ${port}`,
    'endpoints:',
    '  - addresses: [127.0.0.1]',
    '',
  ].join('\n');
}
