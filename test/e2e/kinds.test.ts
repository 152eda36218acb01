import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Echo, startEcho } from '../support/echo.ts';
import { envoyOrSkip, startTestEnvoy, type TestEnvoy } from '../support/envoy.ts';
import { Gateway } from '../support/gateway.ts';
import {
  baselineManifest,
  type Manifest,
  ManifestFolder,
  type PodFields,
  podManifest,
  previewManifest,
  sliceManifests,
} from '../support/manifests.ts';
import { startWatchedShunt, type WatchedShunt } from '../support/shunt.ts';

const envoy = await envoyOrSkip();

/** So often a question is asked whose every answer must be the same: round robin would show another one soon. */
const OFTEN = 12;

describe.skipIf(envoy === undefined).each(['delta', 'sotw'] as const)(
  'through an Envoy that speaks %s, a preview',
  (protocol) => {
    const echoes = new Map<string, Echo>();
    let folder: ManifestFolder;
    let shunt: WatchedShunt;
    let gatewayEnvoy: TestEnvoy;
    let gateway: Gateway;

    const echo = (title: string) => echoes.get(title)!;
    const titles = (key?: string, host = 'api') =>
      gateway.titles({ host, headers: key === undefined ? {} : { 'x-preview': key } }, OFTEN);
    const byKey = (key: string, host = 'api') => ({ host, headers: { 'x-preview': key } });

    beforeAll(async () => {
      const addresses = {
        api: '127.0.0.1',
        'pod-1': '127.0.1.1',
        'pod-2': '127.0.1.2',
        copy: '127.0.0.1',
        other: '127.0.0.1',
      };
      for (const [title, address] of Object.entries(addresses)) echoes.set(title, await startEcho(title, 0, address));
      folder = await ManifestFolder.create();
      await folder.write('world', [
        baselineManifest('shop/api', { ports: [{ name: 'http', port: 80, targetPort: 'web' }] }),
        ...sliceManifests('shop/api', [echo('api').http1Port]),
      ]);
      shunt = await startWatchedShunt(folder);
      gatewayEnvoy = await startTestEnvoy({ xdsPort: shunt.xdsPort, protocol });
      gateway = new Gateway(gatewayEnvoy, shunt.gatewayPort);
    });
    afterAll(async () => {
      gateway?.close();
      await gatewayEnvoy?.stop();
      await shunt?.stop();
      await folder?.delete();
      for (const each of echoes.values()) await each.close();
    });

    describe('of labelled Pods without a Service', () => {
      const one = (name: '1' | '2', fields: Partial<PodFields> = {}): Manifest =>
        podManifest(`shop/api-pr-5d8f-${name}`, {
          labels: { 'shunt.dev/intercepts': 'api', 'shunt.dev/key': 'pods' },
          address: `127.0.1.${name}`,
          ports: { web: echo(`pod-${name}`).http1Port },
          ...fields,
        });
      /** What the selector of the baseline makes of them. */
      const covered = (...names: ('1' | '2')[]): readonly Manifest[] =>
        names.map((name) => ({
          ...sliceManifests('shop/api', [echo(`pod-${name}`).http1Port])[0],
          metadata: {
            ...{ namespace: 'shop', name: `api-covering-${name}` },
            labels: { 'kubernetes.io/service-name': 'api' },
          },
          endpoints: [{ addresses: [`127.0.1.${name}`] }],
        }));

      test('is reached by its key, and by nobody else though its baseline’s selector covers it', async () => {
        await folder.write('pods', [one('1'), one('2'), ...covered('1', '2')]);
        await gateway.untilAnsweredBy('pod-1', byKey('pods'));
        expect(await titles('pods')).toEqual(new Set(['pod-1', 'pod-2']));
        expect(await titles()).toEqual(new Set(['api']));
        expect((await gateway.ask(byKey('pods'))).servedBy).toBe('api@pods');
      });

      test('loses a Pod that is not ready, and one that ends; without any its requests reach the baseline', async () => {
        await folder.write('pods', [one('1'), one('2', { ready: false }), ...covered('1', '2')]);
        await untilTitles('pods', ['pod-1']);
        await folder.write('pods', [one('1', { ending: true }), one('2'), ...covered('1', '2')]);
        await untilTitles('pods', ['pod-2']);
        await folder.write('pods', [one('2', { ready: false }), ...covered('2')]);
        await untilTitles('pods', ['api']);
        expect(await titles()).toEqual(new Set(['api']));
      });

      test('is left by its requests at once when a label that is invalid takes it out of force', async () => {
        await folder.write('pods', [one('1')]);
        await untilTitles('pods', ['pod-1']);
        await folder.write('pods', [one('1', { labels: { 'shunt.dev/intercepts': 'api', 'shunt.dev/key': 'PODS' } })]);
        await untilTitles('pods', ['api']);
      });

      test('leaves its requests to the baseline where its Pods refuse connections', async () => {
        await folder.write('pods', [one('1')]);
        await untilTitles('pods', ['pod-1']);
        await echo('pod-1').die();
        for (let time = 0; time < OFTEN; time++) {
          for (const method of ['GET', 'POST'] as const) {
            expect(await gateway.ask({ ...byKey('pods'), method })).toMatchObject({ status: 200, title: 'api' });
          }
        }
        await echo('pod-1').revive();
        await folder.remove('pods');
      });

      async function untilTitles(key: string, expected: readonly string[]): Promise<void> {
        await gateway.untilAnsweredBy(expected[0]!, byKey(key));
        expect(await titles(key)).toEqual(new Set(expected));
      }
    });

    describe('is left by its requests at once', () => {
      const copy = (key: string, annotations: Record<string, string> = {}) => [
        previewManifest('shop/api-copy', 'api', key, { annotations }),
        ...sliceManifests('shop/api-copy', [echo('copy').http1Port]),
      ];

      test.each<[string, (() => readonly Manifest[]) | undefined]>([
        ['an edit makes its key invalid', () => copy('a..b')],
        ['an edit makes an annotation invalid', () => copy('k', { 'shunt.dev/ttl': 'for ever' })],
        ['an edit makes it one of another baseline', () => [previewManifest('shop/api-copy', 'nobody', 'k')]],
        ['an edit ends its life', () => copy('k', { 'shunt.dev/expires-at': '2020-01-01T00:00:00Z' })],
        ['it is deleted', undefined],
      ])('when %s', async (_, edited) => {
        await folder.write('copy', copy('k'));
        await gateway.untilAnsweredBy('copy', byKey('k'));
        if (edited === undefined) await folder.remove('copy');
        else await folder.write('copy', edited());
        await gateway.untilAnsweredBy('api', byKey('k'));
        expect(await titles('k')).toEqual(new Set(['api']));
        await folder.write('copy', copy('k'));
        await gateway.untilAnsweredBy('copy', byKey('k'));
        await folder.remove('copy');
        await gateway.untilAnsweredBy('api', byKey('k'));
      });
    });

    describe('on a developer’s own machine', () => {
      test('is an ExternalName, whose callers use the port that it names', async () => {
        await folder.write('copy', [
          previewManifest('shop/api-mine', 'api', 'mine', {
            ports: [{ name: 'http', port: echo('copy').http1Port }],
            externalName: 'localhost',
          }),
        ]);
        await gateway.untilAnsweredBy('copy', byKey('mine'));
      });

      test('is a Service with an EndpointSlice written by hand', async () => {
        await folder.write('copy', [
          previewManifest('shop/api-mine', 'api', 'mine'),
          ...sliceManifests('shop/api-mine', [echo('other').http1Port]),
        ]);
        await gateway.untilAnsweredBy('other', byKey('mine'));
        await folder.remove('copy');
      });
    });

    describe('with other ports than its baseline’s', () => {
      const write = (own: readonly [name: string, port: number, title: string][]) =>
        folder.write('ports', [
          baselineManifest('shop/ports', {
            ports: [
              { name: 'http', port: 80 },
              { name: 'admin', port: 81 },
            ],
          }),
          ...sliceManifests('shop/ports', [echo('api').http1Port]),
          ...sliceManifests('shop/ports', [echo('api').http1Port], { portName: 'admin' }),
          previewManifest('shop/ports-copy', 'ports', 'k', { ports: own.map(([name, port]) => ({ name, port })) }),
          ...own.flatMap(([portName, , title]) =>
            sliceManifests('shop/ports-copy', [echo(title).http1Port], { portName }),
          ),
        ]);

      test('is matched port by port: by the name, else by the number', async () => {
        await write([
          ['admin', 8000, 'copy'],
          ['web', 80, 'other'],
        ]);
        await gateway.untilAnsweredBy('other', byKey('k', 'ports'));
        expect(await titles('k', 'ports')).toEqual(new Set(['other']));
        expect(await titles('k', 'ports:81')).toEqual(new Set(['copy']));
      });

      test('leaves the requests for ports that it has not to the baseline', async () => {
        await write([['admin', 8000, 'copy']]);
        await gateway.untilAnsweredBy('api', byKey('k', 'ports'));
        expect(await titles('k', 'ports')).toEqual(new Set(['api']));
        expect(await titles('k', 'ports:81')).toEqual(new Set(['copy']));
        await folder.remove('ports');
      });
    });

    describe.each([
      ['HTTP/2', 'HTTP/1.1', { name: 'http2', port: 80 }, { name: 'http', port: 80 }],
      ['HTTP/1.1', 'HTTP/2', { name: 'http', port: 80 }, { name: 'http2', port: 80 }],
    ] as const)('that speaks %s where its baseline speaks %s', (own, _, ownPort, port) => {
      const host = `to-${own === 'HTTP/2' ? 'h2' : 'h1'}`;
      const portOf = (title: string, name: string) => echo(title)[name === 'http2' ? 'http2Port' : 'http1Port'];
      const slices = (id: string, title: string, { name }: { name: string }) =>
        sliceManifests(id, [portOf(title, name)], { portName: name });
      const copy = (annotations: Record<string, string> = {}) => [
        previewManifest(`shop/${host}-copy`, host, 'k', { ports: [ownPort], annotations }),
        ...slices(`shop/${host}-copy`, 'copy', ownPort),
      ];
      const both = ['HTTP/1.1', 'HTTP/2'] as const;

      beforeAll(async () => {
        await folder.write(host, [
          baselineManifest(`shop/${host}`, { ports: [port] }),
          ...slices(`shop/${host}`, 'api', port),
        ]);
        await gateway.untilAnsweredBy('api', { host });
      });
      afterAll(() => folder.remove(host));

      test('is reached by its key over either protocol, GET and POST, and by a rule, and nobody else reaches it', async () => {
        await folder.write(`${host}-copy`, copy({ 'shunt.dev/match': 'x-user=alice' }));
        await gateway.untilAnsweredBy('copy', byKey('k', host));
        for (const protocol of both) {
          for (const method of ['GET', 'POST'] as const) {
            const answer = await gateway.ask({ ...byKey('k', host), protocol, method, path: '/a?b=c' });
            expect(answer).toMatchObject({ status: 200, title: 'copy', servedBy: `${host}@k`, path: '/a?b=c' });
            expect(answer.seen).toMatchObject({ 'x-preview': 'k', baggage: 'preview=k' });
          }
          const ruled = { host, protocol, headers: { 'x-user': 'alice' } };
          expect(await gateway.ask(ruled)).toMatchObject({ title: 'copy' });
          expect(await gateway.titles({ host, protocol }, OFTEN)).toEqual(new Set(['api']));
        }
      });

      test('leaves its requests to the baseline where it refuses connections, and where it is not ready', async () => {
        await echo('copy').die();
        for (let time = 0; time < OFTEN; time++) {
          for (const method of ['GET', 'POST'] as const) {
            const answer = await gateway.ask({ ...byKey('k', host), method });
            expect(answer).toMatchObject({ status: 200, title: 'api', servedBy: host });
          }
        }
        await echo('copy').revive();
        await gateway.untilAnsweredBy('copy', byKey('k', host));
        await folder.write(`${host}-copy`, copy().slice(0, 1));
        await gateway.untilAnsweredBy('api', byKey('k', host));
      });

      test('comes and goes while it is asked for, and no request fails', async () => {
        let changing = true;
        const statuses = new Map<string, number>();
        const asking = (['GET', 'POST'] as const).map(async (method) => {
          while (changing) {
            const { status, title } = await gateway.ask({ ...byKey('k', host), method });
            statuses.set(`${status} ${title}`, (statuses.get(`${status} ${title}`) ?? 0) + 1);
          }
        });
        for (let time = 0; time < OFTEN; time++) {
          await folder.write(`${host}-copy`, copy());
          await gateway.untilAnsweredBy('copy', byKey('k', host));
          await folder.remove(`${host}-copy`);
          await gateway.untilAnsweredBy('api', byKey('k', host));
        }
        changing = false;
        await Promise.all(asking);
        expect([...statuses.keys()].sort()).toEqual(['200 api', '200 copy']);
      });

      test('that denies others its requests has them refused where it refuses connections', async () => {
        await folder.write(`${host}-copy`, copy({ 'shunt.dev/when-unready': 'deny' }));
        await gateway.untilAnsweredBy('copy', byKey('k', host));
        await echo('copy').die();
        expect(await gateway.ask(byKey('k', host))).toMatchObject({ status: 503, title: undefined });
        await echo('copy').revive();
        await gateway.untilAnsweredBy('copy', byKey('k', host));
        await folder.remove(`${host}-copy`);
        await gateway.untilAnsweredBy('api', byKey('k', host));
      });
    });

    test.each([
      ['TCP by its name', { name: 'tcp-redis', port: 80 }, 'port 80 (tcp-redis) speaks TCP'],
      ['UDP', { name: 'http', port: 80, protocol: 'UDP' }, 'port 80 (http) is UDP'],
    ])('whose port is %s is refused with that reason', async (_, port, reason) => {
      await folder.write('refused', [previewManifest('shop/refused', 'api', 'refused', { ports: [port] })]);
      await shunt.log.first(
        ({ msg }) => msg.includes('Service shop/refused') && msg.includes(`${reason}, so it cannot be a preview`),
      );
      await folder.remove('refused');
    });

    test('takes every update', async () => {
      expect(await gatewayEnvoy.rejected()).toEqual({});
    });
  },
);
