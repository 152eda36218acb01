import { once } from 'node:events';

import { createServer, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Authority, noCertificates } from '../support/certificates.ts';
import { type Echo, startEcho } from '../support/echo.ts';
import { envoyOrSkip } from '../support/envoy.ts';
import { GatewayPod, POD } from '../support/gateway-pod.ts';
import { type KubernetesObject, kustomize } from '../support/kubectl.ts';
import { type LoadReport, requestKind, underLoad } from '../support/load/index.ts';
import { baselineManifest, ManifestFolder, sliceManifests } from '../support/manifests.ts';
import { PodSandbox } from '../support/pod-sandbox.ts';
import { freePort } from '../support/ports.ts';
import { ServiceProxy } from '../support/service-proxy.ts';
import { runShunt, runShuntServe, type ShuntProcess } from '../support/shunt.ts';
import { apiServerAssets } from '../support/with-apiserver.ts';

const envoy = await envoyOrSkip();
const assets = apiServerAssets();
const DEPLOY = resolve(import.meta.dirname, '../../deploy');

const RPC = { ports: [{ name: 'grpc', port: 9000 }] };
const KINDS = [
  ...(['HTTP/1.1', 'HTTP/2'] as const).flatMap((protocol) =>
    (['GET', 'POST'] as const).map((method) =>
      requestKind({ name: 'api', protocol, method, authority: 'api', answeredBy: ['api'] }),
    ),
  ),
  requestKind({ name: 'call', protocol: 'gRPC', authority: 'grpc:9000', answeredBy: ['grpc'] }),
];

/**
 * A request that a client was about to begin on a connection when the GOAWAY came. It has not left the client, which may
 * send it elsewhere (RFC 9113, 8.7), as gRPC libraries do by themselves; the client of the tests does not, so as to hide nothing.
 */
const NEVER_SENT = 'NGHTTP2_REFUSED_STREAM';

interface Stoppable {
  stop(): Promise<unknown>;
}

describe.skipIf(envoy === undefined || assets === undefined)('gateways as deploy/ has them', () => {
  let echoes: readonly Echo[];
  let folder: ManifestFolder;
  let objects: readonly KubernetesObject[];
  const running: Stoppable[] = [];

  beforeAll(async () => {
    // Some requests are always under way.
    echoes = [await startEcho('api', 30), await startEcho('grpc', 30)];
    folder = await ManifestFolder.create();
    await folder.write('world', [
      baselineManifest('shop/api'),
      ...sliceManifests('shop/api', [echoes[0]!.http1Port]),
      baselineManifest('shop/grpc', RPC),
      ...sliceManifests('shop/grpc', [echoes[1]!.http2Port], { portName: 'grpc' }),
    ]);
    objects = await kustomize(join(DEPLOY, 'gateway'));
  });
  afterEach(async () => {
    for (const each of running.splice(0).reverse()) await each.stop();
  });
  afterAll(async () => {
    await folder?.delete();
    for (const echo of echoes ?? []) await echo.close();
  });

  /** Ends it after the test. */
  function keep<Each extends Stoppable>(each: Each): Each {
    running.push(each);
    return each;
  }

  test('are ready when they have their configuration, tell no more than that and their statistics, and are called as their Pods', async () => {
    const port = await freePort();
    const gatewayPort = await freePort();
    const pod = keep(await GatewayPod.start(objects, { xdsPort: port, gatewayPort }));
    await expect
      .poll(
        () =>
          fetch(`http://127.0.0.1:${pod.ports.admin}/server_info`).then(
            () => true,
            () => false,
          ),
        { timeout: 30_000 },
      )
      .toBe(true);
    expect(await pod.readiness()).not.toBe(200);
    const shunt = keep(await runShuntServe(folder, { xdsPort: port, gatewayPort }));
    await pod.ready();
    expect((await pod.node()).id).toBe(POD);
    expect(await pod.probe('/stats/prometheus')).toBe(200);
    for (const path of ['/', '/config_dump', '/ready/config_dump', '/stats', '/quitquitquit']) {
      expect(await pod.probe(path), path).toBe(404);
    }
    expect(await pod.probe('/ready', 'POST')).toBe(404);
    await shunt.stop();
    running.splice(running.indexOf(shunt), 1);
    expect(await pod.readiness()).toBe(200);
  });

  /** A rolling update of one gateway by another, as the Deployment does it. @param drained whether the preStop runs. */
  async function rollingUpdate(drained: boolean): Promise<LoadReport> {
    // Envoys on one machine cannot listen at the same port, so each has a replica of Shunt that gives it one of its own.
    const shunts = [keep(await runShuntServe(folder)), keep(await runShuntServe(folder))] as const;
    const node = keep(await ServiceProxy.start());
    const target = ({ port }: GatewayPod) => ({ host: '127.0.0.1', port });
    const before = await GatewayPod.start(objects, shunts[0]);
    try {
      await before.ready();
      node.direct([target(before)]);
      return await underLoad({ port: node.port, kinds: KINDS }, async (load) => {
        await load.settle(300);
        const after = keep(await GatewayPod.start(objects, shunts[1]));
        await after.ready();
        node.direct([target(before), target(after)]);
        await load.settle(300);
        if (drained) {
          const ended = before.drain();
          await expect.poll(() => before.readiness(), { timeout: 30_000, interval: 20 }).toBe(503);
          // Nodes go on for a while with what they know.
          await load.settle(300);
          node.direct([target(after)]);
          await ended;
        } else node.direct([target(after)]);
        await before.stop();
        await load.settle(300);
      });
    } finally {
      await before.stop().catch(() => undefined);
    }
  }

  test('lose no request in a rolling update', async () => {
    const report = await rollingUpdate(true);
    const failures = report.kinds.flatMap((kind) => kind.failures);
    expect(failures.filter(({ sentence }) => !sentence.includes(NEVER_SENT))).toEqual([]);
    expect(report.failed).toBe(failures.length);
    expect(report.sent / report.seconds).toBeGreaterThanOrEqual(500);
  });

  test('end when requests under way have their answers, and not before', async () => {
    const asked = Promise.withResolvers<ServerResponse>();
    const slow = createServer((_, response) => asked.resolve(response)).listen(0, '127.0.0.1');
    await once(slow, 'listening');
    try {
      const { port } = slow.address() as AddressInfo;
      await folder.write('slow', [baselineManifest('shop/slow'), ...sliceManifests('shop/slow', [port])]);
      const pod = keep(await GatewayPod.start(objects, keep(await runShuntServe(folder))));
      await pod.ready();
      const answer = Promise.withResolvers<string>();
      const question = request({ host: '127.0.0.1', port: pod.port, headers: { host: 'slow' } }, (incoming) => {
        answer.resolve(text(incoming));
      });
      question.on('error', answer.reject).end();
      const response = await asked.promise;
      let ended = false;
      const draining = pod.drain(['0', '60']).then(() => {
        ended = true;
      });
      await expect.poll(() => pod.readiness(), { timeout: 30_000 }).toBe(503);
      // Its script looks again and again.
      const sofar = await pod.asked();
      await expect.poll(() => pod.asked(), { timeout: 30_000, interval: 2_500 }).toBeGreaterThan(sofar + 3);
      expect(ended).toBe(false);
      response.end('at last');
      await draining;
      expect(await answer.promise).toBe('at last');
    } finally {
      slow.close();
      await folder.write('slow', []);
    }
  });

  test('would lose requests without the preStop', async () => {
    expect((await rollingUpdate(false)).failed).toBeGreaterThan(0);
  });
});

