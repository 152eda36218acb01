import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { withNames } from '../../../../src/sources/names/index.ts';
import type { EndpointSliceRecord, ObjectRef, Source } from '../../../../src/sources/source.ts';
import { type Manifest, service, slice } from '../objects.ts';
import { Recorder } from '../recorder.ts';
import { ScriptedResolver, ScriptedSource } from './scripted.ts';

const BASELINE = { 'shunt.dev/role': 'baseline' };
const API: ObjectRef = { kind: 'Service', namespace: 'shop', name: 'api' };

function plain(name: string): Manifest {
  return service(name, { labels: BASELINE });
}

function external(name: string, externalName: string): Manifest {
  return service(name, { labels: BASELINE, spec: { type: 'ExternalName', externalName } });
}

let resolver: ScriptedResolver;
let inner: ScriptedSource;
let seen: Recorder;
let source: Source;
beforeEach(() => {
  vi.useFakeTimers();
  resolver = new ScriptedResolver();
  seen = new Recorder();
});
afterEach(async () => {
  await source.stop();
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
  expect(seen.breaches).toEqual([]);
});

async function start(...first: readonly Manifest[]): Promise<void> {
  await startWith({ servicesWithoutSlices: true }, ...first);
}

async function startWith(options: { servicesWithoutSlices: boolean }, ...first: readonly Manifest[]): Promise<void> {
  inner = new ScriptedSource(...first);
  source = withNames(inner, { resolver, ...options });
  await source.start(seen);
}

function sliceNamed(name: string): EndpointSliceRecord | undefined {
  return seen.world.get(`EndpointSlice shop/${name}`) as EndpointSliceRecord | undefined;
}

/** The addresses of a slice; undefined if there is none. */
function addresses(name: string): readonly string[] | undefined {
  return sliceNamed(name)?.endpoints.flatMap((endpoint) => endpoint.addresses);
}

/** Lets promises that are settled take their course, and timers up to so many seconds from now. */
async function pass(seconds = 0): Promise<void> {
  await vi.advanceTimersByTimeAsync(seconds * 1_000);
}

test('in a cluster, a name that leads to the machine of the gateways gets no endpoints, and its owner is told', async () => {
  resolver.answer('me.example.com', ['127.0.0.1', '169.254.169.254']);
  await startWith({ servicesWithoutSlices: false }, external('trap', 'me.example.com'));
  expect(addresses('trap:dns-ipv4') ?? []).toEqual([]);
  expect(seen.sentences()).toEqual([
    expect.stringContaining(
      'me.example.com leads to 127.0.0.1, 169.254.169.254, which is where the gateways are themselves',
    ),
  ]);
});

describe('an ExternalName Service', () => {
  test('gets a slice for each address family, with the ports that its callers use', async () => {
    resolver.answer('db.example.com', ['10.0.0.2', 'fd00::1', '10.0.0.1']);
    await start(external('api', 'db.example.com'));
    expect(seen.changes).toHaveLength(1);
    expect(sliceNamed('api:dns-ipv4')).toEqual({
      kind: 'EndpointSlice',
      namespace: 'shop',
      name: 'api:dns-ipv4',
      service: 'api',
      addressType: 'IPv4',
      ports: [{ name: 'http', port: 80 }],
      endpoints: [
        { addresses: ['10.0.0.1'], ready: true, serving: true, terminating: false },
        { addresses: ['10.0.0.2'], ready: true, serving: true, terminating: false },
      ],
      place: 'shop.yaml:1',
    });
    expect(sliceNamed('api:dns-ipv6')).toMatchObject({ addressType: 'IPv6', endpoints: [{ addresses: ['fd00::1'] }] });
  });

  test.each([
    ['10.0.0.1', 'api:dns-ipv4', '10.0.0.1'],
    ['fd00::1', 'api:dns-ipv6', 'fd00::1'],
    ['[fd00::1]', 'api:dns-ipv6', 'fd00::1'],
    ['FD00:0:0::1', 'api:dns-ipv6', 'fd00::1'],
  ])('that is the address %s needs no lookup', async (externalName, name, address) => {
    await start(external('api', externalName));
    expect(addresses(name)).toEqual([address]);
    expect(resolver.asked).toEqual([]);
  });

  test('takes its slices with it when it goes, in the same change', async () => {
    resolver.answer('db.example.com', ['10.0.0.1']);
    await start(external('api', 'db.example.com'));
    inner.say([], [API]);
    expect(seen.changes.at(-1)).toEqual({
      upserts: [],
      deletes: [API, { kind: 'EndpointSlice', namespace: 'shop', name: 'api:dns-ipv4' }],
    });
    await pass(600);
    expect(resolver.asked).toHaveLength(1);
  });

  test('keeps its addresses when it gets another name, until that resolves', async () => {
    resolver.answer('old.example.com', ['10.0.0.1']).fail('new.example.com');
    await start(external('api', 'old.example.com'));
    inner.say([external('api', 'new.example.com')]);
    await pass();
    expect(addresses('api:dns-ipv4')).toEqual(['10.0.0.1']);
    resolver.answer('new.example.com', ['10.0.0.2']);
    await pass(1);
    expect(addresses('api:dns-ipv4')).toEqual(['10.0.0.2']);
  });

  test('gets its slices after it when it comes later: nothing else waits for them', async () => {
    resolver.answer('db.example.com', ['10.0.0.1']);
    await start();
    inner.say([external('api', 'db.example.com')]);
    expect(seen.keys()).toEqual(['Service shop/api']);
    await pass();
    expect(addresses('api:dns-ipv4')).toEqual(['10.0.0.1']);
  });

  test('is looked up only if it carries a label of Shunt and has a port', async () => {
    await start(
      service('api', { spec: { type: 'ExternalName', externalName: 'db.example.com' } }),
      service('web', { labels: BASELINE, spec: { type: 'ExternalName', externalName: 'db.example.com', ports: [] } }),
    );
    expect(resolver.asked).toEqual([]);
    expect(seen.keys()).toEqual(['Service shop/api', 'Service shop/web']);
  });
});

