import { describe, expect, it } from 'vitest';
import { Catalog } from '../../../src/catalog/catalog.ts';
import { resolveIntercepts } from '../../../src/intercepts/resolve.ts';
import { formatProblem } from '../../../src/problems.ts';
import type { ServicePort, SourceRecord } from '../../../src/sources/source.ts';
import { baseline, preview, service, slice } from '../../support/records.ts';

function resolve(id: string, ...records: SourceRecord[]) {
  const catalog = new Catalog('preview.example.com');
  catalog.apply({ upserts: records, deletes: [] }, 0);
  const { intercepts, problems } = resolveIntercepts(id, catalog);
  return {
    keys: intercepts?.intercepts.map((each) => `${each.subsets.join('+')} ${each.preview.id}`),
    entries: intercepts?.ports.map(({ entries }) =>
      entries.map(({ address, subsets }) => [address, ...subsets].join(' ')),
    ),
    problems: problems.map(formatProblem),
  };
}

const port = (name: string, number: number): ServicePort => ({ name, port: number, protocol: 'TCP' });

describe('a preview is in force', () => {
  it('under its key, with its own endpoints', () => {
    const api = [baseline('shop/api'), slice('shop/api', ['10.0.0.1'])];
    const copy = [preview('shop/api-pr-1', 'api', 'pr-1'), slice('shop/api-pr-1', ['10.0.0.9'])];
    expect(resolve('shop/api', ...api, ...copy)).toEqual({
      keys: ['pr-1 shop/api-pr-1'],
      entries: [['10.0.0.1', '10.0.0.9 pr-1']],
      problems: [],
    });
  });

  it('under a name that is no key, if it has a match only', () => {
    const annotations = { 'shunt.dev/match': 'x-user=alice' };
    expect(
      resolve('shop/api', baseline('shop/api'), preview('shop/al', 'api', undefined, { annotations })).keys,
    ).toEqual(['rule--shop--al shop/al']);
  });

  it('under both, if it has both', () => {
    const annotations = { 'shunt.dev/match': 'x-user=alice' };
    const found = resolve('shop/api', baseline('shop/api'), preview('shop/al', 'api', 'k', { annotations }));
    expect(found.keys).toEqual(['k+rule--shop--al shop/al']);
  });

  it('from another namespace, if the baseline allows that one', () => {
    const annotations = { 'shunt.dev/allow-from': 'web' };
    const found = resolve('prod/api', baseline('prod/api', { annotations }), preview('web/p', 'api.prod', 'k'));
    expect(found).toMatchObject({ keys: ['k web/p'], problems: [] });
  });

  it('on each port of the baseline that it has too, by name and then by number', () => {
    const ports = [port('http', 80), port('grpc', 9000), port('http-metrics', 9100)];
    const own = [port('grpc', 7000), port('other', 80)];
    const found = resolve(
      'shop/api',
      baseline('shop/api', { ports }),
      preview('shop/p', 'api', 'k', { ports: own }),
      slice('shop/p', ['10.0.0.9'], {
        ports: [
          { name: 'grpc', port: 7001 },
          { name: 'other', port: 8081 },
        ],
      }),
    );
    expect(found).toMatchObject({ entries: [['10.0.0.9 k'], ['10.0.0.9 k'], []], problems: [] });
  });
});

it('a preview that speaks another protocol stands for its baseline’s port by itself', () => {
  const catalog = new Catalog('preview.example.com');
  const copy = preview('shop/p', 'api', 'k', { ports: [port('grpc', 80)] });
  const own = slice('shop/p', ['10.0.0.9'], { ports: [{ name: 'grpc', port: 9 }] });
  const bridges = () => {
    const { entries, bridges, unready } = resolveIntercepts('shop/api', catalog).intercepts!.ports[0]!;
    return { entries: entries.length, bridges, unready: unready.map(({ subsets }) => subsets) };
  };
  catalog.apply({ upserts: [baseline('shop/api'), slice('shop/api', ['10.0.0.1']), copy, own], deletes: [] }, 0);
  expect(bridges()).toMatchObject({
    entries: 1,
    bridges: [{ subsets: ['k'], protocol: 'HTTP/2', endpoints: [{ address: '10.0.0.9', port: 9 }] }],
    unready: [],
  });
  catalog.apply({ upserts: [], deletes: [own] }, 0);
  expect(bridges()).toEqual({ entries: 1, bridges: [], unready: [['k']] });
});

