import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type BlackHole, openBlackHole } from '../support/black-hole.ts';
import { type Echo, startEcho } from '../support/echo.ts';
import type { EchoAnswer } from '../support/echo-message.ts';
import { envoyOrSkip, startTestEnvoy, type TestEnvoy } from '../support/envoy.ts';
import { Gateway, type Question } from '../support/gateway.ts';
import { History } from '../support/history.ts';
import { requestKind, underLoad } from '../support/load/index.ts';
import { baselineManifest, ManifestFolder, previewManifest, sliceManifests } from '../support/manifests.ts';
import { startWatchedShunt, type WatchedShunt } from '../support/shunt.ts';

const envoy = await envoyOrSkip();

const RPC = { ports: [{ name: 'grpc', port: 9000 }] };

let api: Echo;
let redirected: Echo;
/** Mirrors, by name, with what they were sent. */
const copies = new Map<string, { readonly echo: Echo; readonly heard: History<EchoAnswer> }>();
let blackHole: BlackHole;
let folder: ManifestFolder;
let shunt: WatchedShunt;
let gatewayEnvoy: TestEnvoy;
let gateway: Gateway;

const MIRRORS = ['by-key', 'by-rule', 'wide', 'half', 'every', 'child', 'grpc', 'comes'] as const;
type Mirror = (typeof MIRRORS)[number];

const heard = (mirror: Mirror) => copies.get(mirror)!.heard;
const http1 = (mirror: Mirror) => copies.get(mirror)!.echo.http1Port;

function mirror(
  name: string,
  target: string,
  key: string | undefined,
  ports: readonly number[],
  extra: Readonly<Record<string, string>> = {},
  fields = {},
) {
  return [
    previewManifest(`shop/${name}`, target, key, { ...fields, annotations: { 'shunt.dev/mode': 'mirror', ...extra } }),
    ...sliceManifests(`shop/${name}`, ports, 'ports' in fields ? { portName: 'grpc' } : {}),
  ];
}

beforeAll(async () => {
  if (envoy === undefined) return;
  [api, redirected, blackHole] = [await startEcho('api'), await startEcho('api@pr-1'), await openBlackHole()];
  for (const name of MIRRORS) {
    const history = new History<EchoAnswer>();
    copies.set(name, { echo: await startEcho(name, 0, '127.0.0.1', history), heard: history });
  }
  const service = (name: string) => [
    baselineManifest(`shop/${name}`),
    ...sliceManifests(`shop/${name}`, [api.http1Port]),
  ];
  folder = await ManifestFolder.create();
  await folder.write('world', [
    ...service('api'),
    previewManifest('shop/api-pr-1', 'api', 'pr-1'),
    ...sliceManifests('shop/api-pr-1', [redirected.http1Port]),
    ...mirror('by-key', 'api', 'shade', [http1('by-key')]),
    ...mirror('by-rule', 'api', 'own', [http1('by-rule')], {
      'shunt.dev/match': '{ path: /pay, headers: { x-user: alice } }',
    }),
    ...mirror('wide', 'api', undefined, [http1('wide')], { 'shunt.dev/match': 'x-user=alice' }),
    ...service('all'),
    previewManifest('shop/all-pr-1', 'all', 'pr-1'),
    ...sliceManifests('shop/all-pr-1', [redirected.http1Port]),
    ...mirror('half', 'all', undefined, [http1('half')], { 'shunt.dev/percentage': '50%' }),
    ...mirror('every', 'all', undefined, [http1('every')], { 'shunt.dev/percentage': '100' }),
    ...mirror('child', 'all', 'team', [http1('child')]),
    previewManifest('shop/elsewhere', 'api', 'team.alice'),
    ...service('slow'),
    ...mirror('silent', 'slow', 'silent', [blackHole.port]),
    ...mirror('refusing', 'slow', 'refusing', [1]),
    ...mirror('empty', 'slow', 'empty', []),
    ...mirror('deaf', 'slow', undefined, [blackHole.port], { 'shunt.dev/percentage': '100' }),
    baselineManifest('shop/grpc', RPC),
    ...sliceManifests('shop/grpc', [api.http2Port], { portName: 'grpc' }),
    ...mirror('grpc-copy', 'grpc', 'shade', [copies.get('grpc')!.echo.http2Port], {}, RPC),
    ...service('busy'),
  ]);
  shunt = await startWatchedShunt(folder);
  gatewayEnvoy = await startTestEnvoy({ xdsPort: shunt.xdsPort });
  gateway = new Gateway(gatewayEnvoy, shunt.gatewayPort);
});
afterAll(async () => {
  gateway?.close();
  await gatewayEnvoy?.stop();
  await shunt?.stop();
  await folder?.delete();
  await blackHole?.close();
  await Promise.all([api, redirected, ...[...copies.values()].map(({ echo }) => echo)].map((echo) => echo?.close()));
});