describe('a slice of addressType FQDN', () => {
  test('is replaced by slices of addresses, with its own ports and conditions', async () => {
    resolver.answer('a.example.com', ['10.0.0.1', 'fd00::1']).answer('b.example.com', ['10.0.0.1', '10.0.0.2']);
    resolver.answer('c.example.com', ['10.0.0.1']);
    const names = {
      ...slice('api-1', 'api', [], 'FQDN'),
      endpoints: [
        { addresses: ['b.example.com'], conditions: { ready: false } },
        { addresses: ['a.example.com'] },
        { addresses: ['c.example.com'], conditions: { ready: false, serving: true } },
      ],
    };
    await start(plain('api'), names);
    expect(seen.keys()).toEqual([
      'EndpointSlice shop/api-1:fqdn-ipv4',
      'EndpointSlice shop/api-1:fqdn-ipv6',
      'Service shop/api',
    ]);
    expect(sliceNamed('api-1:fqdn-ipv4')).toMatchObject({
      service: 'api',
      ports: [{ name: 'http', port: 8080 }],
      endpoints: [
        { addresses: ['10.0.0.1'], ready: true },
        { addresses: ['10.0.0.2'], ready: false },
      ],
    });
  });

  test('may become one of addresses, and one of names again', async () => {
    resolver.answer('a.example.com', ['10.0.0.1']);
    await start(plain('api'), slice('api-1', 'api', ['a.example.com'], 'FQDN'));
    inner.say([slice('api-1', 'api', ['10.0.0.9'])]);
    expect(seen.keys()).toEqual(['EndpointSlice shop/api-1', 'Service shop/api']);
    inner.say([slice('api-1', 'api', ['a.example.com'], 'FQDN')]);
    await pass();
    expect(seen.keys()).toEqual(['EndpointSlice shop/api-1:fqdn-ipv4', 'Service shop/api']);
    inner.say([], [{ ...API, kind: 'EndpointSlice', name: 'api-1' }]);
    await pass();
    expect(seen.keys()).toEqual(['Service shop/api']);
  });

  test('keeps the last good addresses of one name that fails, beside those of the others', async () => {
    resolver.answer('a.example.com', ['10.0.0.1'], 5).answer('b.example.com', ['10.0.0.2'], 5);
    await start(plain('api'), slice('api-1', 'api', ['a.example.com', 'b.example.com'], 'FQDN'));
    resolver.fail('a.example.com').answer('b.example.com', ['10.0.0.3'], 5);
    await pass(5);
    expect(addresses('api-1:fqdn-ipv4')).toEqual(['10.0.0.1', '10.0.0.3']);
  });

  test('does with those of its names that resolve, and tells of the others', async () => {
    resolver.answer('a.example.com', ['10.0.0.1']);
    await start(plain('api'), slice('api-1', 'api', ['a.example.com', 'b.example.com'], 'FQDN'));
    expect(addresses('api-1:fqdn-ipv4')).toEqual(['10.0.0.1']);
    expect(seen.sentences()).toEqual([
      'Service shop/api (shop.yaml:1): The address "b.example.com" of its EndpointSlice api-1 does not resolve (ENOTFOUND). Correct the name, or mend DNS. Until then the last good addresses stay in force.',
    ]);
  });
});

