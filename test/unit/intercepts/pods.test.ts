import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Catalog } from '../../../src/catalog/catalog.ts';
import { resolveIntercepts } from '../../../src/intercepts/resolve.ts';
import { formatProblem } from '../../../src/problems.ts';
import type { PodRecord, ServicePort, SourceRecord } from '../../../src/sources/source.ts';
import { refOf } from '../../../src/sources/source.ts';
import { baseline, endpoint, pod, preview, slice } from '../../support/records.ts';

const HOUR = 3_600_000;

function world(...records: SourceRecord[]) {
  const catalog = new Catalog('preview.example.com');
  let touched = catalog.apply({ upserts: records, deletes: [] }, 0);
  const told = new Map(touched.problems);
  return {
    catalog,
    change(upserts: SourceRecord[], deletes: SourceRecord[] = []) {
      touched = catalog.apply({ upserts, deletes: deletes.map(refOf) }, 0);
      for (const [object, problems] of touched.problems) told.set(object, problems);
      return [...touched.intercepts];
    },
    look(id = 'shop/api') {
      const { intercepts, problems } = resolveIntercepts(id, catalog);
      return {
        previews: intercepts?.intercepts.map((each) => `${each.preview.kind} ${each.preview.name}`),
        entries: intercepts?.ports.map(({ entries }) =>
          entries.map((each) => [`${each.address}:${each.port}`, each.baseline ? '-' : '', ...each.subsets].join(' ')),
        ),
        problems: [...[...told.values()].flat(), ...problems].map(formatProblem),
      };
    },
  };
}

const port = (targetPort?: number | string, name = 'http', number = 80): ServicePort => ({
  ...{ name, port: number, protocol: 'TCP' },
  ...(targetPort === undefined ? {} : { targetPort }),
});
const api = (...ports: ServicePort[]) => baseline('shop/api', { ports: ports.length === 0 ? [port(8080)] : ports });
const own = slice('shop/api', ['10.0.0.1']);
const copy = (name: string, address: string, fields: Partial<PodRecord> = {}) =>
  pod(`shop/api-pr-${name}`, 'api', 'pr', { addresses: [address], ...fields });