describe('a preview is refused, at no cost to others, when', () => {
  it('its baseline is not there or has not opted in', () => {
    expect(resolve('shop/api', preview('shop/p', 'api', 'k'))).toEqual({
      keys: undefined,
      entries: undefined,
      problems: [
        'Service shop/p: it intercepts Service shop/api, which is not there or is no baseline. ' +
          'Label that Service shunt.dev/role: baseline, or correct the label shunt.dev/intercepts.',
      ],
    });
  });

  it('it comes from a namespace that the baseline did not allow', () => {
    const { keys, problems } = resolve('prod/api', baseline('prod/api'), preview('web/p', 'api.prod', 'k'));
    expect(keys).toEqual([]);
    expect(problems.join()).toContain('Service prod/api takes no previews from the namespace web.');
  });

  it('an older one has its key, and both owners are told', () => {
    const { keys, problems } = resolve(
      'shop/api',
      baseline('shop/api'),
      preview('shop/a', 'api', 'k', { createdAt: 2000 }),
      preview('shop/b', 'api', 'k', { createdAt: 1000 }),
    );
    expect(keys).toEqual(['k shop/b']);
    expect(problems[0]).toContain('Service shop/a: Service shop/b has the key "k" for shop/api already');
    expect(problems[1]).toContain('Service shop/b: Service shop/a wants the key "k" for shop/api too');
  });

  it('another has its match', () => {
    const annotations = { 'shunt.dev/match': 'x-user=alice' };
    const { keys, problems } = resolve(
      'shop/api',
      baseline('shop/api'),
      preview('shop/a', 'api', undefined, { annotations }),
      preview('shop/b', 'api', undefined, { annotations }),
    );
    expect(keys).toEqual(['rule--shop--a shop/a']);
    expect(problems).toHaveLength(2);
  });

  it('the baseline speaks no HTTP', () => {
    const ports = [port('tcp-redis', 6379)];
    const { problems } = resolve('shop/cart', baseline('shop/cart', { ports }), preview('shop/p', 'cart', 'k'));
    expect(problems.join()).toContain('Service shop/cart has no port that speaks HTTP');
  });

  it('none of its ports stands for one of its baseline', () => {
    const ports = [port('http', 80), port('admin', 81)];
    const { problems } = resolve(
      'shop/api',
      baseline('shop/api', { ports }),
      preview('shop/p', 'api', 'k', { ports: [port('grpc', 8080)] }),
    );
    expect(problems.join()).toContain(
      'none of its ports 8080 (HTTP/2) stands for a port of Service shop/api: 80 (HTTP/1.1), 81 (HTTP/1.1).',
    );
  });

  it('50 older ones of its baseline speak another protocol already', () => {
    const many = Array.from({ length: 51 }, (_, index) =>
      preview(`shop/p${index}`, 'api', `k${index}`, { ports: [port('grpc', 80)], createdAt: index + 1 }),
    );
    const { keys, problems } = resolve('shop/api', baseline('shop/api'), ...many);
    expect(keys).toHaveLength(50);
    expect(problems).toEqual([
      expect.stringContaining('Service shop/p50: Service shop/api has 50 previews already that speak'),
    ]);
  });
});

it('does not depend on the order in which the objects came', () => {
  const records = [
    baseline('shop/api'),
    slice('shop/api', ['10.0.0.2', '10.0.0.1']),
    preview('shop/b', 'api', 'k'),
    preview('shop/a', 'api', 'k'),
    slice('shop/a', ['10.0.0.9', '10.0.0.8']),
  ];
  expect(resolve('shop/api', ...records.toReversed())).toEqual(resolve('shop/api', ...records));
});