describe('a Service without slices', () => {
  test('is looked up by its name, the fullest first, and no further than the first that resolves', async () => {
    resolver.answer('api.shop', ['10.0.0.1']).answer('api', ['10.0.0.2']);
    await start(plain('api'));
    expect(resolver.asked).toEqual(['api.shop.svc.cluster.local', 'api.shop']);
    expect(addresses('api:dns-ipv4')).toEqual(['10.0.0.1']);
    expect(sliceNamed('api:dns-ipv4')?.ports).toEqual([{ name: 'http', port: 80 }]);
  });

  test('is told if none of its names resolves', async () => {
    await start(plain('api'));
    expect(seen.keys()).toEqual(['Service shop/api']);
    expect(seen.sentences()).toEqual([
      'Service shop/api (shop.yaml:1): It has no EndpointSlice, and none of the names api.shop.svc.cluster.local, api.shop, api resolves (ENOTFOUND). Write an EndpointSlice with its addresses, or let one of the names resolve.',
    ]);
  });

  test('gives its name up for a slice, and takes it up again, in one change each', async () => {
    resolver.answer('api', ['10.0.0.1']);
    await start(plain('api'));
    inner.say([slice('api-1', 'api', ['10.0.0.9'])]);
    expect(seen.changes.at(-1)).toMatchObject({ upserts: [{ name: 'api-1' }], deletes: [{ name: 'api:dns-ipv4' }] });
    inner.say([], [{ ...API, kind: 'EndpointSlice', name: 'api-1' }]);
    await pass();
    expect(seen.keys()).toEqual(['EndpointSlice shop/api:dns-ipv4', 'Service shop/api']);
  });

  test('is never looked up if a slice comes with it', async () => {
    await start(slice('api-1', 'api', []), plain('api'));
    expect(resolver.asked).toEqual([]);
  });

  test('is let be where controllers write the slices', async () => {
    await startWith({ servicesWithoutSlices: false }, plain('api'));
    expect(resolver.asked).toEqual([]);
    expect(seen.keys()).toEqual(['Service shop/api']);
  });
});

describe('the first full sync', () => {
  test('waits for the first attempt of all names, for better or worse', async () => {
    resolver.answer('db.example.com', ['10.0.0.1']).fail('x.example.com');
    await start(external('api', 'db.example.com'), external('web', 'x.example.com'), slice('db-1', 'db', ['10.0.0.9']));
    expect(seen.changes).toHaveLength(1);
    expect(seen.keys()).toEqual([
      'EndpointSlice shop/api:dns-ipv4',
      'EndpointSlice shop/db-1',
      'Service shop/api',
      'Service shop/web',
    ]);
  });

  test('waits no longer than two seconds, with what came meanwhile', async () => {
    resolver.never('slow.example.com');
    const started = start(external('api', 'slow.example.com'), plain('old'), slice('old-1', 'old', []));
    await pass(1);
    inner.say([slice('new-1', 'new', [])], [{ ...API, name: 'old' }]);
    await pass(0.999);
    expect(seen.changes).toEqual([]);
    await pass(0.001);
    await started;
    expect(seen.changes).toHaveLength(1);
    expect(seen.keys()).toEqual(['EndpointSlice shop/new-1', 'EndpointSlice shop/old-1', 'Service shop/api']);
  });

  test('comes at once, even empty, where there is nothing to resolve', async () => {
    await start();
    expect(seen.changes).toEqual([{ upserts: [], deletes: [] }]);
  });

  test('ends in the error of a source that cannot start', async () => {
    inner = new ScriptedSource();
    inner.start = () => Promise.reject(new Error('The folder x does not exist.'));
    source = withNames(inner, { resolver, servicesWithoutSlices: true });
    await expect(source.start(seen)).rejects.toThrow('The folder x does not exist.');
  });
});

