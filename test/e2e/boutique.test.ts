import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Echo, startEcho } from '../support/echo.ts';
import { decodeText, type EchoAnswer, encodeText } from '../support/echo-message.ts';
import { envoyOrSkip, startTestEnvoy, type TestEnvoy } from '../support/envoy.ts';
import { Gateway, type Question } from '../support/gateway.ts';
import { requestKind, underLoad } from '../support/load/index.ts';
import { type Manifest, ManifestFolder, previewManifest, sliceManifests } from '../support/manifests.ts';
import { type BoutiqueService, labelServices, onlineBoutiqueOrSkip } from '../support/online-boutique.ts';
import { runShuntServe, type ShuntProcess } from '../support/shunt.ts';

const envoy = await envoyOrSkip();
const manifests = onlineBoutiqueOrSkip();

const KEY = 'pr-1';

/** Requests between two changes: a second's. */
const BETWEEN = 600;

describe.skipIf(manifests === undefined)('the manifests of the Online Boutique', () => {
  test('are served as they are, but for one label on each of the twelve Services', () => {
    const { text, services } = labelServices(manifests!);
    expect(services).toHaveLength(12);
    const added = /^ +shunt\.dev\/role: baseline\n/gm;
    expect(text.match(added)).toHaveLength(12);
    expect(text.replace(added, '')).toBe(manifests);
  });
});

