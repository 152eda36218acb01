import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Gate } from '../kubernetes/gate.ts';
import { Cluster } from '../kubernetes/objects.ts';
import { ApiServer } from '../support/apiserver.ts';
import { inForce, rendered } from '../support/config-dump.ts';
import { type Echo, startEcho } from '../support/echo.ts';
import { envoyOrSkip, startTestEnvoy, type TestEnvoy } from '../support/envoy.ts';
import { Gateway } from '../support/gateway.ts';
import { type Load, requestKind, underLoad } from '../support/load/index.ts';
import { baselineManifest, type Manifest, serviceManifest, sliceManifests } from '../support/manifests.ts';
import { runShuntServe, type ShuntProcess } from '../support/shunt.ts';
import { apiServerAssets } from '../support/with-apiserver.ts';
import { describeInOwnNetwork } from '../support/with-own-network.ts';

const envoy = await envoyOrSkip();
const assets = apiServerAssets();

/** Where the upstreams listen: an API server takes no address of loopback. */
const HOST = '10.0.0.1';

const PER_SECOND = 600;

/** Of the whole file, in milliseconds; one of its tests takes more than a minute by its nature. */
const TIMEOUT = 600_000;

const PREVIEW = { 'shunt.dev/intercepts': 'api', 'shunt.dev/key': 'pr-1' };
const NO_PREVIEW = { 'shunt.dev/intercepts': null, 'shunt.dev/key': null };
const RPC = { ports: [{ name: 'grpc', port: 9000 }] };

/** What callers ask who test nothing. */
const KINDS = [
  ...(['HTTP/1.1', 'HTTP/2'] as const).flatMap((protocol) =>
    (['GET', 'POST'] as const).flatMap((method) => [
      requestKind({ name: 'no key', protocol, method, authority: 'api', answeredBy: ['api'] }),
      requestKind({
        ...{ name: 'unknown key', protocol, method, authority: 'api.shop', answeredBy: ['api'] },
        headers: { 'x-preview': 'nobody' },
      }),
    ]),
  ),
  requestKind({ name: 'call', protocol: 'gRPC', authority: 'grpc:9000', answeredBy: ['grpc'] }),
];