describe('a name', () => {
  test('is asked for again when its TTL is over, and its addresses then differ or are no news', async () => {
    resolver.answer('db.example.com', ['10.0.0.1', '10.0.0.2'], 30);
    await start(external('api', 'db.example.com'));
    await pass(29.9);
    expect(resolver.asked).toHaveLength(1);
    resolver.answer('db.example.com', ['10.0.0.2', '10.0.0.1'], 30);
    await pass(0.2);
    expect(resolver.asked).toHaveLength(2);
    expect(seen.changes).toHaveLength(1);
    resolver.answer('db.example.com', ['fd00::1'], 30);
    await pass(30);
    expect(seen.changes).toHaveLength(2);
    expect(seen.keys()).toEqual(['EndpointSlice shop/api:dns-ipv6', 'Service shop/api']);
  });

  test.each([
    [0, 1],
    [1_000_000, 300],
  ])('with a TTL of %d s is asked for again after %d s', async (ttl, seconds) => {
    resolver.answer('db.example.com', ['10.0.0.1'], ttl);
    await start(external('api', 'db.example.com'));
    await pass(seconds - 0.1);
    expect(resolver.asked).toHaveLength(1);
    await pass(0.1);
    expect(resolver.asked).toHaveLength(2);
  });

  test('that fails keeps its last good addresses, is told once, and is mended', async () => {
    resolver.answer('db.example.com', ['10.0.0.1'], 10);
    await start(external('api', 'db.example.com'));
    resolver.fail('db.example.com', 'ESERVFAIL');
    await pass(60);
    expect(addresses('api:dns-ipv4')).toEqual(['10.0.0.1']);
    expect(seen.told).toEqual([
      {
        origin: 'names of Service shop/api',
        sentences: [
          'Service shop/api (shop.yaml:1): Its spec.externalName "db.example.com" does not resolve (ESERVFAIL). Correct the name, or mend DNS. Until then the last good addresses stay in force.',
        ],
      },
    ]);
    resolver.answer('db.example.com', ['10.0.0.2']);
    await pass(30);
    expect(addresses('api:dns-ipv4')).toEqual(['10.0.0.2']);
    expect(seen.sentences()).toEqual([]);
  });

  test('is tried again after 1 s, doubling to 30 s, and from 1 s again after it resolved', async () => {
    resolver.fail('db.example.com');
    await start(external('api', 'db.example.com'));
    for (const pause of [1, 2, 4, 8, 16, 30, 30]) {
      const before = resolver.asked.length;
      await pass(pause - 0.01);
      expect(resolver.asked).toHaveLength(before);
      await pass(0.01);
      expect(resolver.asked).toHaveLength(before + 1);
    }
    resolver.answer('db.example.com', ['10.0.0.1'], 5);
    await pass(30);
    resolver.fail('db.example.com');
    await pass(5);
    const before = resolver.asked.length;
    await pass(1);
    expect(resolver.asked).toHaveLength(before + 1);
  });

  test('without an address counts as failed', async () => {
    resolver.answer('db.example.com', []);
    await start(external('api', 'db.example.com'));
    expect(seen.sentences()).toEqual([expect.stringContaining('does not resolve (it has no address).')]);
  });

  test('of many objects is asked for once', async () => {
    resolver.answer('db.example.com', ['10.0.0.1'], 60);
    await start(external('api', 'db.example.com'), external('web', 'db.example.com'));
    expect(resolver.asked).toEqual(['db.example.com']);
    resolver.answer('db.example.com', ['10.0.0.2'], 60);
    await pass(60);
    expect(seen.changes).toHaveLength(2);
    expect(addresses('api:dns-ipv4')).toEqual(['10.0.0.2']);
    expect(addresses('web:dns-ipv4')).toEqual(['10.0.0.2']);
    inner.say([], [API]);
    await pass(60);
    expect(resolver.asked).toHaveLength(3);
  });

  test('that nobody needs any more is told no more', async () => {
    await start(external('api', 'x.example.com'));
    expect(seen.sentences()).toHaveLength(1);
    inner.say([], [API]);
    expect(seen.sentences()).toEqual([]);
  });
});

test('all else is passed on as it is', async () => {
  await start(slice('api-1', 'api', ['10.0.0.1']), plain('api'));
  inner.say([slice('api-1', 'api', ['10.0.0.2'])], [API]);
  expect(seen.changes.at(-1)).toMatchObject({ upserts: [{ name: 'api-1' }], deletes: [API] });
  inner.complain('file shop.yaml', [
    { code: 'manifest-unreadable', object: 'shop.yaml', message: 'It is broken.', advice: 'Mend it.' },
  ]);
  expect(seen.sentences()).toEqual(['shop.yaml: It is broken. Mend it.']);
});

describe('once it is stopped', () => {
  test('the source is stopped too, and nothing is asked or delivered', async () => {
    resolver.answer('db.example.com', ['10.0.0.1'], 5);
    await start(external('api', 'db.example.com'));
    await source.stop();
    expect(inner.stopped).toBe(true);
    inner.say([external('web', 'web.example.com')]);
    await pass(600);
    expect(resolver.asked).toEqual(['db.example.com']);
    expect(seen.changes).toHaveLength(1);
  });

  test('a start that still waits for names ends', async () => {
    resolver.never('slow.example.com');
    const started = start(external('api', 'slow.example.com'));
    await pass(1);
    await source.stop();
    await started;
    expect(seen.changes).toEqual([]);
  });
});

test('what an earlier run knew is passed on, without what it had found out of the names of Services', async () => {
  resolver.answer('db.example.com', ['10.0.0.1']);
  await start(external('api', 'db.example.com'));
  expect(seen.keys()).toHaveLength(2);
  const again = new ScriptedSource();
  const later = withNames(again, { resolver, servicesWithoutSlices: false });
  await later.start(new Recorder(), [...seen.world.values()]);
  await later.stop();
  expect(again.lastKnown?.map(({ kind, name }) => `${kind} ${name}`)).toEqual(['Service api']);
});
