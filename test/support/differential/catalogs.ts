import fc from 'fast-check';
import type { EndpointSliceRecord, ServicePort, SourceRecord } from '../../../src/sources/source.ts';
import { baseline, pod, preview, service, slice } from '../records.ts';
import { type MatchSpec, matchAnnotation, matchSpecs } from './matches.ts';

/** A random catalogue, in words of its own that shrink well. */
export interface CatalogSpec {
  readonly baselines: readonly BaselineSpec[];
  readonly previews: readonly PreviewSpec[];
}

export interface BaselineSpec {
  readonly id: string;
  readonly role: string;
  readonly ports: PortSet;
  readonly hosts: string | undefined;
  readonly allowFrom: string | undefined;
  readonly createdAt: number | undefined;
  readonly endpoints: readonly EndpointSpec[];
  /** Whether its selector covers the Pods that are its previews. */
  readonly coversPods: boolean;
}

export interface PreviewSpec {
  /** Whether it is Pods without a Service. */
  readonly pods: boolean;
  readonly namespace: string;
  /** As the label says it. */
  readonly target: string;
  readonly key: string | undefined;
  readonly match: MatchSpec | undefined;
  readonly expired: boolean;
  readonly whenUnready: string | undefined;
  readonly ports: PortSet;
  readonly createdAt: number | undefined;
  readonly endpoints: readonly EndpointSpec[];
}

interface EndpointSpec {
  readonly condition: 'ready' | 'unready' | 'ending';
  /** An upstream that somebody else may have too; absent: one of its own. */
  readonly shared: number | undefined;
}

type PortSet = keyof typeof PORTS;

const HTTP: ServicePort = { name: 'http', port: 80, protocol: 'TCP' };
const PORTS = {
  http: [HTTP],
  two: [HTTP, { name: 'admin', port: 8080, protocol: 'TCP' }],
  odd: [{ name: 'http', port: 8080, protocol: 'TCP' }],
  grpc: [{ name: 'grpc', port: 9000, protocol: 'TCP' }],
  mixed: [{ name: 'grpc', port: 9000, protocol: 'TCP' }, HTTP],
  opaque: [{ name: 'tcp', port: 5432, protocol: 'TCP' }],
} as const satisfies Record<string, readonly ServicePort[]>;

export const NAMESPACES = ['shop', 'prod'] as const;
const NAMES = ['api', 'web', 'db'] as const;
export const KEYS = [
  'pr-1',
  'pr-2',
  'checkout',
  'checkout.alice',
  'checkout.bob',
  'checkout.alice.v-2',
  'dev.proj-ab',
  'dev.proj-abc',
  'four.parts.are.many',
] as const;
/** Keys that nobody has, and texts that are none. */
export const NO_KEYS = ['nope', 'checkout.carol', 'dev', '-', 'PR-1', 'pr--1', 'pr-1-', '.', '"', 'x'.repeat(64), 'é'];
export const HOSTS = ['shop.example.com', 'a.shop.example.com', '*.shop.example.com', '*.example.com', '*'] as const;
const PREFIXES = ['', '', '/a', '/api', '/api/a'] as const;
const PREVIEW_NAMES = ['p', 'q'] as const;

/** Half of the time. */
const optional = <Value>(arbitrary: fc.Arbitrary<Value>) => fc.option(arbitrary, { nil: undefined, freq: 2 });
const weighted = <Value>(...choices: readonly (readonly [number, Value])[]) =>
  fc.oneof(...choices.map(([weight, value]) => ({ weight, arbitrary: fc.constant(value) })));

const endpoint: fc.Arbitrary<EndpointSpec> = fc.record({
  condition: weighted<EndpointSpec['condition']>([16, 'ready'], [2, 'unready'], [1, 'ending']),
  shared: fc.oneof({ weight: 20, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: fc.nat(7) }),
});
const endpoints = (maxLength: number) =>
  fc.oneof(
    { weight: 12, arbitrary: fc.array(endpoint, { minLength: 1, maxLength, size: 'max' }) },
    { weight: 1, arbitrary: fc.constant([]) },
  );