let questions = 0;

/** Asks with a path of its own, by which a copy is known. */
async function ask(question: Question) {
  const path = `${question.path ?? '/'}?question=${++questions}`;
  return { path, answer: await gateway.ask({ ...question, path }) };
}

/** Asks, and waits for the copy that a mirror gets. */
async function copyOf(name: Mirror, question: Question) {
  const { path, answer } = await ask(question);
  return { answer, copy: await heard(name).first((each) => each.path === path) };
}

/** Whether a mirror got a copy of a question: if so, then before that of a later one of the same connection. */
async function isCopied(name: Mirror, question: Question, known: Question): Promise<boolean> {
  const { path } = await ask(question);
  await copyOf(name, known);
  return heard(name).all.some((each) => each.path === path);
}

describe.skipIf(envoy === undefined)('a mirror', () => {
  test('is taken by the Envoy as it is', async () => {
    expect(await gatewayEnvoy.rejected()).toEqual({});
  });

  test.each([
    ['header', { host: 'api', headers: { 'x-preview': 'shade' } }],
    ['cookie', { host: 'api', headers: { cookie: 'preview=shade' } }],
    ['baggage', { host: 'api', headers: { baggage: 'a=1,preview=shade' } }],
    ['host', { host: 'shade--api.preview.localhost' }],
    ['header, another in the baggage', { host: 'api', headers: { 'x-preview': 'shade', baggage: 'preview=pr-1' } }],
  ] satisfies [string, Question][])(
    'gets a copy of requests with its key in the %s, which the baseline answers',
    async (_, question) => {
      for (const method of ['GET', 'POST'] as const) {
        const { answer, copy } = await copyOf('by-key', { ...question, method });
        expect(answer).toMatchObject({ status: 200, title: 'api', servedBy: 'api' });
        expect(answer.seen).not.toHaveProperty('x-shunt-mirror');
        expect(copy).toMatchObject({ method, bodyLength: method === 'POST' ? 2_000 : 0 });
        expect(copy.headers).toMatchObject({
          host: question.host,
          'x-preview': 'shade',
          'x-shunt-mirror': 'shop/by-key',
        });
        expect(copy.headers.baggage).toBe(answer.seen.baggage);
      }
    },
  );

  const shade = { host: 'api', headers: { 'x-preview': 'shade' } };
  test.each([
    ['no key', { host: 'api' }],
    ['the key of a preview that requests are redirected to', { host: 'api', headers: { 'x-preview': 'pr-1' } }],
    [
      'its key in a carrier that another overrules',
      { host: 'api', headers: { 'x-preview': 'pr-1', cookie: 'preview=shade' } },
    ],
    ['a key that only begins like its own', { host: 'api', headers: { 'x-preview': 'shade.x' } }],
  ] satisfies [string, Question][])('gets none of requests with %s', async (_, question) => {
    expect(await isCopied('by-key', question, shade)).toBe(false);
  });

  test('gets a copy of requests that match, under its own key where they carry none', async () => {
    const match = { host: 'api', path: '/pay', headers: { 'x-user': 'alice' } };
    const { answer, copy } = await copyOf('by-rule', match);
    expect(answer).toMatchObject({ status: 200, title: 'api' });
    expect(answer.seen).not.toHaveProperty('x-preview');
    expect(copy.headers).toMatchObject({ 'x-preview': 'own', 'x-shunt-mirror': 'shop/by-rule' });
    // Another rule wants all of these and more.
    expect((await copyOf('wide', match)).copy.headers).not.toHaveProperty('x-preview');
    expect(await isCopied('by-rule', { ...match, path: '/' }, match)).toBe(false);
  });

  test('leaves requests that match to the previews of their keys', async () => {
    const { answer, copy } = await copyOf('wide', { host: 'api', headers: { 'x-user': 'alice', 'x-preview': 'pr-1' } });
    expect(answer).toMatchObject({ title: 'api@pr-1', servedBy: 'api@pr-1' });
    expect(copy.headers['x-preview']).toBe('pr-1');
  });

  test('gets copies of all requests, or of a percentage, whatever others get', async () => {
    const before = { half: heard('half').all.length, every: heard('every').all.length };
    for (let count = 0; count < 200; count++) await copyOf('every', { host: 'all' });
    expect(heard('every').all.length - before.every).toBe(200);
    expect(heard('half').all.length - before.half).toBeGreaterThan(50);
    expect(heard('half').all.length - before.half).toBeLessThan(150);
    const { answer } = await copyOf('every', { host: 'all', headers: { 'x-preview': 'pr-1' } });
    expect(answer.title).toBe('api@pr-1');
  });

  test('gets copies of requests with keys that fall back to its own, beside the mirror of all', async () => {
    const { answer, path } = await ask({ host: 'all', headers: { 'x-preview': 'team.alice' } });
    expect(answer.title).toBe('api');
    for (const name of ['child', 'every'] as const) {
      const copy = await heard(name).first((each) => each.path === path);
      expect(copy.headers['x-preview']).toBe('team.alice');
    }
  });

  test('gets copies of gRPC calls', async () => {
    const call = { host: 'grpc:9000', protocol: 'gRPC', headers: { 'x-preview': 'shade' } } as const;
    const before = heard('grpc').all.length;
    expect(await gateway.ask(call)).toMatchObject({ title: 'api', grpcStatus: '0' });
    const copy = await heard('grpc').first(({ path }) => path === '/echo.Echo/Say', before);
    expect(copy).toMatchObject({ bodyLength: 5, headers: { 'x-shunt-mirror': 'shop/grpc-copy' } });
  });

  test('gets none of requests that there may be no room for: long ones, and those that do not tell their length', async () => {
    const long = { ...shade, method: 'POST' as const, body: 'x'.repeat(1_000_000) };
    expect(await isCopied('by-key', long, shade)).toBe(false);
    expect((await copyOf('by-key', { ...long, body: 'x'.repeat(999_999) })).copy.bodyLength).toBe(999_999);
    const chunked = {
      ...shade,
      method: 'POST' as const,
      headers: { ...shade.headers, 'transfer-encoding': 'chunked' },
    };
    expect(await isCopied('by-key', chunked, shade)).toBe(false);
  });
});

