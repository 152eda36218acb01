import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Echo, startEcho } from '../support/echo.ts';
import { envoyOrSkip, startTestEnvoy, type TestEnvoy } from '../support/envoy.ts';
import { Gateway } from '../support/gateway.ts';
import { baselineManifest, ManifestFolder, previewManifest, sliceManifests } from '../support/manifests.ts';
import { startWatchedShunt, type WatchedShunt } from '../support/shunt.ts';

const envoy = await envoyOrSkip();

/** So often a question is asked whose every answer must be the same: round robin would show another one soon. */
const OFTEN = 8;

describe.skipIf(envoy === undefined)('through a real Envoy', () => {
  const echoes = new Map<string, Echo>();
  let folder: ManifestFolder;
  let shunt: WatchedShunt;
  let gatewayEnvoy: TestEnvoy;
  let gateway: Gateway;

  const copy = (id: string, target: string, key: string, title: string, annotations: Record<string, string> = {}) => [
    previewManifest(id, target, key, { annotations }),
    ...sliceManifests(id, [echoes.get(title)!.http1Port]),
  ];
  const service = (id: string, title: string, annotations: Record<string, string> = {}) => [
    baselineManifest(id, { annotations }),
    ...sliceManifests(id, [echoes.get(title)!.http1Port]),
  ];
  const titles = (host: string, key: string) => gateway.titles({ host, headers: { 'x-preview': key } }, OFTEN);

  beforeAll(async () => {
    const all = ['api', 'api@checkout', 'api@alice', 'api@deep', 'db', 'db@checkout', 'cart', 'cart@alice', 'proj'];
    for (const title of all) echoes.set(title, await startEcho(title));
    folder = await ManifestFolder.create();
    await folder.write('world', [
      ...service('shop/api', 'api'),
      ...copy('shop/api-checkout', 'api', 'checkout', 'api@checkout'),
      ...copy('shop/api-alice', 'api', 'checkout.alice', 'api@alice'),
      ...service('shop/db', 'db'),
      ...copy('shop/db-checkout', 'db', 'checkout', 'db@checkout'),
      ...copy('shop/db-proj', 'db', 'dev.proj-ab', 'proj'),
      ...service('prod/cart', 'cart', { 'shunt.dev/allow-from': 'shop' }),
      ...copy('shop/cart-alice', 'cart.prod', 'checkout.alice', 'cart@alice'),
      ...copy('shop/cart-proj', 'cart.prod', 'dev.proj-abc', 'proj'),
    ]);
    shunt = await startWatchedShunt(folder);
    gatewayEnvoy = await startTestEnvoy({ xdsPort: shunt.xdsPort, protocol: 'delta' });
    gateway = new Gateway(gatewayEnvoy, shunt.gatewayPort);
  });
  afterAll(async () => {
    gateway?.close();
    await gatewayEnvoy?.stop();
    await shunt?.stop();
    await folder?.delete();
    for (const echo of echoes.values()) await echo.close();
  });

  describe('a hierarchical key', () => {
    test('leads to its own preview where a service has one, in whatever namespace', async () => {
      expect(await titles('api', 'checkout.alice')).toEqual(new Set(['api@alice']));
      expect(await titles('cart.prod', 'checkout.alice')).toEqual(new Set(['cart@alice']));
    });

    test('leads to its parent’s where a service has none of its own, and says so', async () => {
      expect(await titles('db', 'checkout.alice')).toEqual(new Set(['db@checkout']));
      const answer = await gateway.ask({ host: 'db', headers: { 'x-preview': 'checkout.alice' } });
      expect(answer).toMatchObject({ status: 200, servedBy: 'db@checkout', seen: { 'x-preview': 'checkout.alice' } });
    });

    test('leads to the baseline where a service has neither, and where nobody declared it', async () => {
      expect(await titles('cart.prod', 'checkout')).toEqual(new Set(['cart']));
      expect(await titles('api', 'checkout.bob')).toEqual(new Set(['api']));
    });

    test('never falls from dev.proj-abc to dev.proj-ab', async () => {
      expect(await titles('db', 'dev.proj-ab')).toEqual(new Set(['proj']));
      expect(await titles('db', 'dev.proj-abc')).toEqual(new Set(['db']));
    });

    test('counts for every service from when its first preview comes until its last goes', async () => {
      const question = { host: 'db', headers: { 'x-preview': 'checkout.bob' } };
      await folder.write('bob', copy('shop/cart-bob', 'cart.prod', 'checkout.bob', 'cart@alice'));
      await gateway.untilAnsweredBy('db@checkout', question);
      await folder.remove('bob');
      await gateway.untilAnsweredBy('db', question);
    });

    test('is one DNS label in a preview host, up to three parts', async () => {
      const host = 'checkout--alice---api.preview.localhost';
      expect(await gateway.titles({ host }, OFTEN)).toEqual(new Set(['api@alice']));
      expect((await gateway.ask({ host })).seen).toMatchObject({
        'x-preview': 'checkout.alice',
        baggage: 'preview=checkout.alice',
      });
      expect((await gateway.ask({ host: 'checkout--alice---cart--prod.preview.localhost:10000' })).title).toBe(
        'cart@alice',
      );
      expect((await gateway.ask({ host: 'checkout--api.preview.localhost' })).title).toBe('api@checkout');
      await folder.write('deep', copy('shop/api-deep', 'api', 'checkout.alice.v-2', 'api@deep'));
      await gateway.untilAnsweredBy('api@deep', { host: 'checkout--alice--v-2---api.Preview.LocalHost' });
    });

    test('in a host counts before the cookie, and a host that holds none leaves the cookie’s', async () => {
      const headers = { cookie: 'preview=checkout' };
      expect((await gateway.ask({ host: 'checkout--alice---api.preview.localhost', headers })).title).toBe('api@alice');
      expect((await gateway.ask({ host: 'api', headers })).title).toBe('api@checkout');
    });

    test.each(['checkout.alice--api', 'checkout---alice---api', '--alice---api', 'checkout--alice--x--y---api'])(
      'is not in the host %s',
      async (label) => {
        expect((await gateway.ask({ host: `${label}.preview.localhost` })).title).toBe('api');
      },
    );
  });

  test('a preview that expires stops receiving at once, says so, and comes back with a later end', async () => {
    const question = { host: 'cart.prod', headers: { 'x-preview': 'brief' } };
    const until = (time: number) => ({ 'shunt.dev/expires-at': new Date(time).toISOString() });
    const write = (end: number) =>
      folder.write('brief', copy('shop/cart-brief', 'cart.prod', 'brief', 'cart@alice', until(end)));
    const end = Date.now() + 3_000;
    await write(end);
    await gateway.untilAnsweredBy('cart@alice', question);
    await gateway.untilAnsweredBy('cart', question);
    const lateness = Date.now() - end;
    expect(lateness).toBeGreaterThanOrEqual(0);
    expect(lateness).toBeLessThan(2_000);
    await shunt.log.first(({ msg }) => msg.includes('Service shop/cart-brief') && msg.includes('it expired at'));
    await write(Date.now() + 3_600_000);
    await gateway.untilAnsweredBy('cart@alice', question);
  });

  test('takes every update', async () => {
    expect(await gatewayEnvoy.rejected()).toEqual({});
  });
});
