import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { typeUrls } from '../../src/protos/index.ts';
import { type Echo, startEcho } from '../support/echo.ts';
import { envoyOrSkip, startTestEnvoy, type TestEnvoy } from '../support/envoy.ts';
import { Gateway, type Question } from '../support/gateway.ts';
import { baselineManifest, ManifestFolder, previewManifest, sliceManifests } from '../support/manifests.ts';
import { freePort } from '../support/ports.ts';
import { startWatchedShunt, type WatchedShunt } from '../support/shunt.ts';

const envoy = await envoyOrSkip();

/** So often a question is asked whose every answer must be the same: round robin would show another one soon. */
const OFTEN = 12;

describe.skipIf(envoy === undefined).each(['delta', 'sotw'] as const)('through an Envoy that speaks %s', (protocol) => {
  const echoes = new Map<string, Echo>();
  let folder: ManifestFolder;
  let shunt: WatchedShunt;
  let gatewayEnvoy: TestEnvoy;
  let gateway: Gateway;

  const http1 = (title: string) => echoes.get(title)!.http1Port;
  const grpc = (title: string) => echoes.get(title)!.http2Port;

  beforeAll(async () => {
    for (const title of TITLES) echoes.set(title, await startEcho(title));
    folder = await ManifestFolder.create();
    await folder.write('world', world(http1, grpc, [await freePort(), await freePort()]));
    shunt = await startWatchedShunt(folder);
    gatewayEnvoy = await startTestEnvoy({ xdsPort: shunt.xdsPort, protocol });
    gateway = new Gateway(gatewayEnvoy, shunt.gatewayPort);
  });
  afterAll(async () => {
    gateway?.close();
    await gatewayEnvoy?.stop();
    await shunt?.stop();
    await folder?.delete();
    for (const echo of echoes.values()) await echo.close();
  });

  const answerer = async (question: Question): Promise<string | undefined> => (await gateway.ask(question)).title;

  test('takes every update', async () => {
    expect(await gatewayEnvoy.rejected()).toEqual({});
    expect(shunt.events.all.filter(({ type }) => type === 'refused')).toEqual([]);
  });

  describe('a request without a key', () => {
    test('reaches the baseline, never a preview', async () => {
      expect(await gateway.titles({ host: 'api' }, OFTEN)).toEqual(new Set(['api']));
      expect(await gateway.ask({ host: 'api' })).toMatchObject({ status: 200, servedBy: 'api' });
    });

    test.each([
      ['a key that names nothing', { 'x-preview': 'nobody' }],
      ['an empty key', { 'x-preview': '' }],
      ['the key "-"', { 'x-preview': '-' }],
      ['the key of a preview in other letters', { 'x-preview': 'PR-1' }],
      ['the key of a preview and more', { 'x-preview': 'pr-12' }],
      ['an empty baggage member', { baggage: 'preview=' }],
      ['an empty cookie', { cookie: 'preview=' }],
    ])('has %s, and reaches the baseline', async (_, headers) => {
      expect(await gateway.titles({ host: 'api', headers }, OFTEN)).toEqual(new Set(['api']));
    });

    test('leaves without the header and the baggage member', async () => {
      const { seen } = await gateway.ask({ host: 'api' });
      expect(seen).not.toHaveProperty('x-preview');
      expect(seen).not.toHaveProperty('baggage');
    });
  });

  describe('a key', () => {
    test.each([
      ['in the header', { 'x-preview': 'pr-1' }],
      ['in the baggage', { baggage: 'preview=pr-1' }],
      ['first in the baggage', { baggage: 'preview=pr-1,a=1' }],
      ['in the middle of the baggage', { baggage: 'a=1,preview=pr-1,b=2' }],
      ['last in the baggage', { baggage: 'a=1,b=2,preview=pr-1' }],
      ['in the baggage with spaces', { baggage: 'a=1 , preview = pr-1 , b=2' }],
      ['in the baggage with tabs', { baggage: 'a=1,\tpreview\t=\tpr-1\t,b=2' }],
      ['in the baggage with properties', { baggage: 'a=1;p,preview=pr-1;q=2;r,b=2' }],
      ['in the cookie', { cookie: 'preview=pr-1' }],
      ['in the cookie among others', { cookie: 'a=1; preview=pr-1; b=2' }],
    ])('%s leads to the preview', async (_, headers) => {
      expect(await gateway.titles({ host: 'api', headers }, OFTEN)).toEqual(new Set(['api@pr-1']));
      expect(await gateway.ask({ host: 'api', headers })).toMatchObject({ status: 200, servedBy: 'api@pr-1' });
    });

    test.each([
      ['in the value of another baggage member', { baggage: 'a=preview=pr-1' }],
      ['in the properties of another baggage member', { baggage: 'a=1;preview=pr-1' }],
      ['in a baggage member whose name ends alike', { baggage: 'xpreview=pr-1' }],
      ['in a baggage member whose name begins alike', { baggage: 'previewx=pr-1' }],
      ['in a cookie whose name ends alike', { cookie: 'xpreview=pr-1' }],
      ['in the value of another cookie', { cookie: 'a=preview=pr-1' }],
    ])('%s is none', async (_, headers) => {
      expect(await gateway.titles({ host: 'api', headers }, OFTEN)).toEqual(new Set(['api']));
    });

    test.each([
      'pr-1--api.preview.localhost',
      'pr-1--api.preview.localhost:10000',
      'pr-1--api--shop.preview.localhost',
    ])('in the preview host %s leads to the preview', async (host) => {
      expect(await gateway.titles({ host }, OFTEN)).toEqual(new Set(['api@pr-1']));
    });

    test('that names nothing leads to the baseline in a preview host too', async () => {
      expect(await answerer({ host: 'nobody--api.preview.localhost' })).toBe('api');
    });

    test('is looked for in the hosts of the preview domain only', async () => {
      expect(await answerer({ host: 'xn--api.preview.localhost' })).toBe('api@xn');
      expect(await gateway.titles({ host: 'xn--bcher-kva.example.org' }, OFTEN)).toEqual(new Set(['api']));
      expect(await gateway.titles({ host: 'pr-1--api.example.org' }, OFTEN)).toEqual(new Set(['api']));
    });

    test('in the header counts more than in the host, there more than in the cookie, there more than in the baggage', async () => {
      const [baggage, cookie] = ['preview=xn', 'preview=pr-1'];
      expect(await answerer({ host: 'api', headers: { baggage, cookie } })).toBe('api@pr-1');
      const previewHost = 'xn--api.preview.localhost';
      expect(await answerer({ host: previewHost, headers: { baggage: cookie, cookie } })).toBe('api@xn');
      expect(await answerer({ host: previewHost, headers: { 'x-preview': 'pr-1' } })).toBe('api@pr-1');
    });

    test.each([
      ['the header', { host: 'api', headers: { 'x-preview': 'pr-1' } }],
      ['the baggage', { host: 'api', headers: { baggage: 'preview=pr-1' } }],
      ['the cookie', { host: 'api', headers: { cookie: 'preview=pr-1' } }],
      ['the host', { host: 'pr-1--api.preview.localhost' }],
    ] satisfies [string, Question][])('in %s leaves as header and as baggage member', async (_, question) => {
      const { seen } = await gateway.ask(question);
      expect(seen).toMatchObject({ 'x-preview': 'pr-1', baggage: 'preview=pr-1' });
    });

    test('leaves also where the service has no such preview, beside the baggage that was there', async () => {
      const { title, seen } = await gateway.ask({ host: 'db', headers: { 'x-preview': 'pr-1', baggage: 'a=1' } });
      expect(title).toBe('db');
      expect(seen['x-preview']).toBe('pr-1');
      expect(seen.baggage!.split(',').map((member) => member.trim())).toEqual(['a=1', 'preview=pr-1']);
    });

    test('that left as baggage beside another is the one that counts at the next service', async () => {
      const headers = { 'x-preview': 'pr-1', baggage: 'preview=xn' };
      const { title, seen } = await gateway.ask({ host: 'api', headers });
      expect(title).toBe('api@pr-1');
      expect(await answerer({ host: 'api', headers: { baggage: seen.baggage! } })).toBe('api@pr-1');
    });

    test.each(['HTTP/2', 'gRPC'] as const)(
      'leads to the preview of a gRPC service over %s',
      async (requestProtocol) => {
        const question = { host: 'grpc:9000', protocol: requestProtocol };
        expect(await gateway.titles(question, OFTEN)).toEqual(new Set(['grpc']));
        const headers = { 'x-preview': 'pr-1' };
        expect(await gateway.titles({ ...question, headers }, OFTEN)).toEqual(new Set(['grpc@pr-1']));
      },
    );
  });

  describe('a service', () => {
    test.each(['ports', 'ports.shop', 'ports.shop.svc', 'ports.shop.svc.cluster.local'])(
      'is reached inside the cluster as %s, by either port',
      async (host) => {
        expect(await answerer({ host })).toBe('ports');
        expect(await answerer({ host: `${host}:80` })).toBe('ports');
        expect(await answerer({ host: `${host}:8081` })).toBe('ports admin');
        const headers = { 'x-preview': 'pr-1' };
        expect(await answerer({ host, headers })).toBe('ports@pr-1');
        expect(await answerer({ host: `${host}:8081`, headers })).toBe('ports@pr-1 admin');
      },
    );

    test('is reached from outside by its hosts and the prefixes of their paths, whole segments only', async () => {
      const host = 'shop.example.com';
      expect(await answerer({ host })).toBe('ports');
      expect(await answerer({ host, path: '/api' })).toBe('api');
      expect(await answerer({ host: `${host}:8443`, path: '/api/orders?page=2' })).toBe('api');
      expect(await answerer({ host, path: '/api?page=2' })).toBe('api');
      expect(await answerer({ host, path: '/apiary' })).toBe('ports');
      expect(await gateway.ask({ host, path: '/api/orders', headers: { 'x-preview': 'pr-1' } })).toMatchObject({
        title: 'api@pr-1',
        path: '/api/orders',
      });
    });

    test('that is no baseline is not reached', async () => {
      expect(await gateway.ask({ host: 'api-pr-1' })).toMatchObject({ status: 404, title: undefined });
    });

    test('of type ExternalName is reached by the addresses of its name, and so is its preview', async () => {
      expect(await answerer({ host: 'external' })).toBe('db');
      expect(await answerer({ host: 'external', headers: { 'x-preview': 'pr-1' } })).toBe('db@pr-1');
    });
  });

  describe('a rule', () => {
    test('leads requests that match to its preview, whatever key they carry', async () => {
      const alice = { 'x-user': 'alice' };
      expect(await gateway.titles({ host: 'api', headers: alice }, OFTEN)).toEqual(new Set(['api@alice']));
      const { title, seen } = await gateway.ask({ host: 'api', headers: { ...alice, 'x-preview': 'pr-1' } });
      expect(title).toBe('api@alice');
      expect(seen).toMatchObject({ 'x-preview': 'pr-1', baggage: 'preview=pr-1' });
    });

    test.each(['alic', 'alice2', 'Alice', 'bob', ''])('leaves those with x-user: %s alone', async (user) => {
      expect(await answerer({ host: 'api', headers: { 'x-user': user } })).toBe('api');
    });
  });

  describe('a preview', () => {
    test.each([
      ['without endpoints', 'no-endpoints', 'api (api@no-endpoints is not ready)'],
      ['whose endpoints are not ready', 'unready', 'api (api@unready is not ready)'],
      ['whose endpoint refuses connections', 'refusing', 'api'],
    ])('%s leaves its requests to the baseline, GET and POST, with 200', async (_, key, servedBy) => {
      for (let time = 0; time < OFTEN; time++) {
        for (const method of ['GET', 'POST'] as const) {
          const answer = await gateway.ask({ host: 'api', method, headers: { 'x-preview': key } });
          expect(answer).toMatchObject({ status: 200, title: 'api', servedBy });
        }
      }
    });

    test('keeps all its requests as long as one of its endpoints answers', async () => {
      expect(await gateway.titles({ host: 'api', headers: { 'x-preview': 'half' } }, 4 * OFTEN)).toEqual(
        new Set(['api@half']),
      );
    });

    test('takes an address that is among those of its baseline for itself', async () => {
      expect(await gateway.titles({ host: 'overlap' }, OFTEN)).toEqual(new Set(['overlap']));
      const headers = { 'x-preview': 'pr-1' };
      expect(await gateway.titles({ host: 'overlap', headers }, OFTEN)).toEqual(new Set(['overlap@pr-1']));
    });

    test('that has every address of its baseline takes none away', async () => {
      expect(await answerer({ host: 'same' })).toBe('same');
      expect(await gateway.ask({ host: 'same', headers: { 'x-preview': 'pr-1' } })).toMatchObject({
        status: 200,
        title: 'same',
      });
    });

    test('that shares its address with another preview is reached by either key', async () => {
      for (const key of ['one', 'two']) {
        const headers = { 'x-preview': key };
        expect(await gateway.titles({ host: 'overlap', headers }, OFTEN)).toEqual(new Set(['overlap@one,two']));
      }
    });
  });

  test('adding, editing and removing a preview is one push of its service’s endpoints, and nothing else', async () => {
    const preview = (key: string, title: string) => [
      previewManifest('shop/db-new', 'db', key),
      ...sliceManifests('shop/db-new', [http1(title)]),
    ];
    const endpoints = { typeUrl: typeUrls.loadAssignment, names: ['shop/db/80'] };

    expect(await pushesFor(() => folder.write('new', preview('new', 'db@pr-1')))).toEqual([endpoints]);
    await gateway.untilAnsweredBy('db@pr-1', { host: 'db', headers: { 'x-preview': 'new' } });
    expect(await pushesFor(() => folder.write('new', preview('newer', 'db@pr-1')))).toEqual([endpoints]);
    await gateway.untilAnsweredBy('db@pr-1', { host: 'db', headers: { 'x-preview': 'newer' } });
    await gateway.untilAnsweredBy('db', { host: 'db', headers: { 'x-preview': 'new' } });
    expect(await pushesFor(() => folder.write('new', preview('newer', 'api@pr-1')))).toEqual([endpoints]);
    await gateway.untilAnsweredBy('api@pr-1', { host: 'db', headers: { 'x-preview': 'newer' } });
    expect(await pushesFor(() => folder.remove('new'))).toEqual([endpoints]);
    await gateway.untilAnsweredBy('db', { host: 'db', headers: { 'x-preview': 'newer' } });
    expect(await gatewayEnvoy.rejected()).toEqual({});
  });

  let fences = 0;

  /**
   * The responses that a change makes: all until a later change, of another service, is acknowledged. Responses of a type
   * follow one another, and of all types they leave in the order of the changes.
   */
  async function pushesFor(change: () => Promise<void>): Promise<readonly object[]> {
    const before = shunt.events.all.length;
    await change();
    await acknowledged('shop/db/80', before);
    const after = shunt.events.all.length;
    const key = `fence-${++fences}`;
    await folder.write('fence', [
      previewManifest('shop/fence-pr', 'fence', key),
      ...sliceManifests('shop/fence-pr', [http1('db')]),
    ]);
    await acknowledged('shop/fence/80', after);
    const pushed = shunt.events.all.slice(before).filter((event) => event.type === 'pushed');
    const all = pushed.map(({ typeUrl, changes }) => ({ typeUrl, names: changes.map(({ name }) => name) }));
    expect(all.at(-1)).toEqual({ typeUrl: typeUrls.loadAssignment, names: ['shop/fence/80'] });
    return all.slice(0, -1);
  }

  function acknowledged(name: string, from: number) {
    return shunt.events.first(
      (event) => event.type === 'acknowledged' && event.changes.some((change) => change.name === name),
      from,
    );
  }
});

