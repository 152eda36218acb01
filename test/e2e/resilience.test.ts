import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type BlackHole, openBlackHole } from '../support/black-hole.ts';
import { type Echo, startEcho } from '../support/echo.ts';
import { envoyOrSkip, startTestEnvoy, type TestEnvoy } from '../support/envoy.ts';
import { Gateway } from '../support/gateway.ts';
import { type LoadReport, requestKind, underLoad } from '../support/load/index.ts';
import { baselineManifest, ManifestFolder, previewManifest, sliceManifests } from '../support/manifests.ts';
import { freePort } from '../support/ports.ts';
import { startWatchedShunt, type TestShunt } from '../support/shunt.ts';
import { startShuntWithoutRetries } from '../support/unprotected.ts';

const envoy = await envoyOrSkip();

const RPC = { ports: [{ name: 'grpc', port: 9000 }] };
const KEY = { 'x-preview': 'pr-1' };

/** So long each request to a preview takes, so that a crash always meets some that are under way. */
const WORK_MS = 30;

const TITLES = ['api', 'api@pr-1', 'api@other', 'grpc', 'grpc@pr-1'] as const;

let echoes: Readonly<Record<(typeof TITLES)[number], Echo>>;
let folder: ManifestFolder;
let blackHole: BlackHole;

beforeAll(async () => {
  if (envoy === undefined) return;
  const started = await Promise.all(
    TITLES.map(async (title) => [title, await startEcho(title, title.includes('@') ? WORK_MS : 0)] as const),
  );
  echoes = Object.fromEntries(started) as typeof echoes;
  folder = await ManifestFolder.create();
  blackHole = await openBlackHole();
  const copy = (key: string, ports: readonly number[]) => [
    previewManifest(`shop/api-${key}`, 'api', key),
    ...sliceManifests(`shop/api-${key}`, ports),
  ];
  await folder.write('world', [
    baselineManifest('shop/api'),
    ...sliceManifests('shop/api', [echoes.api.http1Port]),
    ...copy('pr-1', [echoes['api@pr-1'].http1Port]),
    ...copy('silent', [blackHole.port]),
    ...copy('refusing', [await freePort()]),
    baselineManifest('shop/grpc', RPC),
    ...sliceManifests('shop/grpc', [echoes.grpc.http2Port], { portName: 'grpc' }),
    previewManifest('shop/grpc-pr-1', 'grpc', 'pr-1', RPC),
    ...sliceManifests('shop/grpc-pr-1', [echoes['grpc@pr-1'].http2Port], { portName: 'grpc' }),
  ]);
});
afterAll(async () => {
  await folder?.delete();
  await blackHole?.close();
  for (const echo of Object.values(echoes ?? {})) await echo.close();
});

const KINDS = [
  ...(['HTTP/1.1', 'HTTP/2'] as const).flatMap((protocol) =>
    (['GET', 'POST'] as const).flatMap((method) => [
      requestKind({
        name: 'api, pr-1',
        protocol,
        method,
        authority: 'api',
        headers: KEY,
        answeredBy: ['api', 'api@pr-1'],
      }),
      requestKind({ name: 'api, no key', protocol, method, authority: 'api', answeredBy: ['api'] }),
    ]),
  ),
  requestKind({
    ...{ name: 'grpc, pr-1', protocol: 'gRPC', authority: 'grpc:9000' },
    ...{ headers: KEY, answeredBy: ['grpc', 'grpc@pr-1'] },
  }),
  requestKind({ name: 'grpc, no key', protocol: 'gRPC', authority: 'grpc:9000', answeredBy: ['grpc'] }),
];

