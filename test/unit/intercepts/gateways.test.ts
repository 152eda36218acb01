import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Catalog } from '../../../src/catalog/catalog.ts';
import { resolveIntercepts } from '../../../src/intercepts/resolve.ts';
import { formatProblem } from '../../../src/problems.ts';
import type { SourceRecord } from '../../../src/sources/source.ts';
import { refOf } from '../../../src/sources/source.ts';
import { baseline, endpoint, pod, service, slice } from '../../support/records.ts';

function world(...records: SourceRecord[]) {
  const catalog = new Catalog('preview.example.com');
  let touched = catalog.apply({ upserts: records, deletes: [] }, 0);
  const told = new Map(touched.problems);
  return {
    /** @returns the Services that are to be looked at again. */
    change(upserts: SourceRecord[], deletes: SourceRecord[] = []) {
      touched = catalog.apply({ upserts, deletes: deletes.map(refOf) }, 0);
      for (const [object, problems] of touched.problems) told.set(object, problems);
      return [...touched.intercepts, ...touched.baselines];
    },
    look() {
      const { intercepts, problems } = resolveIntercepts('shop/api', catalog);
      return {
        entries: intercepts?.ports.map(({ entries }) => entries.map((each) => `${each.address}:${each.port}`)),
        problems: [...[...told.values()].flat(), ...problems].map(formatProblem),
      };
    },
  };
}

const gateways = service('shop/gateway', { labels: { 'shunt.dev/role': 'gateway' } });
const listening = { ports: [{ name: 'http', port: 10000 }] };
const gatewaysThere = slice('shop/gateway', ['10.1.0.1', '10.1.0.2'], listening);
const api = baseline('shop/api');
const fronted = baseline('shop/api', { annotations: { 'shunt.dev/endpoints-from': 'api-direct' } });
const direct = service('shop/api-direct');
const own = slice('shop/api', ['10.0.0.1']);
const ownDirect = slice('shop/api-direct', ['10.0.0.1']);
/** The slice of api once its selector is that of the gateways. */
const switched = slice('shop/api', ['10.1.0.1', '10.1.0.2'], listening);

const LOOP =
  'Service shop/api: at port 80 10.1.0.1, 10.1.0.2 among its endpoints are the gateways themselves, so requests would go ' +
  'round in circles; they are left out. Name a Service with the selector of its own Pods in the annotation ' +
  'shunt.dev/endpoints-from, or give it back that selector.';

