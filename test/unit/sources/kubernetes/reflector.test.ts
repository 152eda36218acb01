import { KubeConfig } from '@kubernetes/client-node';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Get, getWith } from '../../../../src/sources/kubernetes/api.ts';
import { DEFAULT_TIMING, Reflector, type Timing } from '../../../../src/sources/kubernetes/reflector.ts';
import { Recorder } from '../recorder.ts';
import { bookmark, errorEvent, event, ScriptedApi, service } from './scripted-api.ts';

const ORIGIN = 'watch services in namespace shop';
const LIST = '/api/v1/namespaces/shop/services?limit=500';

/** A watch counts as steady by what it brings only. */
const TIMING: Timing = { ...DEFAULT_TIMING, steadyMs: 60_000 };

let api: ScriptedApi;
let sink: Recorder;
let reflector: Reflector;
/** The pauses that the reflector made, milliseconds. */
let waits: number[];
/** The most requests of the reflector that were under way at the same time. */
let mostAtOnce: number;

beforeEach(async () => {
  api = await ScriptedApi.start();
  sink = new Recorder();
  waits = [];
  mostAtOnce = 0;
});

afterEach(async () => {
  await reflector.stop();
  await api.stop();
  expect(sink.breaches).toEqual([]);
});

function start(timing: Timing = TIMING): void {
  const config = new KubeConfig();
  config.loadFromString(api.kubeconfig);
  reflector = new Reflector({
    collection: { kind: 'Service', namespace: 'shop' },
    get: counted(getWith(async () => config)),
    changed: (change) => sink.changed(change),
    listed: () => undefined,
    denied: () => undefined,
    problems: (origin, problems) => sink.problems(origin, problems),
    log: { debug: () => undefined },
    timing,
    wait: async (ms) => {
      waits.push(ms);
    },
  });
  reflector.start();
}

function counted(get: Get): Get {
  let underWay = 0;
  return async (...request) => {
    underWay += 1;
    mostAtOnce = Math.max(mostAtOnce, underWay);
    const body = await get(...request).catch((error: unknown) => {
      underWay -= 1;
      throw error;
    });
    return (async function* () {
      try {
        yield* body;
      } finally {
        underWay -= 1;
      }
    })();
  };
}

/** Answers the first list with `items` of resourceVersion 10 and returns the watch that follows. */
async function listed(...items: readonly object[]) {
  const list = await api.next();
  expect(list.asked).toBe(LIST);
  list.list('10', items);
  return api.next();
}

function upserted(): readonly (readonly string[])[] {
  return sink.changes.map((change) => change.upserts.map(({ name }) => name));
}

describe('listing', () => {
  test('a list is read page by page, and published as one change', async () => {
    start();
    (await api.next()).list('10', [service('a', '1')], 'more');
    const second = await api.next();
    expect(second.asked).toBe(`${LIST}&continue=more`);
    second.list('10', [service('b', '2')]);
    await sink.until(() => sink.world.size > 0);
    expect(upserted()).toEqual([['a', 'b']]);
  });

  test('the credentials of the kubeconfig are sent', async () => {
    start();
    expect((await api.next()).authorization).toBe('Bearer secret');
  });

  test('a continue token that has expired starts the list anew, and nothing of the first try is published', async () => {
    start();
    (await api.next()).list('10', [service('a', '1')], 'more');
    (await api.next()).refuse(410, 'Expired', 'The provided continue parameter is too old');
    const again = await api.next();
    expect(again.asked).toBe(LIST);
    again.list('20', [service('b', '2')]);
    expect((await api.next()).parameter('resourceVersion')).toBe('20');
    expect(upserted()).toEqual([['b']]);
    expect(sink.told).toEqual([]);
  });

  test('an answer that is no Kubernetes list is told with its beginning, and asked for again', async () => {
    start();
    (await api.next()).answer(200, '<html>Please log in</html>');
    (await api.next()).answer(200, { hello: 'world' });
    await sink.until(() => sink.problemsOf(ORIGIN).length > 0);
    expect(sink.problemsOf(ORIGIN)[0]!.message).toContain('{\\"hello\\":\\"world\\"}');
    expect(sink.problemsOf(ORIGIN)[0]!.advice).toContain('`server`');
  });
});