describe('labelled Pods', () => {
  it('of one owner are one preview', () => {
    expect(world(api(), own, copy('a', '10.0.0.8'), copy('b', '10.0.0.9')).look()).toEqual({
      previews: ['Deployment api-pr'],
      entries: [['10.0.0.1:8080 -', '10.0.0.8:8080  pr', '10.0.0.9:8080  pr']],
      problems: [],
    });
  });

  it('that nothing controls are one preview if their labels are the same', () => {
    const loose = { owner: undefined };
    const { previews, problems } = world(api(), own, copy('a', '10.0.0.8', loose), copy('b', '10.0.0.9', loose)).look();
    expect(previews).toEqual(['Pod api-pr-a']);
    expect(problems).toEqual([]);
  });

  it('of several keys are a preview each', () => {
    const labels = { 'shunt.dev/intercepts': 'api', 'shunt.dev/key': 'other' };
    const found = world(api(), own, copy('a', '10.0.0.8'), copy('b', '10.0.0.9', { labels }));
    expect(found.look().entries).toEqual([['10.0.0.1:8080 -', '10.0.0.8:8080  pr', '10.0.0.9:8080  other']]);
  });

  it('may have a rule instead of a key, and mean what the youngest of them says while a rollout lasts', () => {
    const rule = (user: string, createdAt: number) => ({
      ...{ createdAt, labels: { 'shunt.dev/intercepts': 'api' } },
      annotations: { 'shunt.dev/match': `x-user=${user}` },
    });
    const { catalog } = world(
      api(),
      own,
      copy('a', '10.0.0.8', rule('alice', 1)),
      copy('b', '10.0.0.9', rule('bob', 2)),
    );
    const { intercepts } = resolveIntercepts('shop/api', catalog);
    expect(intercepts!.rules.map(({ match }) => match.conditions[0]!.test)).toEqual([
      expect.objectContaining({ value: 'bob' }),
    ]);
    expect(intercepts!.ports[0]!.entries).toHaveLength(3);
  });

  it('are reached while they are ready; those that end serve on if no other is', () => {
    const ending = { terminating: true };
    const entries = (...pods: PodRecord[]) =>
      world(api(), own, ...pods)
        .look()
        .entries![0]!.slice(1);
    expect(entries(copy('a', '10.0.0.8', { ready: false }))).toEqual([]);
    expect(entries(copy('a', '10.0.0.8', ending), copy('b', '10.0.0.9'))).toEqual(['10.0.0.9:8080  pr']);
    expect(entries(copy('a', '10.0.0.8', ending))).toEqual(['10.0.0.8:8080  pr']);
  });

  it.each([
    [
      'its target port by number',
      port(8080),
      [
        { name: 'other', port: 9090 },
        { name: '', port: 8080 },
      ],
      8080,
    ],
    ['its target port by name', port('web'), [{ name: 'web', port: 9090 }], 9090],
    [
      'the port that is named as its own, if they have not its target',
      port(8080),
      [{ name: 'http', port: 9090 }],
      9090,
    ],
    ['its target port if they tell of none', port(8080), [], 8080],
    ['its own number if it has no target', port(), [], 80],
  ])('listen, for a port of their baseline, at %s', (_, servicePort, ports, expected) => {
    const { entries } = world(api(servicePort), own, copy('a', '10.0.0.9', { ports })).look();
    expect(entries![0]).toContain(`10.0.0.9:${expected}  pr`);
  });

  it('stand for each port of a baseline that they have', () => {
    const ports = [port(8080), port('admin', 'admin', 81)];
    const { entries } = world(
      api(...ports),
      own,
      copy('a', '10.0.0.9', { ports: [{ name: 'admin', port: 9 }] }),
    ).look();
    expect(entries).toEqual([['10.0.0.1:8080 -', '10.0.0.9:8080  pr'], ['10.0.0.9:9  pr']]);
  });

  it('are refused with a reason where they have no port for it', () => {
    const { previews, problems } = world(api(port('web')), own, copy('a', '10.0.0.9')).look();
    expect(previews).toEqual([]);
    expect(problems).toEqual([
      'Deployment shop/api-pr: no container of its Pods tells of a port for Service shop/api, whose target is "web". ' +
        "Name the container's port so, or as the port of that Service is named.",
    ]);
  });

  it('are reached in the family of their baseline, if they have an address of it', () => {
    const six = slice('shop/api', ['fd00::1'], { addressType: 'IPv6' });
    const both = { addresses: ['10.0.0.9', 'fd00::9'] };
    expect(world(api(), six, copy('a', '', both)).look().entries![0]).toContain('fd00::9:8080  pr');
    expect(world(api(), own, copy('a', '', both)).look().entries![0]).toContain('10.0.0.9:8080  pr');
    expect(world(api(), copy('a', '', both)).look().entries![0]).toContain('10.0.0.9:8080  pr');
    expect(world(api(), six, copy('a', '10.0.0.9')).look().entries![0]).toContain('10.0.0.9:8080  pr');
  });

  it('on the network of their nodes are refused, and take nothing from the baseline', () => {
    const { previews, entries, problems } = world(api(), own, copy('a', '10.0.0.1', { hostNetwork: true })).look();
    expect({ previews, entries }).toEqual({ previews: [], entries: [['10.0.0.1:8080 -']] });
    expect(problems).toEqual([
      expect.stringContaining('Deployment shop/api-pr: it has Pods on the network of their nodes'),
    ]);
  });

  it('that are no previews for what they say are told of once for their owner, and say why', () => {
    const labels = { 'shunt.dev/intercepts': 'api', 'shunt.dev/key': 'PR' };
    const bad = [copy('a', '10.0.0.8', { labels }), copy('b', '10.0.0.9', { labels })];
    expect(world(api(), own, ...bad).look().problems).toEqual([
      expect.stringContaining('Deployment shop/api-pr: the label shunt.dev/key is "PR"'),
    ]);
    const role = { 'shunt.dev/intercepts': 'api', 'shunt.dev/role': 'baseline' };
    expect(world(api(), own, copy('a', '10.0.0.8', { labels: role })).look().problems).toEqual([
      expect.stringContaining('shunt.dev/role, which belongs on a Service'),
    ]);
  });

  it('of a baseline that is not there are told of once for their owner', () => {
    expect(world(copy('a', '10.0.0.8'), copy('b', '10.0.0.9')).look().problems).toEqual([
      expect.stringContaining('Deployment shop/api-pr: it intercepts Service shop/api, which is not there'),
    ]);
  });

  it('behind a Service with the same labels are that Service’s, which says how they are reached', () => {
    const service = [
      preview('shop/api-pr', 'api', 'pr'),
      slice('shop/api-pr', ['10.0.0.9'], { ports: [{ name: 'http', port: 7 }] }),
    ];
    expect(world(api(), own, ...service, copy('a', '10.0.0.9')).look()).toEqual({
      previews: ['Service api-pr'],
      entries: [['10.0.0.1:8080 -', '10.0.0.9:7  pr']],
      problems: [],
    });
  });

  it('live from when the oldest of them was made', () => {
    const annotations = { 'shunt.dev/ttl': '1h' };
    const { catalog, look } = world(
      api(),
      own,
      copy('a', '10.0.0.8', { annotations, createdAt: 1_000 }),
      copy('b', '10.0.0.9', { annotations, createdAt: 2_000 }),
    );
    expect(look().previews).toEqual(['Deployment api-pr']);
    expect(catalog.nextExpiry).toBe(HOUR + 1_000);
    expect([...catalog.expire(HOUR + 1_000).intercepts]).toEqual(['shop/api']);
    expect(look().previews).toEqual([]);
  });
});

