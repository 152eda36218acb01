import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Cluster } from '../kubernetes/objects.ts';
import { ApiServer } from '../support/apiserver.ts';
import { DocumentedCommands } from '../support/documented.ts';
import { type Echo, startEcho } from '../support/echo.ts';
import { EndpointController } from '../support/endpoint-controller.ts';
import { envoyOrSkip, startTestEnvoy, type TestEnvoy } from '../support/envoy.ts';
import { type KubernetesObject, kubectl } from '../support/kubectl.ts';
import { type Load, type LoadReport, requestKind, underLoad } from '../support/load/index.ts';
import { freePort } from '../support/ports.ts';
import { ServiceProxy } from '../support/service-proxy.ts';
import { runShunt, type ShuntProcess } from '../support/shunt.ts';
import { apiServerAssets } from '../support/with-apiserver.ts';
import { describeInOwnNetwork } from '../support/with-own-network.ts';

const envoy = await envoyOrSkip();
const assets = apiServerAssets();

/** Of the whole file, in milliseconds. */
const TIMEOUT = 300_000;

/** Where each kind of Pod has its address. The gateways' are both of one Envoy. */
const API = '10.0.0.1';
const COPY = '10.0.0.2';
const GATEWAYS = ['10.1.0.1', '10.1.0.2'] as const;

const HTTP = (['GET', 'POST'] as const).map((method) =>
  requestKind({ name: 'api', protocol: 'HTTP/1.1', method, authority: 'api', answeredBy: ['api'] }),
);
const HTTP2 = [
  requestKind({ name: 'api', protocol: 'HTTP/2', authority: 'api:9000', answeredBy: ['api'] }),
  requestKind({ name: 'api', protocol: 'gRPC', authority: 'api.shop:9000', answeredBy: ['api'] }),
];

interface Answer {
  readonly status: number;
  readonly title: string | undefined;
  /** Whether a gateway was on the way. */
  readonly byGateway: boolean;
}

