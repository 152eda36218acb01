import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { envoyOrSkip } from '../support/envoy.ts';
import { baselineManifest, previewManifest, sliceManifests } from '../support/manifests.ts';
import { type Stage, startStage } from '../support/stage.ts';
import { askWeb, type WebAnswer, type WebQuestion } from '../support/web-answer.ts';
import { startWebSite, type WebSite } from '../support/web-site.ts';

const envoy = await envoyOrSkip();

const HOST = 'shop.example.com';

describe.skipIf(envoy === undefined)('the reserved path', () => {
  let site: WebSite;
  let stage: Stage;

  const preview = (key: string) => [
    previewManifest(`shop/web-${key.replaceAll('.', '-')}`, 'web', key),
    ...sliceManifests(`shop/web-${key.replaceAll('.', '-')}`, [site.port]),
  ];
  async function start(settings: Parameters<typeof startStage>[1] = {}): Promise<void> {
    site = await startWebSite((request, response) => response.end(`the service, ${request.url}`));
    stage = await startStage(
      [
        baselineManifest('shop/web', { annotations: { 'shunt.dev/hosts': `${HOST}, shop.example.net/web` } }),
        ...sliceManifests('shop/web', [site.port]),
        ...preview('pr-123'),
        ...preview('checkout.alice'),
      ],
      settings,
    );
  }
  async function stop(): Promise<void> {
    await stage.stop();
    await site.close();
  }

  const ask = (path: string, headers: WebQuestion['headers'] = {}, more: Partial<WebQuestion> = {}) =>
    askWeb(stage.shunt.gatewayPort, { host: HOST, path, headers, ...more });
  const typed = { 'sec-fetch-site': 'none' };
  const told = ({ status, headers }: WebAnswer) => [status, headers['set-cookie']?.[0], headers.location];

  describe('as it is by default', () => {
    beforeAll(() => start());
    afterAll(stop);

    test('use sets the cookie, readable by scripts and for the session, and returns', async () => {
      expect(told(await ask('/.shunt/use/pr-123', typed))).toEqual([303, 'preview=pr-123; Path=/; SameSite=Lax', '/']);
    });

    test('clear takes it away', async () => {
      expect(told(await ask('/.shunt/clear', typed))).toEqual([303, 'preview=; Path=/; SameSite=Lax; Max-Age=0', '/']);
    });

    test.each([HOST, 'shop.example.net', 'web', 'web.shop:80', 'pr-123--web.preview.localhost:10000'])(
      'answers on the host %s',
      async (host) => {
        expect((await ask('/.shunt/use/pr-123', typed, { host })).status).toBe(303);
        expect((await ask('/.shunt', {}, { host })).headers['content-type']).toBe('text/html; charset=utf-8');
      },
    );

    test('a cookie over https is for https only', async () => {
      const cookie = 'preview=pr-123; Path=/; SameSite=Lax; Secure';
      const headers = { referer: `https://${HOST}/cart`, 'sec-fetch-site': 'same-origin' };
      expect(told(await ask('/.shunt/use/pr-123', headers))).toEqual([303, cookie, '/cart']);
    });

    test.each([
      ['the page on the same host that it was asked on', '/', { referer: `http://${HOST}/cart?x=1` }, '/cart?x=1'],
      ['the root, if a page of another host is told', '/', { ...typed, referer: 'https://evil.example/cart' }, '/'],
      ['the path of return', '/?return=/cart', typed, '/cart'],
      ['the path of return, decoded', '/?a=b&return=%2Fcart%3Fx%3D1%26y', typed, '/cart?x=1&y'],
      ['the list, if that is where one was', '/', { referer: `http://${HOST}/.shunt` }, '/.shunt'],
      ['the root rather than an action', '/', { referer: `http://${HOST}/.shunt/use/a` }, '/'],
      ['the root, not another host', '/?return=//evil.example/', typed, '/'],
      ['the root, not another host, whatever its slashes', '/?return=/%5Cevil.example/', typed, '/'],
      ['the root, not another host, whatever a browser leaves out', '/?return=/%09/evil.example/', typed, '/'],
      ['the root, not a URL', '/?return=https://evil.example/', typed, '/'],
      ['the root, not a script', '/?return=javascript:alert(1)', typed, '/'],
      ['the root, not a further header', '/?return=/%0d%0aset-cookie:%20a=b', typed, '/'],
    ])('use returns to %s', async (_, query, headers, location) => {
      const answer = await ask(`/.shunt/use/pr-123${query.slice(1)}`, headers);
      expect(told(answer)).toEqual([303, 'preview=pr-123; Path=/; SameSite=Lax', location]);
    });

    test.each([
      ['another site', { 'sec-fetch-site': 'cross-site' }],
      ['another origin of the same site, such as a preview', { 'sec-fetch-site': 'same-site' }],
      [
        'another site, which says that it is the same in the other header',
        { 'sec-fetch-site': 'cross-site', referer: `http://${HOST}/` },
      ],
      ['a page of another host, in a browser that says only that', { referer: 'https://evil.example/' }],
      ['a form of another host', { origin: 'https://evil.example', referer: `http://${HOST}/` }],
      ['a host that begins alike', { referer: `http://${HOST}.evil.example/` }],
      ['a host behind an @', { referer: `http://${HOST}@evil.example/` }],
      ['a sandbox', { origin: 'null' }],
      ['nobody knows where', {}],
    ])('use and clear from %s change nothing and ask', async (_, headers) => {
      for (const path of ['/.shunt/use/pr-123', '/.shunt/clear']) {
        for (const method of ['GET', 'POST']) {
          const answer = await ask(path, headers, { method });
          expect(told(answer)).toEqual([403, undefined, undefined]);
          expect(answer.body).toContain(`<form method="post" action="${path}">`);
        }
      }
    });

    test('use takes the form of its own page', async () => {
      const headers = { origin: `http://${HOST}`, referer: `http://${HOST}/.shunt` };
      expect(told(await ask('/.shunt/use/pr-123', headers, { method: 'POST' }))).toEqual([
        303,
        'preview=pr-123; Path=/; SameSite=Lax',
        '/.shunt',
      ]);
      expect((await ask('/.shunt/use?key=pr-7', headers)).headers['set-cookie']![0]).toContain('preview=pr-7;');
    });

    test('a browser that loads ahead of its user changes nothing', async () => {
      expect(told(await ask('/.shunt/use/pr-123', { ...typed, 'sec-purpose': 'prefetch;prerender' }))).toEqual([
        503,
        undefined,
        undefined,
      ]);
    });

    test('other methods are refused', async () => {
      const answer = await ask('/.shunt/use/pr-123', typed, { method: 'PUT' });
      expect([answer.status, answer.headers.allow]).toEqual([405, 'GET, POST']);
    });

    test.each([
      'PR-123',
      'a--b',
      '-a',
      'a-',
      'a..b',
      'a.-b',
      'a/b',
      'a%0d%0aset-cookie:b=c',
      'a;domain=example.com',
      'a%3bb',
      'a b'.replace(' ', '%20'),
      'k'.repeat(64),
      '<script>alert(1)</script>',
      '',
    ])('"%s" is no key: 400 with a sentence, and no cookie', async (key) => {
      const answer = await ask(`/.shunt/use/${key}`, typed);
      expect(told(answer)).toEqual([400, undefined, undefined]);
      expect(answer.body).toContain('is no key of a preview. Keys are lower-case letters,');
      expect(answer.body).not.toContain('<script>');
    });

    test.each(['a', '0', 'checkout.alice', 'k'.repeat(63), 'a-1.b'])('"%s" is a key, had or not', async (key) => {
      expect((await ask(`/.shunt/use/${key}`, typed)).headers['set-cookie']![0]).toContain(`preview=${key};`);
    });

    test('what else stands below it is not there', async () => {
      expect((await ask('/.shunt/other')).status).toBe(404);
    });

    test('paths that only look alike are the service’s', async () => {
      expect((await ask('/.shunted')).body).toBe('the service, /.shunted');
      expect((await ask('/a/.shunt')).body).toBe('the service, /a/.shunt');
    });

    test('the list shows which previews there are, of which services, and which is in use', async () => {
      const { status, headers, body } = await ask('/.shunt', { cookie: 'a=1; preview=pr-123' });
      expect(status).toBe(200);
      expect(body).toContain('<p>In use: <strong><code>pr-123</code></strong>.</p>');
      expect(body).toContain('<li><div><code>pr-123</code><small>shop/web</small></div><span>In use</span></li>');
      expect(body).toContain('<form method="post" action="/.shunt/use/checkout.alice">');
      expect(body).toContain('<form method="post" action="/.shunt/clear">');
      expect(headers).toMatchObject({
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'same-origin',
      });
      expect(headers['content-security-policy']).toMatch(
        /^default-src 'none'; style-src 'sha256-[^']+'; form-action 'self'/,
      );
    });

    test('the list says if nothing is in use, or what nobody can stop', async () => {
      expect((await ask('/.shunt/')).body).toContain('No preview is in use.');
      const byHost = await ask('/.shunt', {}, { host: 'pr-123--web.preview.localhost' });
      expect(byHost.body).toContain('<code>pr-123</code></strong>, since this very request says so');
      expect(byHost.body).not.toContain('/.shunt/clear');
      expect((await ask('/.shunt', { cookie: 'preview=pr-404' })).body).toContain('No preview has exactly this key.');
    });

    test('what is no key is not shown at all', async () => {
      const { body } = await ask('/.shunt', { 'x-preview': '"><script>alert(1)</script>', host: `${HOST}` });
      expect(body).toContain('No preview is in use.');
      expect(body).not.toContain('script');
    });

    test('the list follows the previews, and nothing else is sent for it', async () => {
      const routes = await stage.envoy.stats('rds\\..*update_success');
      await stage.folder.write('more', preview('pr-7'));
      const listed = async (key: string) => (await ask('/.shunt')).body.includes(`<code>${key}</code>`);
      const until = async (wanted: boolean) => {
        await expect.poll(() => listed('pr-7'), { interval: 20, timeout: 20_000 }).toBe(wanted);
      };
      await until(true);
      await stage.folder.remove('more');
      await until(false);
      expect(await stage.envoy.stats('rds\\..*update_success')).toEqual(routes);
      expect(await stage.envoy.rejected()).toEqual({});
    });
  });

  describe('can be another', () => {
    beforeAll(() => start({ browserPath: '/-/previews', keyCookie: 'which' }));
    afterAll(stop);

    test('and the default one is the service’s', async () => {
      expect((await ask('/-/previews/use/pr-123', typed)).headers['set-cookie']![0]).toContain('which=pr-123;');
      expect((await ask('/-/previews')).body).toContain('action="/-/previews/use/pr-123"');
      expect((await ask('/.shunt')).body).toBe('the service, /.shunt');
    });
  });

  describe.each([
    ['with browser-path off', { browserPath: undefined }],
    ['without the cookie', { keyCookie: undefined }],
  ])('%s', (_, settings) => {
    beforeAll(() => start(settings));
    afterAll(stop);

    test('is the service’s', async () => {
      expect((await ask('/.shunt/use/pr-123', typed)).body).toBe('the service, /.shunt/use/pr-123');
      expect(await stage.envoy.rejected()).toEqual({});
    });
  });
});