describe('a baseline’s endpoints', () => {
  const covering = slice('shop/api', ['10.0.0.1', '10.0.0.9']);

  it('leave out labelled Pods that its selector covers, in whatever order that is learnt, and whatever is wrong with them', () => {
    const labels = { 'shunt.dev/intercepts': 'api', 'shunt.dev/key': 'PR' };
    const records = [api(), covering, copy('a', '10.0.0.9', { labels })];
    for (const order of [records, records.toReversed(), [records[1]!, records[2]!, records[0]!]]) {
      const found = world();
      for (const record of order) found.change([record]);
      expect(found.look().entries).toEqual([['10.0.0.1:8080 -']]);
    }
  });

  it('change when such a Pod gets its address, and when it goes', () => {
    const found = world(api(), covering, copy('a', '', { addresses: [] }));
    expect(found.look().entries).toEqual([['10.0.0.1:8080 -', '10.0.0.9:8080 -']]);
    expect(found.change([copy('a', '10.0.0.9')])).toEqual(['shop/api']);
    expect(found.look().entries).toEqual([['10.0.0.1:8080 -', '10.0.0.9:8080  pr']]);
    expect(found.change([], [copy('a', '10.0.0.9')])).toEqual(['shop/api']);
    expect(found.look().entries).toEqual([['10.0.0.1:8080 -', '10.0.0.9:8080 -']]);
  });

  it('of another baseline that the selector of which covers them too leave them out as well', () => {
    const internal = [
      baseline('shop/internal', { ports: [port(8080)] }),
      slice('shop/internal', ['10.0.0.1', '10.0.0.9']),
    ];
    expect(world(api(), own, ...internal, copy('a', '10.0.0.9')).look('shop/internal').entries).toEqual([
      ['10.0.0.1:8080 -'],
    ]);
  });

  it('are left alone by Pods of other namespaces', () => {
    const foreign = pod('evil/api-pr-a', 'api.shop', 'pr', { addresses: ['10.0.0.1'] });
    expect(world(api(), own, foreign).look().entries).toEqual([['10.0.0.1:8080 -']]);
  });

  it('that end serve on though a copy among them is ready', () => {
    const ending = slice('shop/api', [], {
      endpoints: [endpoint('10.0.0.1', { ready: false, terminating: true }), endpoint('10.0.0.9')],
    });
    expect(world(api(), ending, copy('a', '10.0.0.9')).look().entries![0]).toContain('10.0.0.1:8080 -');
  });

  it('are none if all of them are copies, and its owner is told why it has none', () => {
    const { entries, problems } = world(api(), slice('shop/api', ['10.0.0.9']), copy('a', '10.0.0.9')).look();
    expect(entries).toEqual([['10.0.0.9:8080  pr']]);
    expect(problems).toEqual([
      expect.stringContaining(
        'Service shop/api: all of its endpoints at port 80 are Pods labelled shunt.dev/intercepts',
      ),
    ]);
  });
});

it('does not depend on the order of events', () => {
  const steps: SourceRecord[] = [
    api(),
    slice('shop/api', ['10.0.0.1', '10.0.0.8', '10.0.0.9']),
    copy('a', '10.0.0.8'),
    copy('b', '10.0.0.9', { ready: false }),
    pod('shop/x-y', 'api', 'x', { addresses: ['10.0.0.7'], owner: undefined }),
    preview('shop/api-two', 'api', 'pr'),
    slice('shop/api-two', ['10.0.0.8']),
  ];
  const whole = world(...steps).look();
  fc.assert(
    fc.property(
      fc.shuffledSubarray(steps, { minLength: steps.length }),
      fc.shuffledSubarray(steps),
      (order, undone) => {
        const found = world();
        for (const record of order) found.change([record]);
        for (const record of undone) found.change([], [record]);
        for (const record of undone) found.change([record]);
        expect(found.look()).toEqual(whole);
      },
    ),
    { numRuns: 200 },
  );
});