describeInOwnNetwork(import.meta.filename, TIMEOUT, () => {
  describe.skipIf(envoy === undefined || assets === undefined)(
    'gateways in front of a Service, as docs/in-front-of-a-service.md puts them there',
    { timeout: TIMEOUT },
    () => {
      const server = new ApiServer(assets ?? '');
      const cluster = new Cluster(server);
      const echoes: Echo[] = [];
      let folder: string;
      let page: DocumentedCommands;
      let controller: EndpointController;
      let shunt: ShuntProcess;
      let gateway: TestEnvoy;
      let nodes: Readonly<Record<'http' | 'grpc', ServiceProxy>>;

      beforeAll(async () => {
        const [api, copy] = [await startEcho('api', 0, API), await startEcho('copy', 0, COPY)];
        echoes.push(api, copy);
        folder = await mkdtemp(path.join(tmpdir(), 'in-front-'));
        await server.start();
        const gatewayPort = await freePort();
        page = await DocumentedCommands.of('in-front-of-a-service.md', folder, server.kubeconfig('admin'), (written) =>
          written
            .replaceAll('8080', `${api.http1Port}`)
            .replaceAll('9090', `${api.http2Port}`)
            .replaceAll('10000', `${gatewayPort}`),
        );
        await cluster.createNamespace('shop');
        await page.run('kubectl apply -f api.yaml');
        await kubectl(server.kubeconfig('admin'), ['apply', '-f', '-'], JSON.stringify(gatewayService(gatewayPort)));
        await kubectl(server.kubeconfig('admin'), ['apply', '-f', '-'], JSON.stringify(copyService(copy)));

        nodes = { http: await ServiceProxy.start(), grpc: await ServiceProxy.start() };
        const pods = [
          { labels: { app: 'api' }, address: API },
          { labels: { app: 'copy' }, address: COPY },
          ...GATEWAYS.map((address) => ({ labels: { 'app.kubernetes.io/name': 'shunt-gateway' }, address })),
        ];
        controller = new EndpointController(server, 'shop', pods, (service, slice) => {
          if (service === 'api') direct(slice);
        });
        await controller.start();
        shunt = await runShunt(
          [
            ...['serve', '--kubernetes', '--kubeconfig', server.kubeconfig('admin'), '--namespace', 'shop'],
            ...['--xds', '127.0.0.1:0', '--admin', '127.0.0.1:0', '--listen', `0.0.0.0:${gatewayPort}`],
          ],
          gatewayPort,
        );
        await shunt.log.first(({ msg }) => msg === 'ready');
        gateway = await startTestEnvoy({ xdsPort: shunt.xdsPort });
      });

      afterAll(async () => {
        await gateway?.stop();
        await shunt?.stop();
        await controller?.stop();
        await server.stop();
        for (const node of Object.values(nodes ?? {})) await node.stop();
        for (const echo of echoes) await echo.close();
        if (folder !== undefined) await rm(folder, { recursive: true });
      });

      /** As a node does when it hears of an EndpointSlice. */
      function direct(slice: KubernetesObject): void {
        for (const { name, port } of slice.ports) {
          const targets = slice.endpoints.map(({ addresses }: KubernetesObject) => ({ host: addresses[0], port }));
          nodes[name as 'http' | 'grpc'].direct(targets);
        }
      }

      /** On a connection of its own. */
      async function ask(headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
        const { promise, resolve, reject } = Promise.withResolvers<Answer>();
        request({ host: '127.0.0.1', port: nodes.http.port, agent: false, headers: { host: 'api', ...headers } })
          .on('error', reject)
          .on('response', async (response) => {
            const body = await text(response);
            const title = response.statusCode === 200 ? (JSON.parse(body).title as string) : undefined;
            resolve({ status: response.statusCode!, title, byGateway: 'x-shunt-served-by' in response.headers });
          })
          .end();
        return promise;
      }

      const untilAnswer = (wanted: Answer, headers?: Readonly<Record<string, string>>) =>
        expect.poll(() => ask(headers), { timeout: 30_000, interval: 10 }).toEqual(wanted);

      /** Callers of both ports, from before to after, and others that come when `more` is called. */
      async function underBothLoads(story: (both: { settle(): Promise<void> }) => Promise<void>): Promise<void> {
        const reports: LoadReport[] = [];
        const options = (port: number, kinds: typeof HTTP) => ({ port, kinds, perSecond: 300 });
        reports.push(
          await underLoad(options(nodes.http.port, HTTP), async (one: Load) => {
            reports.push(
              await underLoad(options(nodes.grpc.port, HTTP2), async (other: Load) => {
                const settle = async () => void (await Promise.all([one.settle(150), other.settle(150)]));
                await settle();
                await story({ settle });
                await settle();
              }),
            );
          }),
        );
        expect(reports.flatMap(({ kinds }) => kinds.flatMap(({ failures }) => failures))).toEqual([]);
        expect(reports.map(({ failed }) => failed)).toEqual([0, 0]);
      }

      const preview = { 'x-preview': 'pr-1' };

      test('come and go without a failed request, and previews are there while they are', async () => {
        await underBothLoads(async (outer) => {
          for (const step of page.below('The switch')) {
            expect(await ask(preview)).toEqual({ status: 200, title: 'api', byGateway: false });
            await page.run(step);
            await outer.settle();
          }
          await untilAnswer({ status: 200, title: 'api', byGateway: true });
          await untilAnswer({ status: 200, title: 'copy', byGateway: true }, preview);
          expect(shunt.log.all.filter(({ level }) => level !== 'info')).toEqual([]);

          // Callers that came while the gateways were there.
          await underBothLoads(async (inner) => {
            const [back, ...after] = page.below('Taking it back');
            await page.run(back!);
            await untilAnswer({ status: 200, title: 'api', byGateway: false }, preview);
            await inner.settle();
            for (const step of after) await page.run(step);
            await inner.settle();
          });
        });
        expect(shunt.log.all.filter(({ level }) => level !== 'info')).toEqual([]);
      });

      test('are refused by the patch where Shunt does not know the Pods', async () => {
        const switching = page.below('The switch').at(-1)!;
        await expect(page.run(switching)).rejects.toThrow(
          'the server rejected our request due to an error in our request',
        );
        expect(await ask()).toEqual({ status: 200, title: 'api', byGateway: false });
      });

      test('never send requests to themselves, and the owner is told', async () => {
        const selector = { $patch: 'replace', 'app.kubernetes.io/name': 'shunt-gateway' };
        const ports = [{ port: 80, targetPort: shunt.gatewayPort }];
        const mistake = JSON.stringify({ spec: { selector, ports } });
        await kubectl(server.kubeconfig('admin'), ['-n', 'shop', 'patch', 'service', 'api', '-p', mistake]);
        const { problem } = await shunt.log.first(({ problem }) => problem !== undefined);
        expect(problem).toMatchObject({ code: 'gateway-loop', object: 'Service shop/api' });
        await untilAnswer({ status: 503, title: undefined, byGateway: false });
        const before = await gateway.stats('^http\\.gateway\\.downstream_rq_total$');
        await ask();
        const after = await gateway.stats('^http\\.gateway\\.downstream_rq_total$');
        const [name] = Object.keys(after);
        expect(after[name!]! - before[name!]!).toBe(1);
      });
    },
  );
});

function gatewayService(port: number): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'shunt-gateway', namespace: 'shop', labels: { 'shunt.dev/role': 'gateway' } },
    spec: {
      selector: { 'app.kubernetes.io/name': 'shunt-gateway' },
      ports: [{ name: 'http', port: 80, targetPort: port }],
    },
  };
}

function copyService({ http1Port, http2Port }: Echo): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'copy', namespace: 'shop', labels: { 'shunt.dev/intercepts': 'api', 'shunt.dev/key': 'pr-1' } },
    spec: {
      selector: { app: 'copy' },
      ports: [
        { name: 'http', port: 80, targetPort: http1Port },
        { name: 'grpc', port: 9000, targetPort: http2Port },
      ],
    },
  };
}
