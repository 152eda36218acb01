import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Echo, startEcho } from '../support/echo.ts';
import { envoyOrSkip, startTestEnvoy, type TestEnvoy } from '../support/envoy.ts';
import { Gateway, type Question } from '../support/gateway.ts';
import { requestKind, underLoad } from '../support/load/index.ts';
import {
  baselineManifest,
  type Manifest,
  ManifestFolder,
  previewManifest,
  type ServiceFields,
  type SliceFields,
  sliceManifests,
} from '../support/manifests.ts';
import { freePort } from '../support/ports.ts';
import { startWatchedShunt, type WatchedShunt } from '../support/shunt.ts';

const envoy = await envoyOrSkip();

const RPC = { ports: [{ name: 'grpc', port: 9000 }] };
const DENY = { 'shunt.dev/when-unready': 'deny' };
const TITLES = ['api', 'api@flaky', 'api@ready', 'api@half', 'grpc'] as const;

let echoes: Readonly<Record<(typeof TITLES)[number], Echo>>;
let deadPorts: readonly [number, number];
let folder: ManifestFolder;
let shunt: WatchedShunt;
let gatewayEnvoy: TestEnvoy;
let gateway: Gateway;

/** A preview of api or grpc with the endpoints of these ports. */
function preview(key: string, ports: readonly number[], fields: ServiceFields & SliceFields = {}): readonly Manifest[] {
  const target = fields.ports === undefined ? 'api' : 'grpc';
  const slices = { ...fields, portName: target === 'api' ? 'http' : 'grpc' };
  return [previewManifest(`shop/${key}`, target, key, fields), ...sliceManifests(`shop/${key}`, ports, slices)];
}