describe('a preview of a key has no preview URL, and is in force all the same, where', () => {
  it.each([
    ['its label would be longer than 63 characters', 'api', 'k'.repeat(59), '"k{59}--api" has 64 characters'],
    ['its dots make it so', 'api', `a.${'k'.repeat(55)}`, 'has 64 characters, and a label of a host 63 at most'],
    ['it has more than three parts', 'api', 'a.b.c.d', 'the key "a.b.c.d" has 4 parts, and a host holds 3 at most'],
    ['the name of its baseline holds ---', 'a---b', 'k', 'the name of its baseline, a---b, holds ---, which ends'],
  ])('%s', (_, name, key, why) => {
    const { keys, problems } = resolve(`shop/${name}`, baseline(`shop/${name}`), preview('shop/p', name, key));
    expect(keys).toEqual([`${key} shop/p`]);
    expect(problems).toEqual([expect.stringMatching(`^Service shop/p: it has no preview URL: .*${why}.* elsewhere`)]);
  });

  it('is not said of a label of 63 characters', () => {
    const { problems } = resolve('shop/api', baseline('shop/api'), preview('shop/p', 'api', 'k'.repeat(58)));
    expect(problems).toEqual([]);
  });
});

describe('however many keys somebody declares,', () => {
  it('a baseline takes 2,000 previews of its own, in order of precedence', () => {
    const many = Array.from({ length: 2_002 }, (_, index) =>
      preview(`shop/p${index}`, 'api', `k${index}`, { createdAt: 5_000 - index }),
    );
    const { keys, problems } = resolve('shop/api', baseline('shop/api'), ...many);
    expect(keys).toHaveLength(2_000);
    expect(problems).toEqual([
      expect.stringContaining('Service shop/p1: Service shop/api has 2000 previews of precedence over this one'),
      expect.stringContaining('Service shop/p0: '),
    ]);
  });

  it('a preview inherits 500 of them, the older ones', () => {
    const declared = Array.from({ length: 502 }, (_, index) =>
      preview(`evil/p${index}`, 'db', `checkout.a${index}`, { createdAt: 5_000 - index }),
    );
    const copy = [preview('shop/p', 'api', 'checkout'), slice('shop/p', ['10.0.0.2'])];
    const { entries, problems } = resolve('shop/api', baseline('shop/api'), ...copy, ...declared);
    const names = entries![0]![0]!.split(' ');
    expect(names).toHaveLength('10.0.0.2 checkout'.split(' ').length + 500);
    expect(names).toContain('checkout.a501');
    expect(names).not.toContain('checkout.a1');
    expect(problems).toEqual([
      expect.stringContaining(
        'Service shop/p: more than 500 keys below "checkout" are declared; the younger ones, such as "checkout.a1"',
      ),
    ]);
  });
});

