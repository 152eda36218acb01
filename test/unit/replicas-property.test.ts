import fc from 'fast-check';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Pipeline } from '../../src/pipeline.ts';
import { ProblemLog } from '../../src/problem-log.ts';
import { typeUrls } from '../../src/protos/index.ts';
import { ResourceStore } from '../../src/resources/index.ts';
import { refKey, type SourceRecord } from '../../src/sources/source.ts';
import { callersIn, GRPC_CLIENTS } from '../../src/translate/groups.ts';
import { endpoint, pod, service, slice } from '../support/records.ts';

const silent = pino({ level: 'silent' });
const OPTIONS = {
  listen: [{ host: '127.0.0.1', port: 10000 }],
  previewDomain: 'preview.example.com',
  carriers: { header: 'x-preview', baggage: 'preview', cookie: 'preview', host: true },
  browserPath: '/.shunt',
};
const GROUPS = [[], [GRPC_CLIENTS], [callersIn('shop')], [callersIn('prod')]];
const NOON = Date.UTC(2030, 0, 1, 12);
const MINUTE = 60_000;

beforeEach(() => vi.useFakeTimers({ now: NOON }));
afterEach(() => vi.useRealTimers());

const { constantFrom, record, tuple, uniqueArray } = fc;
const optional = <Value>(...values: Value[]) => constantFrom(undefined, ...values);
const present = (fields: Record<string, string | undefined>) =>
  Object.fromEntries(Object.entries(fields).filter((field): field is [string, string] => field[1] !== undefined));
const id = tuple(constantFrom('shop', 'prod'), constantFrom('api', 'db', 'p1', 'p2', 'p3')).map((parts) =>
  parts.join('/'),
);
const address = constantFrom('10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4', 'fd00::1');
/** An API server says of each object when it was created, in seconds, so that many are of one age. */
const createdAt = constantFrom(NOON - 10 * MINUTE, NOON - 5 * MINUTE, NOON);

const roles = constantFrom<Record<string, string | undefined>>(
  { 'shunt.dev/role': 'baseline' },
  { 'shunt.dev/role': 'gateway' },
  { 'shunt.dev/role': 'baselyne' },
  {},
);
const previewLabels = record({
  'shunt.dev/intercepts': constantFrom('api', 'api', 'api.prod', 'db', 'no_name'),
  'shunt.dev/key': optional('k1', 'k1', 'k1.a', 'k1.a.x', 'k2', 'K--'),
});
const previewAnnotations = record({
  'shunt.dev/match': optional(
    'x-user=alice',
    'x-user=bob',
    'path: {prefix: /x}',
    'path: {regex: "/x/[0-9]+"}',
    '{headers: {x-user: {prefix: a}}}',
    'nonsense: [',
  ),
  'shunt.dev/ttl': optional('11m', '1h'),
  'shunt.dev/expires-at': optional('2030-01-01T12:03:00Z', 'soon'),
  'shunt.dev/mode': optional('mirror', 'redirect'),
  'shunt.dev/when-unready': optional('deny', 'baseline'),
});
const baselineAnnotations = record({
  'shunt.dev/hosts': optional('a.example.com', 'a.example.com/x, b.example.com', 'api, db.prod.svc'),
  'shunt.dev/allow-from': optional('shop, prod', 'shop'),
  'shunt.dev/endpoints-from': optional('db', 'p3', 'nobody'),
});
const ports = constantFrom(['http'], ['grpc'], ['http', 'grpc'], ['tcp']).map((names) =>
  names.map((name, index) => ({ name, port: 80 + index, protocol: 'TCP' as const })),
);
const labelled = fc.oneof(
  record({ labels: roles, annotations: baselineAnnotations }),
  record({ labels: previewLabels, annotations: previewAnnotations }),
);
const services = tuple(id, labelled, createdAt, ports).map(([name, { labels, annotations }, age, own]) =>
  service(name, { labels: present(labels), annotations: present(annotations), createdAt: age, ports: own }),
);
const slices = record({
  id,
  number: constantFrom(1, 2, 3),
  endpoints: uniqueArray(tuple(address, constantFrom({}, { ready: false }, { ready: false, terminating: true })), {
    selector: ([at]) => at,
    maxLength: 4,
  }),
  port: constantFrom('http', 'grpc'),
  number8080: constantFrom(8080, 8081),
}).map(({ id: name, number, endpoints, port, number8080 }) => {
  const family = endpoints[0]?.[0].includes(':') ? 'IPv6' : 'IPv4';
  return slice(name, [], {
    name: `${name.split('/')[1]}-${number}`,
    addressType: family,
    ports: [{ name: port, port: number8080 }],
    endpoints: endpoints
      .filter(([at]) => at.includes(':') === (family === 'IPv6'))
      .map(([at, conditions]) => endpoint(at, conditions)),
  });
});
/** Mostly of one Deployment and so one preview, of one age, whatever each says. */
const ofOneRollout = constantFrom({ 'shunt.dev/intercepts': 'api', 'shunt.dev/key': 'k1' });
const pods = record({
  name: constantFrom('copy-1', 'copy-2', 'copy-3', 'other-1'),
  labels: fc.oneof(ofOneRollout, ofOneRollout, previewLabels),
  annotations: previewAnnotations,
  controlled: constantFrom(true, true, false),
  addresses: uniqueArray(address, { maxLength: 2 }),
  ready: constantFrom(true, false),
  terminating: constantFrom(false, false, true),
  hostNetwork: constantFrom(false, false, false, true),
  createdAt,
}).map(({ name, labels, annotations, controlled, ...fields }) =>
  pod(`shop/${name}`, 'api', undefined, {
    ...{ labels: present(labels), annotations: present(annotations), ports: [{ name: 'http', port: 8080 }] },
    ...(controlled ? {} : { owner: undefined }),
    ...fields,
  }),
);
/** Enough that is in order for the rest to matter. */
const sound = constantFrom(
  service('shop/api', { labels: { 'shunt.dev/role': 'baseline' }, createdAt: NOON }),
  service('prod/api', { labels: { 'shunt.dev/role': 'baseline' }, createdAt: NOON }),
  slice('shop/api', ['10.0.0.1', '10.0.0.2']),
  slice('prod/api', ['10.0.0.3']),
);
const object = fc.oneof<fc.Arbitrary<SourceRecord>[]>(services, slices, pods, sound, services, pods);
const world = uniqueArray(object, { selector: refKey, maxLength: 14 });