describe('watching', () => {
  test('a watch begins at the resourceVersion of the list, asks for bookmarks and for a limited time', async () => {
    start();
    const watch = await listed(service('a', '1'));
    expect(watch.url.pathname).toBe('/api/v1/namespaces/shop/services');
    expect(watch.parameter('watch')).toBe('true');
    expect(watch.parameter('resourceVersion')).toBe('10');
    expect(watch.parameter('allowWatchBookmarks')).toBe('true');
    expect(Number(watch.parameter('timeoutSeconds'))).toBeGreaterThanOrEqual(240);
    expect(Number(watch.parameter('timeoutSeconds'))).toBeLessThanOrEqual(480);
  });

  test('each event is a change; one that alters nothing that Shunt reads is none', async () => {
    start();
    const watch = await listed(service('a', '1'));
    watch.watch(
      event('ADDED', service('b', '11')),
      event('MODIFIED', service('b', '12', { team: 'web' })),
      event('MODIFIED', service('b', '13', { 'shunt.dev/role': 'baseline' })),
      event('DELETED', service('a', '14')),
    );
    await sink.until(() => !sink.world.has('Service shop/a'));
    expect(upserted()).toEqual([['a'], ['b'], ['b'], []]);
    expect(sink.world.get('Service shop/b')).toMatchObject({ labels: { 'shunt.dev/role': 'baseline' } });
    expect(sink.changes.at(-1)!.deletes).toEqual([{ kind: 'Service', namespace: 'shop', name: 'a' }]);
  });

  test('an event may come in pieces', async () => {
    start();
    const watch = await listed();
    watch.watch();
    const line = `${JSON.stringify(event('ADDED', service('a', '11')))}\n`;
    watch.write(line.slice(0, 30));
    watch.write(line.slice(30, 31));
    watch.write(line.slice(31));
    await sink.until(() => sink.world.has('Service shop/a'));
  });

  test('after a watch has ended in its time the next begins at the last bookmark, without a pause', async () => {
    start();
    const watch = await listed(service('a', '1'));
    watch.watch(bookmark('15'));
    watch.end();
    const next = await api.next();
    expect(next.parameter('watch')).toBe('true');
    expect(next.parameter('resourceVersion')).toBe('15');
    expect(waits).toEqual([]);
    expect(sink.told).toEqual([]);
  });

  test('a connection that breaks is made again from the last event on, and is nothing to tell', async () => {
    start();
    const watch = await listed();
    watch.watch(event('ADDED', service('a', '11')));
    await sink.until(() => sink.world.has('Service shop/a'));
    watch.reset();
    const next = await api.next();
    expect(next.parameter('resourceVersion')).toBe('11');
    expect(waits).toHaveLength(1);
    expect(sink.told).toEqual([]);
  });

  test('an event that was cut off is not taken, and comes with the next watch', async () => {
    start();
    const watch = await listed();
    watch.watch(event('ADDED', service('a', '11')));
    watch.write('{"type":"MODIFIED","object":{"kind":"Serv');
    watch.end();
    expect((await api.next()).parameter('resourceVersion')).toBe('11');
    expect(sink.keys()).toEqual(['Service shop/a']);
  });
});