describe('a baseline with gateways behind its name', () => {
  it('has the endpoints of the Service that it names', () => {
    const { look } = world(gateways, gatewaysThere, fronted, direct, ownDirect, switched);
    expect(look()).toEqual({ entries: [['10.0.0.1:8080']], problems: [] });
  });

  it('has the same endpoints at every moment of the switch, and back', () => {
    const { change, look } = world(gateways, gatewaysThere, api, own);
    const steps: readonly [upserts: SourceRecord[], deletes?: SourceRecord[]][] = [
      [[direct]],
      [[ownDirect]],
      [[fronted]],
      [[switched]],
      [[own]],
      [[api]],
      [[], [direct]],
      [[], [ownDirect]],
    ];
    for (const [upserts, deletes] of steps) {
      change(upserts, deletes);
      expect(look()).toEqual({ entries: [['10.0.0.1:8080']], problems: [] });
    }
  });

  it('keeps its own endpoints until the Service that it names has any, and its owner is told', () => {
    const { change, look } = world(fronted, own);
    expect(look()).toEqual({
      entries: [['10.0.0.1:8080']],
      problems: [
        'Service shop/api: its annotation shunt.dev/endpoints-from names Service shop/api-direct, which has no endpoints; its ' +
          'own are used. Give that Service the selector of the Pods that serve its requests, or remove the annotation.',
      ],
    });
    expect(change([ownDirect])).toContain('shop/api');
    expect(look()).toEqual({ entries: [['10.0.0.1:8080']], problems: [] });
  });

  it('follows what becomes of the endpoints of the Service that it names', () => {
    const { change, look } = world(fronted, direct, ownDirect, switched);
    expect(change([slice('shop/api-direct', ['10.0.0.2'])])).toContain('shop/api');
    expect(look().entries).toEqual([['10.0.0.2:8080']]);
  });

  it('has its Pods that are previews at the port which its own Pods have', () => {
    const port = (targetPort: number) => ({ name: 'http', port: 80, protocol: 'TCP' as const, targetPort });
    const copy = pod('shop/api-pr-a', 'api', 'pr', { addresses: ['10.0.0.9'] });
    const front = { ...fronted, ports: [port(10000)] };
    const { change, look } = world(front, switched, ownDirect, copy, { ...direct, ports: [port(8080)] });
    expect(look().entries).toEqual([['10.0.0.1:8080', '10.0.0.9:8080']]);
    expect(change([{ ...direct, ports: [port(9090)] }])).toContain('shop/api');
    expect(look().entries).toEqual([['10.0.0.1:8080', '10.0.0.9:9090']]);
  });

  it.each(['api', 'Api', 'other.shop', ''])('cannot name %j', (name) => {
    const annotations = { 'shunt.dev/endpoints-from': name };
    const { entries, problems } = world(baseline('shop/api', { annotations }), own).look();
    expect(entries).toEqual([['10.0.0.1:8080']]);
    expect(problems).toEqual([
      `Service shop/api: the annotation shunt.dev/endpoints-from is ${JSON.stringify(name)}, so its own endpoints are used. Write ` +
        'the name of another Service of its namespace, whose selector is the one that this Service had.',
    ]);
  });
});

describe('gateways', () => {
  it('are never the endpoints of a baseline whose selector is theirs, and its owner is told', () => {
    expect(world(gateways, gatewaysThere, api, switched).look()).toEqual({ entries: [[]], problems: [LOOP] });
  });

  it('are left out where a selector covers both them and the Pods of a baseline', () => {
    const both = slice('shop/api', ['10.0.0.1', '10.1.0.1', '10.1.0.2'], listening);
    const { entries, problems } = world(gateways, gatewaysThere, api, both).look();
    expect(entries).toEqual([['10.0.0.1:10000']]);
    expect(problems).toEqual([LOOP]);
  });

  it('are known before they are ready', () => {
    const endpoints = [endpoint('10.1.0.1', { ready: false, serving: false })];
    const early = slice('shop/gateway', [], { ...listening, endpoints });
    expect(world(gateways, early, api, slice('shop/api', ['10.1.0.1'], listening)).look().entries).toEqual([[]]);
  });

  it('may share the address of a node with Pods of a baseline', () => {
    const sharing = slice('shop/api', ['10.1.0.1']);
    expect(world(gateways, gatewaysThere, api, sharing).look()).toEqual({ entries: [['10.1.0.1:8080']], problems: [] });
  });

  it('are found whatever comes first, and forgotten when they go', () => {
    const records = [gateways, gatewaysThere, api, switched];
    fc.assert(
      fc.property(fc.shuffledSubarray(records, { minLength: records.length }), (order) => {
        const { change, look } = world();
        const seen = order.map((record) => change([record]));
        expect(look()).toEqual({ entries: [[]], problems: [LOOP] });
        expect(seen.at(-1)).toContain('shop/api');
        expect(change([], [gateways])).toContain('shop/api');
        expect(look().problems).toEqual([]);
      }),
    );
  });

  it('are nobody’s preview', () => {
    const labels = { 'shunt.dev/role': 'gateway', 'shunt.dev/intercepts': 'api', 'shunt.dev/key': 'pr' };
    expect(world(api, own, service('shop/gateway', { labels })).look().problems).toEqual([
      'Service shop/gateway: it is labelled both shunt.dev/role: gateway and shunt.dev/intercepts, and is no preview. Remove one ' +
        "of the two: gateways are nobody's copy.",
    ]);
  });
});