/** How one replica came to know the world: what else it saw before, in which steps, and how long it took for each. */
const history = record({
  before: fc.array(object, { maxLength: 6 }),
  order: fc.infiniteStream(fc.nat(1000)),
  steps: fc.array(record({ size: fc.integer({ min: 1, max: 5 }), tookMs: constantFrom(0, 100, 600, 30_000) }), {
    maxLength: 6,
  }),
});
type History = typeof history extends fc.Arbitrary<infer Value> ? Value : never;

it('lets replicas agree on each resource and each problem, whatever they saw of a cluster, in which order and when', () => {
  fc.assert(
    fc.property(world, history, history, (objects, one, other) => {
      expect(live(objects, one)).toEqual(live(objects, other));
    }),
    { numRuns: 400 },
  );
}, 60_000);

/** What a replica serves and says in the end. */
function live(objects: readonly SourceRecord[], { before, order, steps }: History) {
  vi.setSystemTime(NOON);
  const store = new ResourceStore();
  const problems = new ProblemLog(silent);
  const pipeline = new Pipeline(OPTIONS, store, problems, silent);
  const seen = [...new Map(before.map((each) => [refKey(each), each])).values()];
  pipeline.changed({ upserts: seen, deletes: [] });

  const kept = new Set(objects.map(refKey));
  const gone = seen.filter((each) => !kept.has(refKey(each)));
  const changes = [
    ...objects.map((record) => ({ upserts: [record], deletes: [] })),
    ...gone.map((record) => ({ upserts: [], deletes: [record] })),
  ];
  const places = new Map(changes.map((change) => [change, order.next().value as number]));
  changes.sort((a, b) => places.get(a)! - places.get(b)!);
  for (const { size, tookMs } of [...steps, { size: changes.length, tookMs: 0 }]) {
    const batch = changes.splice(0, size);
    const upserts = batch.flatMap((change) => change.upserts);
    pipeline.changed({ upserts, deletes: batch.flatMap((change) => change.deletes) });
    vi.advanceTimersByTime(tookMs);
  }
  // To the same time, past what has been put off.
  vi.advanceTimersByTime(NOON + 4 * MINUTE - Date.now());
  pipeline.stop();

  const resources = GROUPS.map((groups) => {
    const view = store.view(...groups);
    return Object.values(typeUrls).flatMap((typeUrl) =>
      [...view.names(typeUrl)].map((name) => `${typeUrl} ${name} ${view.get(typeUrl, name)!.version}`).sort(),
    );
  });
  const said = problems.current().map((each) => JSON.stringify(each));
  return { resources, problems: [...new Set(said)].sort() };
}
