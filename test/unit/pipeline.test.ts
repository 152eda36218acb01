import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { Pipeline } from '../../src/pipeline.ts';
import { ProblemLog } from '../../src/problem-log.ts';
import { typeUrls } from '../../src/protos/index.ts';
import type { ResourceUpdate } from '../../src/resources/index.ts';
import { ResourceStore } from '../../src/resources/index.ts';
import type { ObjectRef, SourceRecord } from '../../src/sources/source.ts';
import { baseline, preview, slice } from '../support/records.ts';

const silent = pino({ level: 'silent' });

/** Runs changes through a pipeline and tells what came out of each. */
function pipeline() {
  const updates: ResourceUpdate[] = [];
  const store = new ResourceStore();
  const sink = {
    apply(update: ResourceUpdate) {
      updates.push(update);
      return store.apply(update);
    },
  };
  const problems = new ProblemLog(silent);
  const options = {
    listen: [{ host: '127.0.0.1', port: 10000 }],
    previewDomain: 'preview.example.com',
    carriers: { header: 'x-preview', baggage: 'preview', cookie: 'preview', host: true },
  };
  const made = new Pipeline(options, sink, problems, silent);
  const title = ({ typeUrl, name }: { typeUrl: string; name: string }) => `${typeUrl.split('.').at(-1)} ${name}`;
  return {
    problems,
    resource: (typeUrl: string, name: string) => store.view().get(typeUrl, name),
    apply(upserts: SourceRecord[], deletes: ObjectRef[] = []) {
      made.changed({ upserts, deletes });
      const { set, remove, groups } = updates.at(-1)!;
      return { set: set.map(title), remove: remove.map(title), groups: [...(groups?.keys() ?? [])] };
    },
  };
}

const world = [
  baseline('shop/api'),
  slice('shop/api', ['10.0.0.1']),
  baseline('shop/db'),
  slice('shop/db', ['10.0.0.2']),
  slice('shop/api-pr-1', ['10.0.0.9']),
];

describe('the first change', () => {
  it('makes everything, the listeners included, even of an empty world', () => {
    expect(pipeline().apply([]).set).toEqual(['Listener 127.0.0.1:10000', 'RouteConfiguration gateway']);
    expect(pipeline().apply(world).set).toEqual([
      'Cluster shop/api/80',
      'ClusterLoadAssignment shop/api/80',
      'Cluster shop/db/80',
      'ClusterLoadAssignment shop/db/80',
      'Listener 127.0.0.1:10000',
      'RouteConfiguration gateway',
    ]);
  });
});

describe('routes', () => {
  it('say which clusters they need, so that no client is sent them before it has these', () => {
    const { apply, resource } = pipeline();
    apply(world);
    const references = () => resource(typeUrls.routeConfiguration, 'gateway')?.references;
    expect(references()).toEqual(new Set(['shop/api/80', 'shop/db/80']));
    apply([], [{ kind: 'Service', namespace: 'shop', name: 'db' }]);
    expect(references()).toEqual(new Set(['shop/api/80']));
  });
});

describe('a preview that speaks another protocol than its baseline', () => {
  it('is a cluster, its endpoints and a listener besides, when it comes and when it goes, and no route', () => {
    const { apply } = pipeline();
    apply(world);
    const http2 = { name: 'http2', port: 80, protocol: 'TCP' } as const;
    const copy = preview('shop/api-pr-1', 'api', 'pr-1', { ports: [http2] });
    apply([slice('shop/api-pr-1', ['10.0.0.9'], { ports: [{ name: 'http2', port: 8080 }] })]);
    const own = ['Cluster', 'ClusterLoadAssignment', 'Listener'].map((type) => `${type} shop/api/80@shop/api-pr-1`);
    expect(apply([copy])).toEqual({ set: ['ClusterLoadAssignment shop/api/80', ...own], remove: [], groups: [] });
    expect(apply([], [copy])).toEqual({ set: ['ClusterLoadAssignment shop/api/80'], remove: own, groups: [] });
  });
});

describe('a preview with a key', () => {
  it('is one ClusterLoadAssignment when it comes, changes and goes', () => {
    const { apply } = pipeline();
    apply(world);
    const copy = preview('shop/api-pr-1', 'api', 'pr-1');
    const one = { set: ['ClusterLoadAssignment shop/api/80'], remove: [], groups: [] };
    expect(apply([copy])).toEqual(one);
    expect(apply([slice('shop/api-pr-1', ['10.0.0.10'])])).toEqual(one);
    expect(apply([preview('shop/api-pr-1', 'api', 'pr-2')])).toEqual(one);
    expect(apply([], [copy])).toEqual(one);
  });

  it('that moves to another baseline is one ClusterLoadAssignment of each', () => {
    const { apply } = pipeline();
    apply([...world, preview('shop/api-pr-1', 'api', 'pr-1')]);
    expect(apply([preview('shop/api-pr-1', 'db', 'pr-1')]).set.sort()).toEqual([
      'ClusterLoadAssignment shop/api/80',
      'ClusterLoadAssignment shop/db/80',
    ]);
  });

  it('is one ClusterLoadAssignment too while it has no endpoints, and nothing when another object takes its place', () => {
    const { apply } = pipeline();
    apply(world.slice(0, 4));
    const one = preview('shop/one', 'api', 'pr-1');
    expect(apply([one])).toEqual({ set: ['ClusterLoadAssignment shop/api/80'], remove: [], groups: [] });
    expect(apply([preview('shop/two', 'api', 'pr-1')], [one])).toEqual({ set: [], remove: [], groups: [] });
  });
});