describe.skipIf(envoy === undefined || assets === undefined || noCertificates !== undefined)(
  'mutual TLS as deploy/ has it',
  () => {
    let authority: Authority;
    let folder: ManifestFolder;
    let shuntPod: PodSandbox;
    let shunt: ShuntProcess;
    let gateway: GatewayPod | undefined;
    let gatewayObjects: readonly KubernetesObject[];

    beforeAll(async () => {
      authority = new Authority('cluster');
      folder = await ManifestFolder.create();
      await folder.write('world', [baselineManifest('shop/api'), ...sliceManifests('shop/api', [1])]);
      const objects = await kustomize(join(DEPLOY, 'overlays/mutual-tls'));
      gatewayObjects = await kustomize(join(DEPLOY, 'overlays/gateway-mutual-tls'));
      shuntPod = await PodSandbox.of(objects, { 'shunt-xds-tls': secret(['DNS:shunt.shunt-system']) }, (text) =>
        text.replace('kubernetes: on', `directory: ${folder.path}`),
      );
      const gatewayPort = await freePort();
      // Of a folder nothing need be kept for a start without it.
      const { SHUNT_LAST_GOOD: _, ...environment } = shuntPod.environment('shunt-0');
      shunt = await runShunt(shuntPod.args('shunt-0'), gatewayPort, {
        ...environment,
        SHUNT_XDS: '127.0.0.1:0',
        SHUNT_ADMIN: '127.0.0.1:0',
        SHUNT_LISTEN: `127.0.0.1:${gatewayPort}`,
      });
      await shunt.log.first(({ msg }) => msg === 'ready');
    });
    afterEach(async () => {
      await gateway?.stop();
      gateway = undefined;
    });
    afterAll(async () => {
      await shunt?.stop();
      await shuntPod?.delete();
      await folder?.delete();
      authority?.delete();
    });

    /** As cert-manager lays one out. */
    function secret(names: readonly string[]): Readonly<Record<string, string>> {
      const { certificate, key } = authority.issue({ names });
      return { 'tls.crt': certificate, 'tls.key': key, 'ca.crt': authority.certificate };
    }

    test('lets the gateways’ ServiceAccount in', async () => {
      const own = secret(['URI:spiffe://cluster.local/ns/shop/sa/shunt-gateway']);
      gateway = await GatewayPod.start(gatewayObjects, shunt, { 'shunt-gateway-tls': own });
      await gateway.ready();
      expect((await gateway.node()).metadata['shunt.dev/namespace']).toBe('shop');
    });

    test('refuses others of the same CA, and says whom', async () => {
      const other = secret(['URI:spiffe://cluster.local/ns/shop/sa/default']);
      gateway = await GatewayPod.start(gatewayObjects, shunt, { 'shunt-gateway-tls': other });
      const refusal = await shunt.log.first(({ msg }) => msg.includes('spiffe://cluster.local/ns/shop/sa/default'));
      expect(refusal.level).toBe('warn');
      expect(await gateway.readiness()).not.toBe(200);
    });
  },
);