describe.skipIf(envoy === undefined)('a short name that two namespaces share', () => {
  let echoes: readonly Echo[];
  let folder: ManifestFolder;
  let shunt: WatchedShunt;

  beforeAll(async () => {
    echoes = [await startEcho('team-a/web'), await startEcho('team-b/web')];
    folder = await ManifestFolder.create();
    const objects = echoes.flatMap(({ title, http1Port }) => [
      baselineManifest(title),
      ...sliceManifests(title, [http1Port]),
    ]);
    await folder.write('world', objects);
    shunt = await startWatchedShunt(folder);
  });
  afterAll(async () => {
    await shunt?.stop();
    await folder?.delete();
    for (const echo of echoes) await echo.close();
  });

  test.each([
    ['team-a', 'delta', 'team-a/web'],
    ['team-b', 'sotw', 'team-b/web'],
    ['team-c', 'delta', undefined],
    [undefined, 'sotw', undefined],
  ] as const)('leads callers in %s (%s) to %s', async (namespace, protocol, title) => {
    const gatewayEnvoy = await startTestEnvoy({
      xdsPort: shunt.xdsPort,
      protocol,
      ...(namespace === undefined ? {} : { namespace }),
    });
    const gateway = new Gateway(gatewayEnvoy, shunt.gatewayPort);
    try {
      expect(await gateway.ask({ host: 'web' })).toMatchObject(title === undefined ? { status: 404 } : { title });
      expect(await gateway.ask({ host: 'web.team-a' })).toMatchObject({ title: 'team-a/web' });
      expect(await gateway.ask({ host: 'web.team-b' })).toMatchObject({ title: 'team-b/web' });
    } finally {
      gateway.close();
      await gatewayEnvoy.stop();
    }
  });
});