beforeAll(async () => {
  if (envoy === undefined) return;
  const started = await Promise.all(TITLES.map(async (title) => [title, await startEcho(title)] as const));
  echoes = Object.fromEntries(started) as typeof echoes;
  deadPorts = [await freePort(), await freePort()];
  folder = await ManifestFolder.create();
  const denies = { annotations: DENY };
  const copy = echoes['api@ready'].http1Port;
  await folder.write('world', [
    baselineManifest('shop/api'),
    ...sliceManifests('shop/api', [echoes.api.http1Port]),
    baselineManifest('shop/grpc', RPC),
    ...sliceManifests('shop/grpc', [echoes.grpc.http2Port], { portName: 'grpc' }),
    ...preview('ready', [copy]),
    ...preview('none', []),
    ...preview('unready', [copy], { ready: false }),
    ...preview('grpc-none', [], RPC),
    ...preview('denied-none', [], denies),
    ...preview('denied-unready', [copy], { ...denies, ready: false }),
    ...preview('denied-dead', [deadPorts[0]], denies),
    ...preview('denied-half', [echoes['api@half'].http1Port, deadPorts[1]], denies),
    ...preview('denied-grpc', [], { ...RPC, ...denies }),
    ...preview('team', [], denies),
    previewManifest('shop/team-alice', 'grpc', 'team.alice', RPC),
    previewManifest('shop/ruled', 'api', undefined, { annotations: { ...DENY, 'shunt.dev/match': 'x-user=alice' } }),
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
  for (const echo of Object.values(echoes ?? {})) await echo.close();
});

const WAYS = [
  ['GET over HTTP/1.1', { method: 'GET', protocol: 'HTTP/1.1' }],
  ['POST over HTTP/1.1', { method: 'POST', protocol: 'HTTP/1.1' }],
  ['GET over HTTP/2', { method: 'GET', protocol: 'HTTP/2' }],
  ['POST over HTTP/2', { method: 'POST', protocol: 'HTTP/2' }],
] as const satisfies [string, Partial<Question>][];

const withKey = (key: string): Question => ({ host: 'api', headers: { 'x-preview': key } });

describe.skipIf(envoy === undefined)('a preview that is not ready', () => {
  describe.each(WAYS)('for a %s', (_, way) => {
    test.each(['none', 'unready'])('(%s) leaves it to the baseline, and the response says for whom', async (key) => {
      expect(await gateway.ask({ ...withKey(key), ...way })).toMatchObject({
        status: 200,
        title: 'api',
        servedBy: `api (api@${key} is not ready)`,
        seen: { 'x-preview': key },
      });
    });

    test.each(['denied-none', 'denied-unready'])('and denies (%s) answers 503, with its name and why', async (key) => {
      expect(await gateway.ask({ ...withKey(key), ...way })).toMatchObject({
        status: 503,
        title: undefined,
        said: `api@${key} has no endpoint that is ready, and nobody is to answer in its place (shunt.dev/when-unready: deny).\n`,
      });
    });

    test('and denies, whose endpoints refuse connections, answers 503, with its name and why', async () => {
      const { status, title, said } = await gateway.ask({ ...withKey('denied-dead'), ...way });
      expect({ status, title }).toEqual({ status: 503, title: undefined });
      expect(said).toMatch(/^api@denied-dead cannot be reached: .*connect.*\n$/);
    });
  });

  test('leaves gRPC calls to the baseline, and the response says for whom', async () => {
    const call = { host: 'grpc:9000', protocol: 'gRPC', headers: { 'x-preview': 'grpc-none' } } as const;
    expect(await gateway.ask(call)).toMatchObject({ title: 'grpc', servedBy: 'grpc (grpc@grpc-none is not ready)' });
  });

  test('and denies answers gRPC calls with UNAVAILABLE, its name and why', async () => {
    const call = { host: 'grpc:9000', protocol: 'gRPC', headers: { 'x-preview': 'denied-grpc' } } as const;
    const { grpcStatus, said, title } = await gateway.ask(call);
    expect({ grpcStatus, title }).toEqual({ grpcStatus: '14', title: undefined });
    expect(said).toContain('grpc@denied-grpc has no endpoint that is ready');
  });

  test('and denies does so to those of its rule, and to those with a key that falls back to its own', async () => {
    expect(await gateway.ask({ host: 'api', headers: { 'x-user': 'alice' } })).toMatchObject({ status: 503 });
    const { status, said } = await gateway.ask(withKey('team.alice'));
    expect(status).toBe(503);
    expect(said).toContain('api@team has no endpoint that is ready');
  });

  test('and denies while one of its endpoints still answers costs nobody anything', async () => {
    expect(await gateway.titles(withKey('denied-half'), 30)).toEqual(new Set(['api@half']));
  });

  test.each([
    ['no key', {}, 'api'],
    ['an unknown key', { 'x-preview': 'nobody' }, 'api'],
    ['the key of one that is ready', { 'x-preview': 'ready' }, 'api@ready'],
  ])('is not mentioned to those with %s', async (_, headers, servedBy) => {
    for (let time = 0; time < 12; time++) expect((await gateway.ask({ host: 'api', headers })).servedBy).toBe(servedBy);
  });

  test('leaves its requests to whichever endpoints the baseline has at the time', async () => {
    const write = ({ http1Port }: Echo) =>
      folder.write('moving', [
        baselineManifest('shop/moving'),
        ...sliceManifests('shop/moving', [http1Port]),
        previewManifest('shop/moving-none', 'moving', 'none'),
      ]);
    for (const echo of [echoes.api, echoes['api@ready'], echoes.api]) {
      await write(echo);
      await gateway.untilAnsweredBy(echo.title, { host: 'moving' });
      const question = { ...withKey('none'), host: 'moving' };
      expect(await gateway.titles(question, 6)).toEqual(new Set([echo.title]));
    }
  });

  test('leaves its requests to an endpoint of the baseline that answers, if another does not', async () => {
    const down = [deadPorts[0], echoes.api.http1Port];
    await folder.write('two', [
      baselineManifest('shop/two'),
      ...sliceManifests('shop/two', down),
      previewManifest('shop/two-none', 'two', 'none'),
    ]);
    await gateway.untilAnsweredBy('api', { host: 'two' });
    for (let time = 0; time < 12; time++) {
      for (const method of ['GET', 'POST'] as const) {
        expect(await gateway.ask({ ...withKey('none'), host: 'two', method })).toMatchObject({
          status: 200,
          title: 'api',
        });
      }
    }
  });
});

describe.skipIf(envoy === undefined)(
  'under constant load, a preview that comes, refuses, goes unready and vanishes',
  () => {
    const KINDS = (['HTTP/1.1', 'HTTP/2'] as const).flatMap((protocol) =>
      (['GET', 'POST'] as const).map((method) =>
        requestKind({
          ...{ name: 'api, flaky', protocol, method, authority: 'api' },
          ...{ headers: { 'x-preview': 'flaky' }, answeredBy: ['api@flaky'] },
        }),
      ),
    );

    /** How many requests the baseline has answered, and how many nobody has, through five such stories. */
    async function tell(annotations: Readonly<Record<string, string>>) {
      const flaky = echoes['api@flaky'];
      const inForce = { host: 'api', headers: { 'x-preview': 'flaky' } };
      const write = (ports: readonly number[], ready = true) =>
        folder.write('flaky', preview('flaky', ports, { annotations, ready }));
      const untilNotReady = async () => {
        for (let last = await gateway.ask(inForce); last.title === 'api@flaky'; ) last = await gateway.ask(inForce);
      };
      await write([flaky.http1Port]);
      await gateway.untilAnsweredBy('api@flaky', inForce);
      const before = echoes.api.requests.withKey;
      const report = await underLoad({ port: shunt.gatewayPort, kinds: KINDS }, async (load) => {
        await load.settle(60);
        for (let round = 0; round < 5; round++) {
          await write([flaky.http1Port], false);
          await untilNotReady();
          await load.settle(60);
          await write([deadPorts[0]]);
          await load.settle(60);
          await write([]);
          await untilNotReady();
          await load.settle(60);
          await write([flaky.http1Port]);
          await gateway.untilAnsweredBy('api@flaky', inForce);
          await load.settle(60);
        }
      });
      await folder.remove('flaky');
      await gateway.untilAnsweredBy('api', inForce);
      return { report, byBaseline: echoes.api.requests.withKey - before };
    }

    test('and denies is never answered for by the baseline', async () => {
      const { report, byBaseline } = await tell(DENY);
      // The last question, when the preview is deleted, is the only one for which the baseline answers.
      expect(byBaseline).toBe(1);
      expect(report.kinds.reduce((sum, { failed }) => sum + failed.responder + failed.connection, 0)).toBe(0);
      expect(report.kinds.reduce((sum, { failed }) => sum + failed.status, 0)).toBeGreaterThan(0);
      expect(report.ok).toBeGreaterThan(0);
    });

    test('without denying is answered for by the baseline at every such moment, and nobody is refused', async () => {
      const { report, byBaseline } = await tell({});
      expect(byBaseline).toBeGreaterThan(100);
      expect(report.kinds.reduce((sum, { failed }) => sum + failed.status + failed.connection, 0)).toBe(0);
    });
  },
);