const ports = weighted<PortSet>([16, 'http'], [6, 'two'], [2, 'odd'], [4, 'grpc'], [4, 'mixed'], [1, 'opaque']);
const createdAt = optional(fc.constantFrom(1000, 2000, 3000));

const baselines = fc
  .subarray(
    NAMESPACES.flatMap((namespace) => NAMES.map((name) => `${namespace}/${name}`)),
    { minLength: 3 },
  )
  .chain((ids) => fc.tuple(...ids.map(baselineOf)));

function baselineOf(id: string): fc.Arbitrary<BaselineSpec> {
  const host = fc.tuple(fc.constantFrom(...HOSTS), fc.constantFrom(...PREFIXES)).map((parts) => parts.join(''));
  return fc.record({
    id: fc.constant(id),
    role: weighted([20, 'baseline'], [1, 'baselyne']),
    ports,
    hosts: optional(fc.array(host, { minLength: 1, maxLength: 3 }).map((each) => each.join(', '))),
    allowFrom: optional(fc.constantFrom('shop, prod', 'shop')),
    createdAt,
    endpoints: endpoints(3),
    coversPods: fc.boolean(),
  });
}

/** Mostly of a Service that there is, with its ports. */
const previewsOf = (all: readonly BaselineSpec[]) =>
  fc.array(fc.constantFrom(...all).chain(previewOf), { minLength: 4, maxLength: 16, size: 'max' });

function previewOf(of: BaselineSpec): fc.Arbitrary<PreviewSpec> {
  const [namespace, name] = of.id.split('/') as [string, string];
  const own = { namespace, target: name };
  const others = fc.record({
    namespace: fc.constantFrom(...NAMESPACES),
    target: fc.constantFrom(name, `${name}.${namespace}`, 'a.b.c', 'missing'),
  });
  const place = fc.oneof({ weight: 6, arbitrary: fc.constant(own) }, { weight: 1, arbitrary: others });
  const fields = fc.record({
    pods: weighted([3, false], [1, true]),
    key: fc.oneof(
      { weight: 8, arbitrary: fc.constantFrom<(string | undefined)[]>(...KEYS) },
      { weight: 4, arbitrary: fc.constant(undefined) },
      { weight: 1, arbitrary: fc.constantFrom('K--', '') },
    ),
    match: optional(matchSpecs),
    expired: weighted([20, false], [1, true]),
    whenUnready: weighted([4, undefined], [1, 'baseline'], [3, 'deny']),
    ports: fc.oneof({ weight: 5, arbitrary: fc.constant(of.ports) }, { weight: 1, arbitrary: ports }),
    createdAt,
    endpoints: endpoints(2),
  });
  return fc.tuple(place, fields).map(([where, rest]) => ({ ...where, ...rest }));
}

export const catalogs: fc.Arbitrary<CatalogSpec> = baselines.chain((all) =>
  fc.record({ baselines: fc.constant(all), previews: previewsOf(all) }),
);

/** How many upstreams a catalogue may have endpoints at. */
export const MOST_UPSTREAMS = 6 * 3 + 16 * 2;

/** Ports of the upstreams on 127.0.0.1, by what they speak. */
export interface UpstreamPorts {
  readonly http1: readonly number[];
  readonly http2: readonly number[];
  /** Pods have addresses of their own, and listen at the same ports. */
  readonly pods: { readonly addresses: readonly string[]; readonly http1: number; readonly http2: number };
}

/** How many Pods a catalogue may have. */
export const MOST_PODS = 16 * 2;

/** A preview's name is its number: there is no order in which two could be confused. */
function previewId(spec: PreviewSpec, index: number): string {
  return `${spec.namespace}/${PREVIEW_NAMES[index % 2]}-${index}`;
}