describe('a hierarchical key', () => {
  const world = [
    baseline('shop/api'),
    slice('shop/api', ['10.0.0.1']),
    preview('shop/api-checkout', 'api', 'checkout'),
    slice('shop/api-checkout', ['10.0.0.2']),
  ];
  const alice = [preview('shop/api-alice', 'api', 'checkout.alice'), slice('shop/api-alice', ['10.0.0.3'])];
  const elsewhere = (key: string) => preview(`other/db-${key.replaceAll('.', '-')}`, 'db', key);
  const entries = (...records: SourceRecord[]) => resolve('shop/api', ...world, ...records).entries![0];

  it('leads to the preview of its parent where the service has none of its own', () => {
    expect(entries(elsewhere('checkout.alice'))).toEqual(['10.0.0.1', '10.0.0.2 checkout checkout.alice']);
  });

  it('leads to its own preview where there is one', () => {
    expect(entries(...alice)).toEqual(['10.0.0.1', '10.0.0.2 checkout', '10.0.0.3 checkout.alice']);
  });

  it('leads to the nearest of its ancestors', () => {
    const grandchildren = [elsewhere('checkout.alice.x'), elsewhere('checkout.bob.x')];
    expect(entries(...alice, ...grandchildren)).toEqual([
      '10.0.0.1',
      '10.0.0.2 checkout checkout.bob.x',
      '10.0.0.3 checkout.alice checkout.alice.x',
    ]);
  });

  it('falls to whole parts only: not from dev.proj-abc to dev.proj-ab', () => {
    const ab = [preview('shop/api-ab', 'api', 'dev.proj-ab'), slice('shop/api-ab', ['10.0.0.4'])];
    expect(entries(...ab, elsewhere('dev.proj-abc'), elsewhere('checkouts'))).toEqual([
      '10.0.0.1',
      '10.0.0.2 checkout',
      '10.0.0.4 dev.proj-ab',
    ]);
  });

  it('is known by no preview if nobody declared it', () => {
    expect(entries()).toEqual(['10.0.0.1', '10.0.0.2 checkout']);
  });

  it('reaches its parent on the ports that its own preview has not', () => {
    const ports = [port('http', 80), port('grpc', 9000)];
    const found = resolve(
      'shop/api',
      baseline('shop/api', { ports }),
      preview('shop/api-checkout', 'api', 'checkout', { ports }),
      slice('shop/api-checkout', ['10.0.0.2'], {
        ports: [
          { name: 'http', port: 8080 },
          { name: 'grpc', port: 9000 },
        ],
      }),
      preview('shop/api-alice', 'api', 'checkout.alice', { ports: ports.slice(0, 1) }),
      slice('shop/api-alice', ['10.0.0.3']),
    );
    expect(found.entries).toEqual([
      ['10.0.0.2 checkout', '10.0.0.3 checkout.alice'],
      ['10.0.0.2 checkout checkout.alice'],
    ]);
  });

  it('stays with its own preview while that one is not ready, so that its requests reach the baseline', () => {
    expect(entries(preview('shop/api-alice', 'api', 'checkout.alice'))).toEqual(['10.0.0.1', '10.0.0.2 checkout']);
  });
});

it('lets one key name previews of many baselines in several namespaces', () => {
  const records = [
    baseline('shop/api'),
    preview('shop/api-pr', 'api', 'pr-1'),
    slice('shop/api-pr', ['10.0.0.2']),
    baseline('prod/db', { annotations: { 'shunt.dev/allow-from': 'shop' } }),
    preview('shop/db-pr', 'db.prod', 'pr-1'),
    slice('shop/db-pr', ['10.0.0.3']),
  ];
  expect(resolve('shop/api', ...records)).toMatchObject({ entries: [['10.0.0.2 pr-1']], problems: [] });
  expect(resolve('prod/db', ...records)).toMatchObject({ entries: [['10.0.0.3 pr-1']], problems: [] });
});

describe('a rule', () => {
  const carriers = { host: true, header: 'x-preview', cookie: 'preview', baggage: 'preview' };
  const codes = (match: string) => {
    const catalog = new Catalog('preview.example.com');
    const thief = preview('shop/thief', 'api', undefined, { annotations: { 'shunt.dev/match': match } });
    catalog.apply({ upserts: [baseline('shop/api'), thief], deletes: [] }, 0);
    return resolveIntercepts('shop/api', catalog, carriers).problems.map(({ code }) => code);
  };

  it('takes no requests by what carries the keys of others', () => {
    for (const match of [
      'x-preview=pr-1',
      'baggage=preview=pr-1',
      'cookies: {preview: pr-1}',
      'baggage: {preview: pr-1}',
    ]) {
      expect(codes(match)).toEqual(['match-invalid']);
    }
  });

  it('may want that none is there', () => {
    expect(codes('headers: {x-preview: {absent: true}, x-user: alice}')).toEqual([]);
  });
});

it('a Service loses no endpoints to gateways that another namespace calls its own', () => {
  const role = { labels: { 'shunt.dev/role': 'gateway' } };
  const world = [baseline('shop/api'), slice('shop/api', ['10.0.0.1'])];
  const claim = (id: string) => [service(id, role), slice(id, ['10.0.0.1'])];
  expect(resolve('shop/api', ...world, ...claim('evil/edge')).entries).toEqual([['10.0.0.1']]);
  expect(resolve('shop/api', ...world, ...claim('shop/edge')).entries).toEqual([[]]);
});