/** The previews crash and come back, three times, under constant load. */
async function crashUnderLoad(shunt: Pick<TestShunt, 'xdsPort' | 'gatewayPort' | 'stop'>): Promise<LoadReport> {
  const gatewayEnvoy = await startTestEnvoy({ xdsPort: shunt.xdsPort });
  const gateway = new Gateway(gatewayEnvoy, shunt.gatewayPort);
  try {
    return await underLoad({ port: shunt.gatewayPort, kinds: KINDS }, async (load) => {
      for (let round = 0; round < 3; round++) {
        await gateway.untilAnsweredBy('api@pr-1', { host: 'api', headers: KEY });
        await load.settle(90);
        await Promise.all([echoes['api@pr-1'].die(), echoes['grpc@pr-1'].die()]);
        await load.settle(90);
        await Promise.all([echoes['api@pr-1'].revive(), echoes['grpc@pr-1'].revive()]);
      }
    });
  } finally {
    gateway.close();
    await gatewayEnvoy.stop();
    await shunt.stop();
  }
}

function failed({ kinds }: LoadReport, wanted: (kind: LoadReport['kinds'][number]) => boolean): number {
  return kinds.filter(wanted).reduce((sum, { sent, ok }) => sum + sent - ok, 0);
}

describe.skipIf(envoy === undefined)('a preview that crashes under constant load', () => {
  test('fails no request that was safe to send again, and nobody without its key', async () => {
    const report = await crashUnderLoad(await startWatchedShunt(folder));
    expect(failed(report, ({ name }) => name.endsWith('no key'))).toBe(0);
    expect(failed(report, ({ method }) => method === 'GET')).toBe(0);
    // A POST or a call that the preview had begun to work on may have had its effect, so it is not sent again.
    const atRisk = report.kinds.filter(({ name, method }) => name.endsWith('pr-1') && method === 'POST');
    for (const { sent, ok } of atRisk) expect(ok).toBeGreaterThan(0.8 * sent);
    expect(report.sent / report.seconds).toBeGreaterThanOrEqual(500);
  });

  test('would fail them without the retries', async () => {
    const report = await crashUnderLoad(await startShuntWithoutRetries(folder));
    expect(failed(report, ({ name }) => name.endsWith('no key'))).toBe(0);
    expect(failed(report, ({ name, method }) => name === 'api, pr-1' && method === 'GET')).toBeGreaterThan(0);
  });
});

describe.skipIf(envoy === undefined)('a preview whose address refuses connections, or swallows packets', () => {
  let shunt: TestShunt;
  let gatewayEnvoy: TestEnvoy;
  let gateway: Gateway;

  beforeAll(async () => {
    shunt = await startWatchedShunt(folder);
    gatewayEnvoy = await startTestEnvoy({ xdsPort: shunt.xdsPort });
    gateway = new Gateway(gatewayEnvoy, shunt.gatewayPort);
  });
  afterAll(async () => {
    gateway?.close();
    await gatewayEnvoy?.stop();
    await shunt?.stop();
  });

  test.each(['refusing', 'silent'])('(%s) loses no upload of up to 4 MiB', async (key) => {
    const { status, title } = await gateway.ask({
      ...{ host: 'api', method: 'POST', headers: { 'x-preview': key } },
      body: 'x'.repeat(4_190_000),
    });
    expect({ status, title }).toEqual({ status: 200, title: 'api' });
  });

  test('leaves its requests to the baseline, and those after the first few do not wait', async () => {
    const timeouts = async () => Object.values(await gatewayEnvoy.stats('shop/api/80.upstream_cx_connect_timeout$'))[0];
    // Fewer could be the ends of WebSockets, which Envoy counts as failures of the endpoint too.
    for (let time = 0; time < 5; time++) await gateway.ask({ host: 'api', headers: { 'x-preview': 'silent' } });
    const before = await timeouts();
    for (let time = 0; time < 20; time++) {
      const question = { host: 'api', method: time % 2 === 0 ? ('POST' as const) : ('GET' as const) };
      expect(await gateway.ask({ ...question, headers: { 'x-preview': 'silent' } })).toMatchObject({
        status: 200,
        title: 'api',
      });
    }
    expect((await timeouts())! - before!).toBe(0);
  });
});
