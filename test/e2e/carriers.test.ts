import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Echo, startEcho } from '../support/echo.ts';
import { envoyOrSkip, startTestEnvoy, type TestEnvoy } from '../support/envoy.ts';
import { Gateway, type Question } from '../support/gateway.ts';
import { baselineManifest, ManifestFolder, previewManifest, sliceManifests } from '../support/manifests.ts';
import { startWatchedShunt, type WatchedShunt } from '../support/shunt.ts';

const envoy = await envoyOrSkip();

const TITLES = ['api', 'api@pr-1', 'api@pr-2', 'api@alice', 'api@bob'] as const;

/** Named otherwise than the baggage member, which is `preview`: the one is not made of the other's text. */
const SETTINGS = { keyTracestate: 'shop@shunt', keyQuery: 'use' } as const;

describe.skipIf(envoy === undefined)('through an Envoy with all carriers on', () => {
  const echoes = new Map<string, Echo>();
  let folder: ManifestFolder;
  let shunt: WatchedShunt;
  let gatewayEnvoy: TestEnvoy;
  let gateway: Gateway;

  beforeAll(async () => {
    for (const title of TITLES) echoes.set(title, await startEcho(title));
    const slices = (name: string, title: string) => sliceManifests(name, [echoes.get(title)!.http1Port]);
    folder = await ManifestFolder.create();
    await folder.write('world', [
      baselineManifest('shop/api'),
      ...slices('shop/api', 'api'),
      previewManifest('shop/api-pr-1', 'api', 'pr-1'),
      ...slices('shop/api-pr-1', 'api@pr-1'),
      previewManifest('shop/api-pr-2', 'api', 'pr-2'),
      ...slices('shop/api-pr-2', 'api@pr-2'),
      previewManifest('shop/api-alice', 'api', undefined, { annotations: { 'shunt.dev/match': 'x-user=alice' } }),
      ...slices('shop/api-alice', 'api@alice'),
      previewManifest('shop/api-bob', 'api', undefined, { annotations: { 'shunt.dev/match': 'query: { user: bob }' } }),
      ...slices('shop/api-bob', 'api@bob'),
    ]);
    shunt = await startWatchedShunt(folder, SETTINGS);
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

  /** Several lines of baggage are as good as one. */
  const ask = async (question: Partial<Question>) => {
    const answer = await gateway.ask({ host: 'api', ...question });
    const { baggage } = answer.seen;
    return baggage === undefined ? answer : { ...answer, seen: { ...answer.seen, baggage: oneLine(baggage) } };
  };
  const oneLine = (baggage: string) => baggage.replaceAll(/, (?=preview=[^,]*$)/g, ',');

  test('every update is taken', async () => {
    expect(await gatewayEnvoy.rejected()).toEqual({});
  });

  test.each([
    ['alone in tracestate', { headers: { tracestate: 'shop@shunt=pr-1' } }],
    ['among others in tracestate', { headers: { tracestate: 'a=1 ,\tshop@shunt=pr-1 , b=2' } }],
    ['first of two in tracestate, which is the newer', { headers: { tracestate: 'shop@shunt=pr-1,shop@shunt=pr-2' } }],
    ['in the query', { path: '/?use=pr-1' }],
    ['among others in the query', { path: '/a/b?x=1&use=pr-1&y=2?' }],
    ['first of two in the query', { path: '/?use=pr-1&use=pr-2' }],
  ] satisfies [string, Partial<Question>][])(
    'a key %s leads to the preview, and leaves as header and as baggage member',
    async (_, question: Partial<Question>) => {
      const { title, seen, path } = await ask(question);
      expect(title).toBe('api@pr-1');
      expect(seen).toMatchObject({ 'x-preview': 'pr-1', baggage: 'preview=pr-1' });
      expect(path).toBe(question.path ?? '/');
    },
  );

  test.each([
    ['in the value of another member of tracestate', { headers: { tracestate: 'a=shop@shunt=pr-1' } }],
    ['in a member of tracestate whose name ends alike', { headers: { tracestate: 'xshop@shunt=pr-1' } }],
    ['in tracestate, with more after it', { headers: { tracestate: 'shop@shunt=pr-1;x' } }],
    ['in the path', { path: '/use=pr-1' }],
    ['in the path of a query parameter', { path: '/?to=/x?use=pr-1' }],
    ['in a query parameter whose name ends alike', { path: '/?reuse=pr-1' }],
    ['encoded in a query parameter', { path: '/?use=pr%2D1' }],
  ])('a key %s is none', async (_, question) => {
    const { title, seen } = await ask(question);
    expect(title).toBe('api');
    expect(seen).not.toHaveProperty('x-preview');
  });

  test.each([
    ['header', { headers: { 'x-preview': 'PR_1' } }],
    ['cookie', { headers: { cookie: 'preview=' } }],
    ['cookie, quoted', { headers: { cookie: 'preview="pr 1"' } }],
    ['header and cookie', { headers: { 'x-preview': '-', cookie: 'preview=_' } }],
  ] satisfies [string, Partial<Question>][])(
    'what is no key in the %s adds no member to the baggage',
    async (_, question) => {
      const { title, seen } = await ask(question);
      expect(title).toBe('api');
      expect(seen).not.toHaveProperty('baggage');
      expect((await ask({ headers: { ...question.headers, baggage: 'a=preview' } })).seen.baggage).toBe('a=preview');
    },
  );

  test('what is no key gives way to a carrier that counts less', async () => {
    const { title, seen } = await ask({ headers: { 'x-preview': 'PR_1', cookie: 'preview=pr-1' } });
    expect(title).toBe('api@pr-1');
    expect(seen).toMatchObject({ 'x-preview': 'pr-1', baggage: 'preview=pr-1' });
    const inherited = await ask({ headers: { cookie: 'preview=', baggage: 'preview=pr-2' } });
    expect(inherited.title).toBe('api@pr-2');
    expect(inherited.seen).toMatchObject({ 'x-preview': 'pr-2' });
  });

  test('a request without a key leaves as it came', async () => {
    const headers = { baggage: 'a=preview, previewer=x', tracestate: 'a=1', cookie: 'a=1' };
    const { title, seen } = await ask({ headers, path: '/?a=use' });
    expect(title).toBe('api');
    expect(seen).not.toHaveProperty('x-preview');
    expect(seen.baggage).toBe(headers.baggage);
  });

  test('of several keys the header counts first, then the host, the query, the cookie, the baggage, tracestate', async () => {
    const [one, two] = ['pr-1', 'pr-2'];
    const inHost = 'pr-1--api.preview.localhost';
    const winners: Partial<Question>[] = [
      { headers: { 'x-preview': one }, host: 'pr-2--api.preview.localhost' },
      { host: inHost, path: `/?use=${two}` },
      { path: `/?use=${one}`, headers: { cookie: `preview=${two}` } },
      { headers: { cookie: `preview=${one}`, baggage: `preview=${two}` } },
      { headers: { baggage: `preview=${one}`, tracestate: `shop@shunt=${two}` } },
    ];
    for (const question of winners) {
      const { title, seen } = await ask(question);
      expect(title).toBe('api@pr-1');
      expect(seen).toMatchObject({ 'x-preview': one, baggage: 'preview=pr-1' });
    }
  });

  describe('where the baggage has another key', () => {
    test.each([
      ['the header', { headers: { 'x-preview': 'pr-1' } }],
      ['the cookie', { headers: { cookie: 'preview=pr-1' } }],
      ['the query', { path: '/?use=pr-1' }],
      ['the host', { host: 'pr-1--api.preview.localhost' }],
    ] satisfies [string, Partial<Question>][])(
      'that of %s replaces it, and other members stay',
      async (_, question) => {
        const withBaggage = (baggage: string) =>
          ask({ ...question, headers: { ...('headers' in question ? question.headers : {}), baggage } });
        const { title, seen } = await withBaggage('a=1;preview=q, preview = pr-2 ;p=1,\tb=2;r');
        expect(title).toBe('api@pr-1');
        expect(seen['x-preview']).toBe('pr-1');
        expect(seen.baggage).toBe('a=1;preview=q,\tb=2;r,preview=pr-1');
        expect((await withBaggage('preview=pr-2')).seen.baggage).toBe('preview=pr-1');
        expect((await withBaggage('preview=pr-2,a=1')).seen.baggage).toBe('a=1,preview=pr-1');
        expect((await withBaggage('a=1,preview=pr-2')).seen.baggage).toBe('a=1,preview=pr-1');
      },
    );

    test.each([
      ['each of several is replaced', 'preview=a,preview=b,a=1,preview=c,preview=d', 'a=1,preview=pr-1'],
      ['one that is no key is replaced', 'preview=,a=1,preview=$', 'a=1,preview=pr-1'],
      ['members of longer names stay', 'xpreview=1,previewx=2', 'xpreview=1,previewx=2,preview=pr-1'],
    ])('%s', async (_, baggage, left) => {
      expect((await ask({ headers: { 'x-preview': 'pr-1', baggage } })).seen.baggage).toBe(left);
    });

    test('of more bytes than W3C wants to be handed on, the new one is left', async () => {
      const inBaggage = (length: number) => `a=${'x'.repeat(length - 2 - ',preview=pr-2'.length)},preview=pr-2`;
      const most = await ask({ headers: { 'x-preview': 'pr-1', baggage: inBaggage(8191) } });
      expect(most.seen.baggage).toBe(inBaggage(8191).replace('pr-2', 'pr-1'));
      const more = await ask({ headers: { 'x-preview': 'pr-1', baggage: inBaggage(8300) } });
      expect(more.title).toBe('api@pr-1');
      expect(more.seen.baggage).toBe('preview=pr-1');
    });

    test('a rule leaves the request its key', async () => {
      const headers = { 'x-user': 'alice', 'x-preview': 'pr-1', baggage: 'preview=pr-2,a=1' };
      const { title, seen } = await ask({ headers });
      expect(title).toBe('api@alice');
      expect(seen).toMatchObject({ 'x-preview': 'pr-1', baggage: 'a=1,preview=pr-1' });
    });
  });

  test('a rule on the query takes no request that has only a key there', async () => {
    expect((await ask({ path: '/?use=pr-1' })).title).toBe('api@pr-1');
    const { title, seen } = await ask({ path: '/?use=pr-1&user=bob', headers: { baggage: 'preview=pr-2' } });
    expect(title).toBe('api@bob');
    expect(seen).toMatchObject({ 'x-preview': 'pr-1', baggage: 'preview=pr-1' });
  });

  test('the baggage stays the same from hop to hop', async () => {
    const { seen } = await ask({ headers: { 'x-preview': 'pr-1', baggage: 'a=1' } });
    const once = seen.baggage!.replaceAll(', ', ',');
    expect(once).toBe('a=1,preview=pr-1');
    const again = await ask({ headers: { 'x-preview': 'pr-1', baggage: once } });
    expect(again.seen.baggage).toBe(once);
    const alone = await ask({ headers: { baggage: once } });
    expect(alone.seen).toMatchObject({ 'x-preview': 'pr-1', baggage: once });
  });
});
