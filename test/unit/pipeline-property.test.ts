import fc from 'fast-check';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { Pipeline } from '../../src/pipeline.ts';
import { ProblemLog } from '../../src/problem-log.ts';
import { decode, typeUrls } from '../../src/protos/index.ts';
import { ResourceStore, type View } from '../../src/resources/index.ts';
import { refKey, type SourceRecord } from '../../src/sources/source.ts';
import { callersIn, GRPC_CLIENTS } from '../../src/translate/groups.ts';
import { baseline, endpoint, preview, service, slice } from '../support/records.ts';

const silent = pino({ level: 'silent' });
const OPTIONS = {
  listen: [{ host: '127.0.0.1', port: 10000 }],
  previewDomain: 'preview.example.com',
  carriers: { header: 'x-preview', baggage: 'preview', cookie: 'preview', host: true },
};
const GROUPS = [[], [GRPC_CLIENTS], [callersIn('shop')], [callersIn('prod')], [GRPC_CLIENTS, callersIn('shop')]];

const id = fc
  .tuple(fc.constantFrom('shop', 'prod'), fc.constantFrom('api', 'db', 'p1', 'p2', 'api--prod'))
  .map((parts) => parts.join('/'));
const optional = <Value>(arbitrary: fc.Arbitrary<Value>) => fc.option(arbitrary, { nil: undefined });
const present = (fields: Record<string, string | undefined>) =>
  Object.fromEntries(Object.entries(fields).filter((field): field is [string, string] => field[1] !== undefined));

/** Some equal, some hiding others, some on paths that an outside host has not, some refused. */
const values = fc.constantFrom(
  'a',
  { prefix: 'a' },
  { contains: 'a', 'ignore-case': 'true' },
  { regex: 'a+' },
  { regex: '(' },
);
const presence = fc.constantFrom({ present: 'true' }, { absent: 'true' });
const section = optional(fc.dictionary(fc.constantFrom('one', 'two'), fc.oneof(values, presence), { minKeys: 1 }));
const matches = fc
  .record({
    method: optional(fc.constantFrom('GET', 'POST', 'get')),
    path: optional(fc.constantFrom('/x', '/x/y', { prefix: '/x' }, { prefix: '/' }, { regex: '/x/[0-9]+' })),
    headers: section,
    cookies: section,
    baggage: section,
    query: section,
  })
  .map((fields) => JSON.stringify(fields));

const services = fc
  .record({
    id,
    role: optional(fc.constantFrom('baseline', 'baseline', 'baselyne')),
    intercepts: optional(fc.constantFrom('api', 'db', 'api.prod', 'api.shop', 'a.b.c')),
    key: optional(fc.constantFrom('k1', 'k2', 'k1.a', 'k1.a', 'k1.a.x', 'k1.ab', 'k2.a', 'K--')),
    match: optional(fc.oneof(fc.constantFrom('x-user=alice', 'x-user=bob', 'nonsense'), matches)),
    expiresAt: optional(fc.constantFrom('9999-01-01T00:00:00Z', '2020-01-01T00:00:00Z', 'soon')),
    ttl: optional(fc.constantFrom('1h', '0h')),
    hosts: optional(fc.constantFrom('a.example.com', 'a.example.com/x, b.example.com', 'api, db.prod.svc', '_')),
    allowFrom: optional(fc.constantFrom('shop', 'prod', '*')),
    createdAt: optional(fc.constantFrom(1000, 2000)),
    ports: fc.constantFrom(['http'], ['grpc'], ['http', 'grpc'], ['tcp']),
  })
  .map(({ id: name, role, intercepts, key, match, expiresAt, ttl, hosts, allowFrom, createdAt, ports }) =>
    service(name, {
      labels: present({ 'shunt.dev/role': role, 'shunt.dev/intercepts': intercepts, 'shunt.dev/key': key }),
      annotations: present({
        'shunt.dev/match': match,
        'shunt.dev/expires-at': expiresAt,
        'shunt.dev/ttl': ttl,
        'shunt.dev/hosts': hosts,
        'shunt.dev/allow-from': allowFrom,
      }),
      createdAt,
      ports: ports.map((port, index) => ({ name: port, port: 80 + index, protocol: 'TCP' })),
    }),
  );
