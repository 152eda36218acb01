import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { envoyOrSkip } from '../support/envoy.ts';
import { baselineManifest, previewManifest, sliceManifests } from '../support/manifests.ts';
import { type Stage, startStage } from '../support/stage.ts';
import { askWeb, type WebQuestion } from '../support/web-answer.ts';
import { startWebSite, type WebSite } from '../support/web-site.ts';

const envoy = await envoyOrSkip();

/** A service that says to caches what the request tells it to. */
async function startCacheable(): Promise<WebSite> {
  return await startWebSite((request, response) => {
    const { 'x-say-vary': vary, 'x-say-cache-control': cacheControl } = request.headers;
    if (vary !== undefined) response.setHeader('vary', vary);
    if (cacheControl !== undefined) response.setHeader('cache-control', cacheControl);
    response.end();
  });
}

const SAYING = { 'x-say-vary': 'accept-encoding', 'x-say-cache-control': 'public, max-age=60' };

describe.skipIf(envoy === undefined)('what caches are told', () => {
  let site: WebSite;
  let stage: Stage;

  async function start(settings: Parameters<typeof startStage>[1] = {}): Promise<void> {
    const match = { 'shunt.dev/match': 'x-user=alice' };
    stage = await startStage(
      [
        baselineManifest('shop/api', { annotations: { 'shunt.dev/hosts': 'api.example.com' } }),
        ...sliceManifests('shop/api', [site.port]),
        previewManifest('shop/api-pr-1', 'api', 'pr-1'),
        ...sliceManifests('shop/api-pr-1', [site.port]),
        previewManifest('shop/api-alice', 'api', undefined, { annotations: match }),
        ...sliceManifests('shop/api-alice', [site.port]),
        baselineManifest('shop/none'),
      ],
      settings,
    );
  }
  async function told(question: Partial<WebQuestion>): Promise<readonly (string | undefined)[]> {
    const { headers } = await askWeb(stage.shunt.gatewayPort, { host: 'api', ...question });
    return [headers['cache-control'], headers.vary];
  }

  beforeAll(async () => {
    site = await startCacheable();
  });
  afterAll(() => site.close());

  describe('with all carriers on', () => {
    beforeAll(() => start({ keyTracestate: 'shop@shunt', keyQuery: 'use' }));
    afterAll(() => stage.stop());

    const ours = ['private, no-store', 'x-preview, cookie, baggage, tracestate'];

    test.each([
      ['in the header', { headers: { 'x-preview': 'pr-1' } }],
      ['in a cookie', { headers: { cookie: 'a=1; preview=pr-1' } }],
      ['in the baggage', { headers: { baggage: 'a=1 , preview = pr-1;p=1' } }],
      ['in tracestate', { headers: { tracestate: 'a=1,shop@shunt=pr-1' } }],
      ['in the query', { path: '/?a=1&use=pr-1' }],
      ['in the host', { host: 'pr-1--api.preview.localhost' }],
      ['that no preview has', { headers: { baggage: 'preview=pr-404' } }],
      ['on an outside host', { host: 'api.example.com', headers: { 'x-preview': 'pr-1' } }],
      ['that rules overrule', { headers: { 'x-user': 'alice', 'x-preview': 'pr-1' } }],
      ['to a service without endpoints', { host: 'none', headers: { 'x-preview': 'pr-1' } }],
    ] satisfies [string, Partial<WebQuestion>][])(
      'a request with a key %s gives an answer for itself only',
      async (_, question) => {
        expect(await told(question)).toEqual(ours);
      },
    );

    test('a request that a rule takes does so too', async () => {
      expect(await told({ headers: { 'x-user': 'alice' } })).toEqual(ours);
    });

    test('the service’s own Vary stays, and its Cache-Control goes', async () => {
      const own = ['private, no-store', `accept-encoding,${ours[1]}`];
      expect(await told({ headers: { ...SAYING, 'x-preview': 'pr-1' } })).toEqual(own);
      expect(await told({ headers: { ...SAYING, baggage: 'preview=pr-1' } })).toEqual(own);
      expect(await told({ host: 'pr-1--api.preview.localhost', headers: SAYING })).toEqual(own);
    });

    test('a request with two keys is told of once', async () => {
      const headers = { 'x-preview': 'pr-1', cookie: 'preview=pr-1', baggage: 'preview=pr-1' };
      expect(await told({ headers })).toEqual(ours);
      expect(await told({ host: 'pr-1--api.preview.localhost', headers })).toEqual(ours);
    });

    test.each([
      ['without a key', {}],
      ['with other baggage', { baggage: 'a=preview=x,previews=1' }],
      ['with other cookies', { cookie: 'a=preview=pr-1' }],
      ['with another tracestate', { tracestate: 'a=1' }],
      // The texts that the note of a key is made of.
      ['with baggage in base64', { baggage: 'KjAKLgoNY2FjaGUtY29udHJvbBIdGhtwdWJsaWMsIG1heC1hZ2U9MzE1MzYwMDA' }],
    ])('a request %s gives what the service says', async (_, headers) => {
      expect(await told({ headers })).toEqual([undefined, undefined]);
      expect(await told({ headers: { ...SAYING, ...headers } })).toEqual(['public, max-age=60', 'accept-encoding']);
    });

    test('every update is taken', async () => {
      expect(await stage.envoy.rejected()).toEqual({});
    });
  });

  describe('with store-diverted on', () => {
    beforeAll(() => start({ storeDiverted: true, keyBaggage: undefined }));
    afterAll(() => stage.stop());

    test('a request with a key gives what the service says, and by what it was chosen', async () => {
      const headers = { ...SAYING, 'x-preview': 'pr-1' };
      const own = ['public, max-age=60', 'accept-encoding,x-preview, cookie'];
      expect(await told({ headers })).toEqual(own);
      expect(await told({ host: 'pr-1--api.preview.localhost', headers: SAYING })).toEqual(own);
      expect(await told({ headers: SAYING })).toEqual(['public, max-age=60', 'accept-encoding']);
    });
  });
});