describe('a connection that hangs', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  test('is given up when not even a bookmark came for a while; each piece of it begins the time anew', async () => {
    start({ ...TIMING, quietMs: 75_000 });
    const watch = await listed();
    watch.watch();
    for (const name of ['a', 'b', 'c']) {
      watch.write(`${JSON.stringify(event('ADDED', service(name, '11')))}\n`);
      await sink.until(() => sink.world.has(`Service shop/${name}`));
      vi.advanceTimersByTime(74_999);
    }
    watch.write(`${JSON.stringify(event('ADDED', service('d', '12')))}\n`);
    await sink.until(() => sink.world.has('Service shop/d'));
    vi.advanceTimersByTime(75_000);
    await watch.closed;
    expect((await api.next()).parameter('resourceVersion')).toBe('12');
    expect(sink.told).toEqual([]);
  });

  test('is given up when no answer comes, and told when the next attempt hangs too', async () => {
    start();
    for (const _ of ['first', 'second']) {
      const request = await api.next();
      vi.advanceTimersByTime(60_000);
      await request.closed;
    }
    await sink.until(() => sink.told.length > 0);
    expect(sink.problemsOf(ORIGIN)[0]!.message).toContain('the API server sent nothing for 60 s');
    (await listed()).watch(bookmark('11'));
    await sink.until(() => sink.problemsOf(ORIGIN).length === 0);
  });
});

describe('a resourceVersion that has expired', () => {
  test.each([
    ['is refused with 410', async () => (await api.next()).refuse(410, 'Expired', 'too old resource version')],
    ['ends the watch with an ERROR event', async () => (await api.next()).watch(errorEvent(410, 'Expired', 'too old'))],
  ])('%s; the list that follows is published as a true difference', async (_, expire) => {
    start();
    const watch = await listed(service('kept', '1'), service('gone', '2'), service('changed', '3'));
    watch.watch(bookmark('11'));
    watch.end();
    await expire();
    const list = await api.next();
    expect(list.asked).toBe(LIST);
    list.list('30', [
      service('kept', '1'),
      service('changed', '21', { 'shunt.dev/role': 'baseline' }),
      service('new', '22'),
    ]);
    expect((await api.next()).parameter('resourceVersion')).toBe('30');
    expect(sink.changes).toHaveLength(2);
    expect(sink.changes[1]!.upserts.map(({ name }) => name)).toEqual(['changed', 'new']);
    expect(sink.changes[1]!.deletes).toEqual([{ kind: 'Service', namespace: 'shop', name: 'gone' }]);
    expect(sink.told).toEqual([]);
  });

  test('a list that brings nothing new is no change', async () => {
    start();
    const watch = await listed(service('a', '1'));
    watch.refuse(410, 'Expired', 'too old resource version');
    (await api.next()).list('30', [service('a', '25', { team: 'web' })]);
    await api.next();
    expect(sink.changes).toHaveLength(1);
  });
});