/** As messages name it. */
export function previewTitle(spec: PreviewSpec, index: number): string {
  return `${spec.pods ? 'Deployment' : 'Service'} ${previewId(spec, index)}`;
}

/** The Service that a preview means, whether or not there is one. */
export function targetOf({ namespace, target }: PreviewSpec): string {
  const [name, inNamespace = namespace] = target.split('.');
  return `${inNamespace}/${name}`;
}

const present = (fields: Record<string, string | undefined>) =>
  Object.fromEntries(Object.entries(fields).filter((field): field is [string, string] => field[1] !== undefined));

export function recordsOf({ baselines, previews }: CatalogSpec, upstreams: UpstreamPorts): readonly SourceRecord[] {
  let next = 0;
  const slices = (id: string, set: PortSet, specs: readonly EndpointSpec[]): readonly EndpointSliceRecord[] =>
    specs.flatMap(({ condition, shared }, index) => {
      const upstream = shared ?? next++;
      return PORTS[set].map(({ name }) => {
        const port = (name === 'grpc' ? upstreams.http2 : upstreams.http1)[upstream]!;
        return oneSlice(id, `${name}-${index}`, name, port, '127.0.0.1', condition);
      });
    });
  const podPort = (name: string) => (name === 'grpc' ? upstreams.pods.http2 : upstreams.pods.http1);
  const portsOf = (set: PortSet) => PORTS[set].map((port) => ({ ...port, targetPort: podPort(port.name) }));
  const addresses = [...upstreams.pods.addresses];
  const podsOf = previews.map((spec, index) =>
    spec.pods ? spec.endpoints.map(({ condition }) => ({ spec, index, condition, address: addresses.shift()! })) : [],
  );
  return [
    ...baselines.flatMap(({ id, role, ports: set, hosts, allowFrom, createdAt: age, endpoints: at, coversPods }) => [
      baseline(id, {
        labels: { 'shunt.dev/role': role },
        annotations: present({ 'shunt.dev/hosts': hosts, 'shunt.dev/allow-from': allowFrom }),
        ports: portsOf(set),
        createdAt: age,
      }),
      ...slices(id, set, at),
      ...(coversPods ? podsOf.flat() : []).flatMap(({ spec, condition, address }) =>
        targetOf(spec) === id && spec.namespace === id.split('/')[0]
          ? PORTS[set].map(({ name }) => oneSlice(id, `${name}-${address}`, name, podPort(name), address, condition))
          : [],
      ),
    ]),
    ...previews.flatMap((spec, index): readonly SourceRecord[] => {
      const id = previewId(spec, index);
      const annotations = present({
        'shunt.dev/match': spec.match && matchAnnotation(spec.match),
        'shunt.dev/when-unready': spec.whenUnready,
        'shunt.dev/expires-at': spec.expired ? '2020-01-01T00:00:00Z' : undefined,
      });
      const { createdAt: age } = spec;
      if (spec.pods) {
        return podsOf[index]!.map(({ condition, address }, number) => {
          const state = { ready: condition === 'ready', terminating: condition === 'ending' };
          return pod(`${id}-${number}`, spec.target, spec.key, {
            annotations,
            addresses: [address],
            createdAt: age,
            ...state,
          });
        });
      }
      const fields = { annotations, ports: portsOf(spec.ports), createdAt: age };
      return [preview(id, spec.target, spec.key, fields), ...slices(id, spec.ports, spec.endpoints)];
    }),
    service('shop/plain'),
  ];
}

function oneSlice(
  id: string,
  suffix: string,
  name: string,
  port: number,
  address: string,
  condition: EndpointSpec['condition'],
): EndpointSliceRecord {
  const state = { ready: condition === 'ready', serving: condition !== 'unready', terminating: condition === 'ending' };
  return slice(id, [], {
    name: `${id.split('/')[1]}-${suffix}`,
    ports: [{ name, port }],
    endpoints: [{ addresses: [address], ...state }],
  });
}