describe.skipIf(envoy === undefined)('nobody notices a mirror', () => {
  test.each(['silent', 'refusing', 'empty', undefined])('that takes no connections (%s)', async (key) => {
    const headers: Record<string, string> = key === undefined ? {} : { 'x-preview': key };
    for (const [method, body] of [
      ['GET', ''],
      ['POST', 'x'.repeat(999_999)],
      ['POST', 'x'.repeat(8_000_000)],
    ] as const) {
      const answer = await gateway.ask({ host: 'slow', method, body, headers });
      expect(answer).toMatchObject({ status: 200, title: 'api', servedBy: 'slow' });
    }
  });

  test('that never answers, crashes and comes back under constant load, nor one that comes and goes', async () => {
    const kinds = (['HTTP/1.1', 'HTTP/2'] as const).flatMap((protocol) =>
      (['GET', 'POST'] as const).flatMap((method) =>
        (['slow', 'busy'] as const).map((authority) =>
          requestKind({ name: authority, protocol, method, authority, answeredBy: ['api'] }),
        ),
      ),
    );
    const { echo } = copies.get('comes')!;
    const report = await underLoad({ port: shunt.gatewayPort, kinds }, async (load) => {
      for (let round = 0; round < 6; round++) {
        const before = heard('comes').all.length;
        await folder.write(
          'comes',
          mirror('comes', 'busy', undefined, [http1('comes')], { 'shunt.dev/percentage': '100' }),
        );
        await heard('comes').first(() => true, before);
        await load.settle(60);
        await echo.die();
        await load.settle(60);
        await echo.revive();
        await folder.remove('comes');
        await load.settle(60);
      }
    });
    expect(report.kinds.flatMap(({ failures }) => failures)).toEqual([]);
    expect(report.failed).toBe(0);
    expect(await gatewayEnvoy.rejected()).toEqual({});
  });
});