const slices = fc
  .record({
    id,
    addresses: fc.uniqueArray(fc.constantFrom('10.0.0.1', '10.0.0.2', '10.0.0.3')),
    ready: fc.boolean(),
    port: fc.constantFrom('http', 'grpc'),
  })
  .map(({ id: name, addresses, ready, port }) =>
    slice(name, [], {
      ports: [{ name: port, port: 8080 }],
      endpoints: addresses.map((address) => endpoint(address, { ready })),
    }),
  );
/** Previews with nothing wrong, of two services, so that their keys often meet. */
const families = fc.oneof(
  fc.constantFrom(baseline('shop/api'), baseline('shop/db')),
  fc
    .tuple(
      fc.constantFrom('p1', 'p2', 'p3'),
      fc.constantFrom('api', 'db'),
      fc.constantFrom('k1', 'k1.a', 'k1.a.x', 'k1.ab'),
    )
    .map(([name, target, key]) => preview(`shop/${name}`, target, key)),
  fc.constantFrom(slice('shop/p1', ['10.0.0.4']), slice('shop/p2', ['10.0.0.5']), slice('shop/p3', ['10.0.0.6'])),
);
const change = fc.record({
  upserts: fc
    .array(fc.oneof<fc.Arbitrary<SourceRecord>[]>(services, slices, families, families), { maxLength: 5 })
    .map((records) => [...new Map(records.map((record) => [refKey(record), record])).values()]),
  deletes: fc.array(fc.nat(9), { maxLength: 2 }),
});

it('comes to the same resources and problems in whatever steps the world came about', () => {
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 12 }), (changes) => {
      const step = start();
      const world = new Map<string, SourceRecord>();
      for (const { upserts, deletes } of changes) {
        const gone = deletes.flatMap((index) => [...world.values()].slice(index, index + 1));
        const refs = gone.filter((record) => !upserts.some((each) => refKey(each) === refKey(record)));
        for (const ref of refs) world.delete(refKey(ref));
        for (const record of upserts) world.set(refKey(record), record);
        step.pipeline.changed({ upserts, deletes: refs });
      }
      const fresh = start();
      fresh.pipeline.changed({ upserts: [...world.values()].reverse(), deletes: [] });

      for (const groups of GROUPS) {
        expect(versions(step.store.view(...groups))).toEqual(versions(fresh.store.view(...groups)));
        checkInvariants(fresh.store.view(...groups));
      }
      const said = ({ problems }: typeof fresh) => new Set(problems.current().map((each) => JSON.stringify(each)));
      expect(said(step)).toEqual(said(fresh));
    }),
    { numRuns: 500 },
  );
}, 60_000);

function start() {
  const store = new ResourceStore();
  const problems = new ProblemLog(silent);
  return { store, problems, pipeline: new Pipeline(OPTIONS, store, problems, silent) };
}

function versions(view: View): Record<string, string> {
  return Object.fromEntries(
    Object.values(typeUrls).flatMap((typeUrl) =>
      [...view.names(typeUrl)].sort().map((name) => [`${typeUrl} ${name}`, view.get(typeUrl, name)!.version]),
    ),
  );
}

/** What an Envoy would refuse, or answer with 503. */
function checkInvariants(view: View): void {
  for (const name of view.names(typeUrls.loadAssignment)) {
    const { body } = view.get(typeUrls.loadAssignment, name)!;
    const { endpoints = [] } = decode('envoy.config.endpoint.v3.ClusterLoadAssignment', body);
    const addresses = endpoints.flatMap(({ lb_endpoints: each = [] }) =>
      each.map(({ endpoint: at }) => JSON.stringify(at?.address)),
    );
    expect(new Set(addresses).size).toBe(addresses.length);
  }
  for (const name of view.names(typeUrls.routeConfiguration)) {
    const { body } = view.get(typeUrls.routeConfiguration, name)!;
    const { virtual_hosts: hosts = [] } = decode('envoy.config.route.v3.RouteConfiguration', body);
    const domains = hosts.flatMap((host) => host.domains ?? []);
    expect(new Set(domains).size).toBe(domains.length);
    const clusters = hosts.flatMap(({ routes = [] }) => routes.map((route) => route.route?.cluster ?? ''));
    const known = new Set(view.names(typeUrls.cluster));
    for (const { match } of hosts.flatMap(({ routes = [] }) => routes)) {
      const paths = [match?.prefix, match?.path, match?.path_separated_prefix, match?.safe_regex];
      expect(paths.filter((path) => path !== undefined && path !== null)).toHaveLength(1);
    }
    expect(clusters.filter((cluster) => !known.has(cluster))).toEqual([]);
  }
}
