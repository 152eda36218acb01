import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { envoyOrSkip } from '../support/envoy.ts';
import { baselineManifest, previewManifest, sliceManifests } from '../support/manifests.ts';
import { type Stage, startStage } from '../support/stage.ts';
import { askWeb, type WebAnswer } from '../support/web-answer.ts';
import { startWebSite, type WebSite } from '../support/web-site.ts';

const envoy = await envoyOrSkip();

/** As long as an origin may be. */
const LONG = `https://*.${'a'.repeat(30)}.${'b'.repeat(29)}`;

const SHOP = 'https://shop.example.com';

describe.skipIf(envoy === undefined)('preflights', () => {
  let site: WebSite;
  let stage: Stage;

  async function start(settings: Parameters<typeof startStage>[1]): Promise<void> {
    // It permits the origin, a header of its own and another method, and knows nothing of Shunt.
    site = await startWebSite((request, response) => {
      response.setHeader('x-service', 'asked');
      if (request.headers.origin !== undefined)
        response.setHeader('access-control-allow-origin', request.headers.origin);
      if (request.method === 'OPTIONS') {
        response.setHeader('access-control-allow-headers', 'content-type');
        response.setHeader('access-control-allow-methods', 'PUT');
      } else response.setHeader('access-control-expose-headers', 'x-own');
      response.end();
    });
    stage = await startStage(
      [
        baselineManifest('shop/api', { annotations: { 'shunt.dev/hosts': 'api.example.com' } }),
        ...sliceManifests('shop/api', [site.port]),
        previewManifest('shop/api-alice', 'api', undefined, { annotations: { 'shunt.dev/match': 'x-user=alice' } }),
        ...sliceManifests('shop/api-alice', [site.port]),
      ],
      settings,
    );
  }
  async function stop(): Promise<void> {
    await stage.stop();
    await site.close();
  }

  const ask = (origin: string | undefined, method: string, headers: Record<string, string> = {}) => {
    const all = origin === undefined ? headers : { origin, ...headers };
    return askWeb(stage.shunt.gatewayPort, { host: 'api.example.com', method, headers: all });
  };
  const preflight = (origin: string, method: string, names: string) =>
    ask(origin, 'OPTIONS', { 'access-control-request-method': method, 'access-control-request-headers': names });
  const said = ({ status, headers }: WebAnswer) =>
    Object.fromEntries(
      Object.entries({ status, ...headers }).filter(([name]) =>
        /^(status|vary|x-service|access-control-.*)$/.test(name),
      ),
    );

  describe('of permitted origins', () => {
    const origins = [SHOP, 'https://*.shop.example.com:8443', LONG];
    beforeAll(() => start({ corsOrigin: origins, keyTracestate: 'shop@shunt' }));
    afterAll(stop);

    const answered = (origin: string, method: string) => ({
      status: 204,
      'access-control-allow-origin': origin,
      'access-control-allow-methods': method,
      'access-control-allow-headers': 'x-preview, baggage, tracestate',
      'access-control-allow-credentials': 'true',
      'access-control-max-age': '600',
      'access-control-expose-headers': 'x-shunt-served-by',
      vary: 'origin,x-preview, baggage, tracestate',
    });

    test.each([
      ['GET', 'x-preview'],
      ['HEAD', 'baggage,tracestate,x-preview'],
      ['POST', 'baggage, x-preview'],
    ])('for %s with %s, made for these headers alone, are answered by the gateway', async (method, names) => {
      expect(said(await preflight(SHOP, method, names))).toEqual(answered(SHOP, method));
    });

    test.each(['https://a.shop.example.com:8443', 'https://a.b.shop.example.com:8443', LONG.replace('*', 'a')])(
      'of %s too',
      async (origin) => {
        expect(said(await preflight(origin, 'GET', 'x-preview'))).toEqual(answered(origin, 'GET'));
      },
    );

    test.each([
      ['PUT', 'x-preview'],
      ['DELETE', 'baggage'],
      ['POST', 'content-type,x-preview'],
      ['GET', 'x-preview-more'],
      ['GET', 'authorization,x-preview'],
    ])('for %s with %s are the service’s, and the carrier headers are added', async (method, names) => {
      expect(said(await preflight(SHOP, method, names))).toEqual({
        status: 200,
        'x-service': 'asked',
        'access-control-allow-origin': SHOP,
        'access-control-allow-methods': 'PUT',
        'access-control-allow-headers': 'content-type,x-preview, baggage, tracestate',
        'access-control-expose-headers': 'x-shunt-served-by',
        vary: 'x-preview, baggage, tracestate',
      });
    });

    test('other requests are the service’s, and who served may be read', async () => {
      for (const headers of [{}, { 'x-user': 'alice' }] as Record<string, string>[]) {
        const { 'access-control-expose-headers': exposed, vary, ...rest } = said(await ask(SHOP, 'GET', headers));
        expect(exposed).toBe('x-own,x-shunt-served-by');
        // That of a diverted answer has the cookie too.
        expect(vary).toBe(
          headers['x-user'] ? 'x-preview, cookie, baggage, tracestate' : 'x-preview, baggage, tracestate',
        );
        expect(rest).toMatchObject({ 'x-service': 'asked', 'access-control-allow-origin': SHOP });
      }
    });

    test('an OPTIONS request that is no preflight is the service’s', async () => {
      expect(said(await ask(SHOP, 'OPTIONS'))).toMatchObject({ 'x-service': 'asked' });
      expect(said(await ask(undefined, 'OPTIONS', { 'access-control-request-method': 'GET' }))).toMatchObject({
        'x-service': 'asked',
      });
    });

    const others = [
      'http://shop.example.com',
      'https://shop.example.com:8443',
      'https://shop.example.com.evil.example',
      'https://evil.example',
      'https://xshop.example.com:8443',
      'https://evil.example/.shop.example.com:8443',
      'https://.shop.example.com',
      'null',
    ];
    test.each(others)('of %s are as the service answers them', async (origin) => {
      expect(said(await preflight(origin, 'GET', 'x-preview'))).toEqual({
        status: 200,
        'x-service': 'asked',
        'access-control-allow-origin': origin,
        'access-control-allow-methods': 'PUT',
        'access-control-allow-headers': 'content-type',
      });
      expect(said(await ask(origin, 'GET'))).toMatchObject({ 'access-control-expose-headers': 'x-own' });
    });

    test('every update is taken', async () => {
      expect(await stage.envoy.rejected()).toEqual({});
    });
  });

  describe.each([
    ['without permitted origins', { corsOrigin: [] }],
    ['without a header that carries a key', { corsOrigin: [SHOP], keyHeader: undefined, keyBaggage: undefined }],
  ])('%s', (_, settings) => {
    beforeAll(() => start(settings));
    afterAll(stop);

    test('are as the service answers them', async () => {
      expect(said(await preflight(SHOP, 'GET', 'x-preview'))).toEqual({
        status: 200,
        'x-service': 'asked',
        'access-control-allow-origin': SHOP,
        'access-control-allow-methods': 'PUT',
        'access-control-allow-headers': 'content-type',
      });
      expect(said(await ask(SHOP, 'GET'))).toMatchObject({ 'access-control-expose-headers': 'x-own' });
    });
  });
});