describe('a hierarchical key', () => {
  const apiCheckout = preview('shop/api-pr-1', 'api', 'checkout');
  const child = (id: string, key = 'checkout.alice') => preview(id, 'elsewhere', key);

  it('touches the services with a preview of an ancestor when its first preview comes and its last goes, and no others', () => {
    const { apply } = pipeline();
    const web = [baseline('shop/web'), slice('shop/web', ['10.0.0.3']), preview('shop/web-pr', 'web', 'check')];
    apply([...world, ...web, apiCheckout]);
    const one = { set: ['ClusterLoadAssignment shop/api/80'], remove: [], groups: [] };
    const none = { set: [], remove: [], groups: [] };
    expect(apply([child('shop/one')])).toEqual(one);
    expect(apply([child('shop/two')])).toEqual(none);
    expect(apply([], [child('shop/one')])).toEqual(none);
    expect(apply([child('shop/two', 'checkout.bob')])).toEqual(one);
    expect(apply([], [child('shop/two', 'checkout.bob')])).toEqual(one);
  });

  it('translates nothing again when a preview with it is moved from one object to another', () => {
    const { apply } = pipeline();
    apply([...world, apiCheckout, child('shop/one')]);
    expect(apply([child('shop/two')], [child('shop/one')])).toEqual({ set: [], remove: [], groups: [] });
  });
});

it('takes a preview with a match to the routes, and no further', () => {
  const { apply } = pipeline();
  apply(world);
  const annotations = { 'shunt.dev/match': 'x-user=alice' };
  expect(apply([preview('shop/api-pr-1', 'api', undefined, { annotations })]).set).toEqual([
    'ClusterLoadAssignment shop/api/80',
    'RouteConfiguration gateway',
  ]);
});

describe('a mirror', () => {
  const copy = preview('shop/api-pr-1', 'api', 'pr-1', { annotations: { 'shunt.dev/mode': 'mirror' } });
  const [own, routes] = [
    ['Cluster mirror/shop/api-pr-1/80', 'ClusterLoadAssignment mirror/shop/api-pr-1/80'],
    ['RouteConfiguration gateway'],
  ];

  it('has a cluster of its own, and routes that copies are made on', () => {
    const { apply } = pipeline();
    apply(world);
    expect(apply([copy])).toEqual({ set: [...own, ...routes], remove: [], groups: [] });
    expect(apply([slice('shop/api-pr-1', ['10.0.0.10'])])).toEqual({ set: [own[1]], remove: [], groups: [] });
    expect(apply([], [copy])).toEqual({ set: routes, remove: own, groups: [] });
  });

  it('becomes an ordinary preview, and back', () => {
    const { apply } = pipeline();
    apply([...world, copy]);
    const assignment = 'ClusterLoadAssignment shop/api/80';
    expect(apply([preview('shop/api-pr-1', 'api', 'pr-1')])).toEqual({
      set: [assignment, ...routes],
      remove: own,
      groups: [],
    });
    expect(apply([copy])).toEqual({ set: [assignment, ...own, ...routes], remove: [], groups: [] });
  });
});

it('removes what belonged to a baseline with it', () => {
  const { apply } = pipeline();
  apply(world);
  expect(apply([], [baseline('shop/api')])).toEqual({
    set: ['RouteConfiguration gateway'],
    remove: ['Cluster shop/api/80', 'ClusterLoadAssignment shop/api/80'],
    groups: ['grpc-clients'],
  });
});

it('makes routes of their own for namespaces that mean different Services by one short name', () => {
  const { apply } = pipeline();
  apply(world);
  expect(apply([baseline('prod/api')]).groups).toEqual(['grpc-clients', 'callers-in/prod', 'callers-in/shop']);
  expect(apply([], [baseline('prod/api')]).groups).toEqual(['grpc-clients', 'callers-in/prod', 'callers-in/shop']);
  expect(apply([baseline('prod/web')]).groups).toEqual(['grpc-clients']);
});

it('knows what is wrong until it is mended', () => {
  const { apply, problems } = pipeline();
  apply([preview('shop/p', 'api', 'k')]);
  expect(problems.current().map(({ code }) => code)).toEqual(['baseline-missing']);
  apply([baseline('shop/api')]);
  expect(problems.current()).toEqual([]);
});