describe('trouble', () => {
  test('a missing right is told at once with the rule that grants it, and withdrawn when a watch works', async () => {
    start();
    (await api.next()).refuse(403, 'Forbidden', 'User "shunt" cannot list resource "services"');
    await sink.until(() => sink.told.length > 0);
    const [problem] = sink.problemsOf(ORIGIN);
    expect(problem).toMatchObject({ code: 'right-missing', object: ORIGIN });
    expect(problem!.message).toMatch(/^Cannot list services in namespace shop since \d{4}-.*Z: .*403/);
    expect(problem!.message).toContain('User "shunt" cannot list resource "services"');
    expect(problem!.advice).toContain('{apiGroups: [""], resources: ["services"], verbs: ["list", "watch"]}');
    expect(problem!.advice).toContain('namespace shop');
    const watch = await listed();
    expect(sink.problemsOf(ORIGIN)).toHaveLength(1);
    watch.watch(bookmark('11'));
    await sink.until(() => sink.problemsOf(ORIGIN).length === 0);
  });

  test('a watch that is quiet withdraws the problem too, once it has lasted', async () => {
    start({ ...TIMING, steadyMs: 1 });
    (await api.next()).refuse(403, 'Forbidden', '');
    (await listed()).watch();
    await sink.until(() => sink.told.length === 2);
    expect(sink.problemsOf(ORIGIN)).toEqual([]);
  });

  test('credentials that are not accepted are told as such, the second time', async () => {
    start();
    (await api.next()).refuse(401, 'Unauthorized', 'Unauthorized');
    const again = await api.next();
    expect(sink.told).toEqual([]);
    again.refuse(401, 'Unauthorized', 'Unauthorized');
    await sink.until(() => sink.told.length > 0);
    expect(sink.problemsOf(ORIGIN)[0]!.message).toContain('Cannot list services in namespace shop');
    expect(sink.problemsOf(ORIGIN)[0]!.advice).toContain('token or the client certificate');
  });

  test('an API server that is busy is left alone for as long as it asks', async () => {
    start();
    const watch = await listed();
    watch.refuse(429, 'TooManyRequests', 'storage is (re)initializing', { 'retry-after': '7' });
    (await api.next()).watch(errorEvent(429, 'TooManyRequests', 'try later'));
    await api.next();
    expect(waits[0]).toBe(7000);
    expect(waits[1]).toBeLessThan(1000);
  });

  test('a watch that always ends at once is tried at growing intervals and told, until one brings something', async () => {
    start();
    let watch = await listed(service('a', '1'));
    for (let attempt = 0; attempt < 4; attempt++) {
      watch.watch();
      watch.end();
      watch = await api.next();
    }
    expect(waits[3]).toBeGreaterThan(waits[0]!);
    expect(sink.problemsOf(ORIGIN)[0]!.message).toContain('ends each watch as soon as it has begun');
    watch.watch(bookmark('11'));
    await sink.until(() => sink.problemsOf(ORIGIN).length === 0);
    watch.reset();
    await api.next();
    expect(waits.at(-1)).toBeLessThanOrEqual(200);
  });

  test('while there is no contact the last state stays, and the operator is told since when and why', async () => {
    start();
    const before = Date.now();
    const watch = await listed(service('a', '1'));
    watch.watch(bookmark('11'));
    watch.reset();
    (await api.next()).reset();
    await sink.until(() => sink.told.length > 0);
    const [problem] = sink.problemsOf(ORIGIN);
    const since = /since (\S+): (socket hang up|read ECONNRESET|aborted)\. What was last known/.exec(problem!.message);
    expect(Date.parse(since![1]!)).toBeGreaterThanOrEqual(before);
    expect(sink.keys()).toEqual(['Service shop/a']);
    expect(sink.changes).toHaveLength(1);
  });

  test('the same trouble is told once, however often it is met', async () => {
    start();
    for (let attempt = 0; attempt < 5; attempt++) (await api.next()).refuse(403, 'Forbidden', 'no');
    await api.next();
    expect(sink.told).toHaveLength(1);
  });

  test('after many failures in a row the resourceVersion is given up, as it may be of a future that never comes', async () => {
    start();
    let request = await listed(service('a', '1'));
    for (let attempt = 0; attempt < 10 && request.parameter('watch') !== null; attempt++) {
      request.reset();
      request = await api.next();
    }
    expect(request.asked).toBe(LIST);
  });

  test('there is never more than one request at a time', async () => {
    start();
    (await listed()).watch(event('ADDED', service('a', '11')), errorEvent(410, 'Expired', 'too old'));
    (await listed()).reset();
    (await api.next()).refuse(500, 'InternalError', 'etcd is gone');
    await api.next();
    expect(mostAtOnce).toBe(1);
  });
});

describe('stopping', () => {
  test('a watch that is open is closed', async () => {
    start();
    const watch = await listed();
    watch.watch(bookmark('11'));
    await reflector.stop();
    await watch.closed;
  });

  test('a request that has no answer yet is given up', async () => {
    start();
    const list = await api.next();
    await reflector.stop();
    await list.closed;
    expect(sink.told).toEqual([]);
  });
});