const TITLES = [
  ...['api', 'api@pr-1', 'api@xn', 'api@alice', 'api@half', 'db', 'db@pr-1', 'grpc', 'grpc@pr-1'],
  ...['ports', 'ports admin', 'ports@pr-1', 'ports@pr-1 admin', 'overlap', 'overlap@pr-1', 'overlap@one,two', 'same'],
] as const;

/** @param deadPorts where nobody listens. */
function world(
  http1: (title: string) => number,
  grpc: (title: string) => number,
  deadPorts: readonly [number, number],
) {
  const both = [
    { name: 'http', port: 80 },
    { name: 'http-admin', port: 8081 },
  ];
  const preview = (name: string, target: string, key: string, endpoints: readonly number[]) => [
    previewManifest(`shop/${name}`, target, key),
    ...sliceManifests(`shop/${name}`, endpoints),
  ];
  const rule = { annotations: { 'shunt.dev/match': 'x-user=alice' } };
  const rpc = { ports: [{ name: 'grpc', port: 9000 }] };
  const external = (title: string) => ({ externalName: 'localhost', ports: [{ name: 'http', port: http1(title) }] });
  return [
    baselineManifest('shop/api', { annotations: { 'shunt.dev/hosts': 'shop.example.com/api, *.example.org' } }),
    ...sliceManifests('shop/api', [http1('api')]),
    ...preview('api-pr-1', 'api', 'pr-1', [http1('api@pr-1')]),
    ...preview('api-xn', 'api', 'xn', [http1('api@xn')]),
    ...preview('api-no-endpoints', 'api', 'no-endpoints', []),
    ...preview('api-refusing', 'api', 'refusing', [deadPorts[0]]),
    ...preview('api-half', 'api', 'half', [http1('api@half'), deadPorts[1]]),
    previewManifest('shop/api-unready', 'api', 'unready'),
    ...sliceManifests('shop/api-unready', [http1('api@pr-1')], { ready: false }),
    previewManifest('shop/api-alice', 'api', undefined, rule),
    ...sliceManifests('shop/api-alice', [http1('api@alice')]),

    baselineManifest('shop/db'),
    ...sliceManifests('shop/db', [http1('db')]),
    baselineManifest('shop/fence'),
    ...sliceManifests('shop/fence', [http1('db')]),

    baselineManifest('shop/grpc', rpc),
    ...sliceManifests('shop/grpc', [grpc('grpc')], { portName: 'grpc' }),
    previewManifest('shop/grpc-pr-1', 'grpc', 'pr-1', rpc),
    ...sliceManifests('shop/grpc-pr-1', [grpc('grpc@pr-1')], { portName: 'grpc' }),

    baselineManifest('shop/ports', { ports: both, annotations: { 'shunt.dev/hosts': 'shop.example.com' } }),
    ...sliceManifests('shop/ports', [http1('ports')]),
    ...sliceManifests('shop/ports', [http1('ports admin')], { portName: 'http-admin' }),
    previewManifest('shop/ports-pr-1', 'ports', 'pr-1', { ports: both }),
    ...sliceManifests('shop/ports-pr-1', [http1('ports@pr-1')]),
    ...sliceManifests('shop/ports-pr-1', [http1('ports@pr-1 admin')], { portName: 'http-admin' }),

    baselineManifest('shop/external', external('db')),
    previewManifest('shop/external-pr-1', 'external', 'pr-1', external('db@pr-1')),

    baselineManifest('shop/overlap'),
    ...sliceManifests('shop/overlap', [http1('overlap'), http1('overlap@pr-1')]),
    ...preview('overlap-pr-1', 'overlap', 'pr-1', [http1('overlap@pr-1')]),
    ...preview('overlap-one', 'overlap', 'one', [http1('overlap@one,two')]),
    ...preview('overlap-two', 'overlap', 'two', [http1('overlap@one,two')]),
    baselineManifest('shop/same'),
    ...sliceManifests('shop/same', [http1('same')]),
    ...preview('same-pr-1', 'same', 'pr-1', [http1('same')]),
  ];
}