const skipped = envoy === undefined || manifests === undefined;
describe.skipIf(skipped).each(['delta', 'sotw'] as const)(
  'the Online Boutique, through an Envoy that speaks %s',
  (protocol) => {
    const { text, services } = labelServices(manifests ?? '');
    /** By title: `frontend`, and `frontend@pr-1` of its preview. */
    const echoes = new Map<string, Echo>();
    let folder: ManifestFolder;
    let shunt: ShuntProcess;
    let gatewayEnvoy: TestEnvoy;
    let gateway: Gateway;

    /** EndpointSlices of a Service or of its preview. */
    const slices = ({ port }: BoutiqueService, name: string, title: string): readonly Manifest[] => {
      const { http1Port, http2Port } = echoes.get(title)!;
      return sliceManifests(`default/${name}`, [port.name === 'http' ? http1Port : http2Port], { portName: port.name });
    };
    const preview = (of: string): readonly Manifest[] => {
      const service = services.find(({ name }) => name === of)!;
      const name = `${of}-${KEY}`;
      const { port } = service;
      return [previewManifest(`default/${name}`, of, KEY, { ports: [port] }), ...slices(service, name, `${of}@${KEY}`)];
    };

    beforeAll(async () => {
      const titles = [...services.map(({ name }) => name), ...PREVIEWED.map((name) => `${name}@${KEY}`)];
      for (const title of titles) echoes.set(title, await startEcho(title));
      folder = await ManifestFolder.create();
      await folder.write('online-boutique', text);
      await folder.write(
        'endpoints',
        services.flatMap((service) => slices(service, service.name, service.name)),
      );
      await folder.write('redis-cart-preview', preview('redis-cart'));
      shunt = await runShuntServe(folder);
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

    test('answers from the baselines, each Service by its name inside the cluster', async () => {
      for (const { name, port } of services.filter(({ port }) => port.name !== 'tcp-redis')) {
        const question: Question = {
          host: `${name}:${port.port}`,
          protocol: port.name === 'grpc' ? 'gRPC' : 'HTTP/1.1',
        };
        expect(await gateway.ask(question)).toMatchObject({ status: 200, title: name, servedBy: name });
        const headers = { 'x-preview': KEY };
        expect(await gateway.ask({ ...question, headers })).toMatchObject({ status: 200, title: name, servedBy: name });
      }
    });

    test('refuses a preview of a service that speaks TCP, and says why and what can be done', async () => {
      const refusals = shunt.log.all.filter(({ level, msg }) => level === 'warn' && msg.includes(`redis-cart-${KEY}`));
      expect(refusals.map(({ msg }) => msg)).toEqual([
        expect.stringMatching(
          /^Service default\/redis-cart-pr-1 \(.*redis-cart-preview\.yaml:1\): port 6379 \(tcp-redis\) speaks TCP/,
        ),
      ]);
      expect(refusals[0]!.msg).toContain('HTTP/1.1, HTTP/2 or gRPC');
      expect(await gateway.ask({ host: 'redis-cart:6379', headers: { 'x-preview': KEY } })).toMatchObject({
        status: 404,
      });
    });

    test('takes a preview in force and out again without a restart or one failed request', async () => {
      const report = await underLoad({ port: shunt.gatewayPort, kinds: KINDS }, async (load) => {
        await load.settle(BETWEEN);
        for (const { names, of, question } of CHANGES) {
          const [baseline, copy] = [of, `${of}@${KEY}`];
          const exchange = async (before: string, after: string, change: () => Promise<void>) => {
            for (const name of names) await load.expect(name, [before, after]);
            const logged = shunt.log.all.length;
            await change();
            await taken(`ClusterLoadAssignment default/${of}/`, logged);
            await gateway.untilAnsweredBy(after, question);
            for (const name of names) await load.expect(name, [after]);
            await load.settle(BETWEEN);
          };
          await exchange(baseline, copy, () => folder.write('preview', preview(of)));
          await exchange(copy, baseline, () => folder.remove('preview'));
        }
      });
      expect(report.kinds.flatMap(({ failures }) => failures)).toEqual([]);
      expect(report.failed).toBe(0);
      expect(report.sent / report.seconds).toBeGreaterThanOrEqual(500);
      expect(shunt.child.exitCode).toBeNull();
    });

    test('answers a gRPC client: the call and its metadata, by the baseline and by the preview', async () => {
      await folder.write('preview', preview('checkoutservice'));
      await gateway.untilAnsweredBy(`checkoutservice@${KEY}`, CHECKOUT);
      const client = new Client(`127.0.0.1:${shunt.gatewayPort}`, credentials.createInsecure(), {
        'grpc.default_authority': 'checkoutservice:5050',
      });
      const path = '/hipstershop.CheckoutService/PlaceOrder';
      const placeOrder = (key?: string) =>
        new Promise<EchoAnswer>((resolve, reject) => {
          const metadata = new Metadata();
          if (key !== undefined) metadata.set('x-preview', key);
          client.makeUnaryRequest(path, encodeText, decodeText, 'an order', metadata, (error, answer) => {
            if (error === null) resolve(JSON.parse(answer!));
            else reject(error);
          });
        });
      expect(await placeOrder()).toMatchObject({ title: 'checkoutservice', path, bodyLength: 8 });
      expect(await placeOrder(KEY)).toMatchObject({ title: `checkoutservice@${KEY}`, path, bodyLength: 8 });
      client.close();
    });

    test('sends the Envoy nothing that it refuses, and after the first time nothing but endpoints', async () => {
      const rejected = await gatewayEnvoy.stats('update_rejected$');
      expect(Object.keys(rejected)).toContain('cluster_manager.cds.update_rejected');
      expect(Object.entries(rejected).filter(([, count]) => count > 0)).toEqual([]);
      const { length: gettable } = services.filter(({ port }) => port.name !== 'tcp-redis');
      const successes = await gatewayEnvoy.stats('^cluster\\.default/.*update_success$');
      expect(Object.values(successes).filter((count) => count > 0)).toHaveLength(gettable);
      expect(await gatewayEnvoy.stats('(cds|lds|rds).*update_success$')).toEqual({
        'cluster_manager.cds.update_success': 1,
        'listener_manager.lds.update_success': 1,
        'http.gateway.rds.gateway.update_success': 1,
      });
    });

    /** All Envoys have acknowledged a resource, as the log says. */
    function taken(resource: string, from: number) {
      return shunt.log.first(
        ({ envoys, resources }) =>
          Array.isArray(envoys) &&
          envoys.length > 0 &&
          (resources as string[]).some((name) => name.startsWith(resource)),
        from,
      );
    }
  },
);

const PREVIEWED = ['frontend', 'checkoutservice', 'redis-cart'] as const;

const CHECKOUT: Question = { host: 'checkoutservice:5050', protocol: 'gRPC', headers: { 'x-preview': KEY } };

/** Previews that come and go under load, and whose requests are theirs. */
const CHANGES = [
  {
    of: 'frontend',
    names: ['frontend, key', 'frontend, preview URL'],
    question: { host: 'frontend', headers: { 'x-preview': KEY } },
  },
  { of: 'checkoutservice', names: ['checkout, key'], question: CHECKOUT },
] as const;

const frontend = { authority: 'frontend', answeredBy: ['frontend'] };
const checkout = { authority: 'checkoutservice:5050', protocol: 'gRPC', answeredBy: ['checkoutservice'] } as const;

const KINDS = [
  ...(['HTTP/1.1', 'HTTP/2'] as const).flatMap((protocol) =>
    (['GET', 'POST'] as const).flatMap((method) => [
      requestKind({ ...frontend, name: 'frontend, no key', protocol, method }),
      requestKind({ ...frontend, name: 'frontend, key', protocol, method, headers: { 'x-preview': KEY } }),
    ]),
  ),
  requestKind({
    ...frontend,
    name: 'frontend, unknown key',
    protocol: 'HTTP/1.1',
    headers: { cookie: 'preview=nobody' },
  }),
  requestKind({
    ...frontend,
    name: 'frontend, preview URL',
    protocol: 'HTTP/1.1',
    authority: `${KEY}--frontend.preview.localhost`,
  }),
  requestKind({ ...checkout, name: 'checkout, no key' }),
  requestKind({ ...checkout, name: 'checkout, key', headers: { baggage: `session=1, preview=${KEY}` } }),
  requestKind({
    name: 'cart, key without preview',
    protocol: 'gRPC',
    authority: 'cartservice:7070',
    headers: { 'x-preview': KEY },
    answeredBy: ['cartservice'],
  }),
];