describeInOwnNetwork(import.meta.filename, TIMEOUT, () => {
  describe.skipIf(envoy === undefined || assets === undefined)(
    'a cluster under constant load, of which not one request without a preview fails and whose state is that of a fresh start',
    { timeout: TIMEOUT },
    () => {
      const server = new ApiServer(assets ?? '');
      const cluster = new Cluster(server);
      const echoes = new Map<string, Echo>();
      let folder: string;
      let gate: Gate;
      let source: readonly string[];
      let shunt: ShuntProcess;
      let gatewayEnvoy: TestEnvoy;
      let gateway: Gateway;

      const ask = (key: string) => ({ host: 'api', headers: { 'x-preview': key } });
      const slices = (name: string, title: string): readonly Manifest[] =>
        sliceManifests(`shop/${name}`, [echoes.get(title)!.http1Port], { address: HOST });

      async function apply(...objects: readonly Manifest[]): Promise<void> {
        for (const object of objects) await cluster.apply(object as never);
      }

      beforeAll(async () => {
        for (const title of ['api', 'grpc', 'copy', 'other']) echoes.set(title, await startEcho(title, 0, HOST));
        folder = await mkdtemp(path.join(tmpdir(), 'kubernetes-e2e-'));
        await server.start();
        gate = await Gate.to(server.port);
        const kubeconfig = path.join(folder, 'kubeconfig');
        await writeFile(kubeconfig, server.kubeconfigText('admin', gate.port), { mode: 0o600 });
        await cluster.createNamespace('shop');
        await apply(
          baselineManifest('shop/api'),
          ...slices('api', 'api'),
          baselineManifest('shop/grpc', RPC),
          ...sliceManifests('shop/grpc', [echoes.get('grpc')!.http2Port], { address: HOST, portName: 'grpc' }),
        );
        source = ['--kubernetes', '--kubeconfig', kubeconfig, '--namespace', 'shop'];
        shunt = await runShuntServe(source);
        gatewayEnvoy = await startTestEnvoy({ xdsPort: shunt.xdsPort, protocol: 'delta' });
        gateway = new Gateway(gatewayEnvoy, shunt.gatewayPort);
      });

      afterAll(async () => {
        gateway?.close();
        await gatewayEnvoy?.stop();
        await shunt?.stop();
        await gate?.stop();
        await server.stop();
        for (const echo of echoes.values()) await echo.close();
        if (folder !== undefined) await rm(folder, { recursive: true });
      });

      /** Tells a story under load, which ends with a preview in force. */
      async function tell(story: (load: Load) => Promise<void>): Promise<void> {
        const kinds = { port: shunt.gatewayPort, kinds: KINDS, perSecond: PER_SECOND };
        const report = await underLoad(kinds, async (load) => {
          await load.settle(PER_SECOND / 10);
          await story(load);
          await load.settle(PER_SECOND / 10);
        });
        expect(report.kinds.flatMap(({ failures }) => failures)).toEqual([]);
        expect(report.failed).toBe(0);
        expect(report.sent / report.seconds).toBeGreaterThanOrEqual(500);
        // Endpoints come first, the listing of previews a moment later.
        const fresh = await rendered(source, shunt.gatewayPort);
        await expect.poll(() => inForce(gatewayEnvoy), { timeout: 30_000 }).toEqual(fresh);
        expect(await gatewayEnvoy.rejected()).toEqual({});
      }

      test('objects are created, labelled, relabelled and deleted', async () => {
        await tell(async () => {
          await apply(serviceManifest('shop/copy'), ...slices('copy', 'copy'));
          await cluster.label('shop', 'services', 'copy', PREVIEW);
          await gateway.untilAnsweredBy('copy', ask('pr-1'));
          await cluster.label('shop', 'services', 'copy', { 'shunt.dev/key': 'pr-2' });
          await gateway.untilAnsweredBy('copy', ask('pr-2'));
          await gateway.untilAnsweredBy('api', ask('pr-1'));
          await cluster.label('shop', 'services', 'copy', NO_PREVIEW);
          await gateway.untilAnsweredBy('api', ask('pr-2'));
          await cluster.label('shop', 'services', 'copy', PREVIEW);
          await gateway.untilAnsweredBy('copy', ask('pr-1'));
          await cluster.delete('shop', 'services', 'copy');
          await gateway.untilAnsweredBy('api', ask('pr-1'));
          await cluster.delete('shop', 'endpointslices', 'copy-http-0');
        });
      });

      test('the API server is killed and comes back', async () => {
        await tell(async (load) => {
          await server.killApi();
          await load.settle(PER_SECOND);
          await server.startApi();
          await apply(serviceManifest('shop/copy', { labels: PREVIEW }), ...slices('copy', 'copy'));
          await gateway.untilAnsweredBy('copy', ask('pr-1'));
        });
      });

      test('the API server hangs for a minute, connections and all', async () => {
        await tell(async (load) => {
          await server.pauseApi(true);
          await load.settle(60 * PER_SECOND);
          await server.pauseApi(false);
          await cluster.label('shop', 'services', 'copy', { 'shunt.dev/key': 'pr-3' });
          await gateway.untilAnsweredBy('copy', ask('pr-3'));
        });
      });

      test('history is forgotten while the way to the API server is cut', async () => {
        await tell(async (load) => {
          gate.shut();
          await cluster.label('shop', 'services', 'copy', { 'shunt.dev/key': 'pr-4' });
          await cluster.delete('shop', 'endpointslices', 'copy-http-0');
          await apply(...sliceManifests('shop/copy', [echoes.get('other')!.http1Port], { address: HOST }));
          await server.compact();
          await server.killApi();
          await server.startApi();
          await load.settle(PER_SECOND);
          gate.open();
          await gateway.untilAnsweredBy('other', ask('pr-4'));
          await gateway.untilAnsweredBy('api', ask('pr-3'));
        });
      });
    },
  );
});
