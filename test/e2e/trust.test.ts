import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { KeyTrust } from '../../src/settings/index.ts';
import { SECRET_VARIABLE } from '../../src/translate/trust.ts';
import { envoyOrSkip, startTestEnvoy, type TestEnvoy } from '../support/envoy.ts';
import { baselineManifest, ManifestFolder, previewManifest, sliceManifests } from '../support/manifests.ts';
import { freePort } from '../support/ports.ts';
import { startWatchedShunt, type WatchedShunt } from '../support/shunt.ts';
import { askHttp2, askRaw, type RawRequest, type Sighting, startWitness } from '../support/witness.ts';

const envoy = await envoyOrSkip();

const SECRET = 'correct-horse-battery-staple';
const TITLES = ['api', 'api@pr-1', 'api@alice'] as const;
const TRUSTS = {
  everyone: undefined,
  nobody: { kind: 'nobody' },
  addresses: { kind: 'addresses', networks: ['127.0.0.2/32', '::1/128'] },
  secret: { kind: 'secret' },
  jwt: { kind: 'jwt' },
} as const satisfies Record<string, KeyTrust | undefined>;
type Listener = keyof typeof TRUSTS;

describe.skipIf(envoy === undefined)('through an Envoy whose listeners trust different people with keys', () => {
  const witnesses = new Map<string, Awaited<ReturnType<typeof startWitness>>>();
  const ports = new Map<Listener, number>();
  const keys = generateKeyPairSync('ed25519');
  let scratch: string;
  let folder: ManifestFolder;
  let shunt: WatchedShunt;
  let gateway: TestEnvoy;

  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'shunt-trust-'));
    const jwks = join(scratch, 'jwks.json');
    await writeFile(jwks, JSON.stringify({ keys: [{ ...keys.publicKey.export({ format: 'jwk' }), kid: 'one' }] }));
    for (const title of TITLES) witnesses.set(title, await startWitness(title));
    const slices = (name: string, title: string) => sliceManifests(name, [witnesses.get(title)!.port]);
    folder = await ManifestFolder.create();
    await folder.write('world', [
      baselineManifest('shop/api', { annotations: { 'shunt.dev/hosts': 'shop.example.com/api' } }),
      ...slices('shop/api', 'api'),
      previewManifest('shop/api-pr-1', 'api', 'pr-1'),
      ...slices('shop/api-pr-1', 'api@pr-1'),
      previewManifest('shop/api-alice', 'api', undefined, { annotations: { 'shunt.dev/match': 'x-user=alice' } }),
      ...slices('shop/api-alice', 'api@alice'),
    ]);
    for (const listener of Object.keys(TRUSTS) as Listener[]) ports.set(listener, await freePort());
    shunt = await startWatchedShunt(folder, {
      listen: [...ports].map(([listener, port]) => ({ host: '127.0.0.1', port, trust: TRUSTS[listener] })),
      keyQuery: 'preview',
      keyTracestate: 'preview',
      trustJwks: jwks,
      trustClaim: 'shop.preview',
      trustIssuer: 'https://issuer.example.com',
    });
    gateway = await startTestEnvoy({
      xdsPort: shunt.xdsPort,
      protocol: 'delta',
      environment: { [SECRET_VARIABLE]: SECRET },
    });
  });
  afterAll(async () => {
    await gateway?.stop();
    await shunt?.stop();
    await folder?.delete();
    for (const witness of witnesses.values()) await witness.close();
    if (scratch !== undefined) await rm(scratch, { recursive: true });
  });

  const at = (listener: Listener, request: Partial<RawRequest> = {}): RawRequest => ({
    host: 'api',
    ...request,
    port: ports.get(listener)!,
  });
  const ask = (listener: Listener, request?: Partial<RawRequest>) => askRaw(at(listener, request));
  const withLines = (listener: Listener, ...lines: string[]) => ask(listener, { lines });
  const valuesOf = ({ lines }: Sighting, name: string) =>
    lines.flatMap((line) => (line.startsWith(`${name}: `) ? [line.slice(name.length + 2)] : []));

  test('every update is taken', async () => {
    expect(await gateway.rejected()).toEqual({});
  });

  /** Every way to carry the key that a trusting listener takes. */
  const CARRIERS: readonly [string, Partial<RawRequest>][] = [
    ['the header', { lines: ['x-preview: pr-1'] }],
    ['the header, in other letters', { lines: ['X-Preview: pr-1'] }],
    ['baggage', { lines: ['baggage: preview=pr-1'] }],
    ['baggage, among others', { lines: ['baggage: a=1,\tpreview = pr-1 ;p=1, b=2'] }],
    ['baggage, in another line', { lines: ['baggage: a=1', 'baggage: preview=pr-1'] }],
    ['baggage, several times', { lines: ['baggage: preview=x,preview=pr-1', 'baggage: preview=pr-1,b=2'] }],
    ['tracestate', { lines: ['tracestate: a=1,preview=pr-1'] }],
    ['the cookie', { lines: ['cookie: preview=pr-1'] }],
    ['the cookie, among others', { lines: ['cookie: a=1; preview="pr-1"; b=2'] }],
    ['the cookie, in another line', { lines: ['cookie: a=1', 'cookie: preview=pr-1'] }],
    [
      'the cookie, several times',
      { lines: ['cookie: preview=pr-1; preview=pr-1;preview=pr-1', 'cookie: preview=pr-1'] },
    ],
    ['the query', { path: '/?a=1&preview=pr-1&b=2' }],
    [
      'all of them',
      {
        path: '/?preview=pr-1',
        lines: ['x-preview: pr-1', 'baggage: preview=pr-1', 'cookie: preview=pr-1', 'tracestate: preview=pr-1'],
      },
    ],
    ['the host', { host: 'pr-1--api.preview.localhost' }],
    ['the host, with its namespace', { host: 'pr-1--API--shop.preview.localhost:8080' }],
  ];

  /** What no trusting listener takes for a key, but somebody behind might. */
  const ODD_FORMS: readonly [string, Partial<RawRequest>][] = [
    ['the header, twice', { lines: ['x-preview: pr-1', 'x-preview: pr-1'] }],
    ['the header, as CGI programs spell it', { lines: ['x_preview: pr-1'] }],
    ['baggage, in upper case', { lines: ['baggage: PREVIEW=pr-1, Preview=pr-1'] }],
    ['baggage, with bytes that are no UTF-8', { lines: ['baggage: preview=pr-1\xff;p=\xfe,a=1,preview=pr-1;\xff'] }],
    ['baggage, encoded', { lines: ['baggage: preview=pr%2D1'] }],
    ['baggage, after an empty member', { lines: ['baggage: ,,preview=pr-1,,'] }],
    ['the cookie, in upper case', { lines: ['cookie: PREVIEW=pr-1'] }],
    ['the cookie, with spaces', { lines: ['cookie:   preview = pr-1 ;  preview= pr-1'] }],
    ['the query, encoded', { path: '/?pr%65view=pr-1&%50REVIEW=pr-1&preview=pr%2d1' }],
    ['the query, by semicolons', { path: '/?a=1;preview=pr-1' }],
    ['baggage of more bytes than Envoy rewrites', { lines: [`baggage: a=${'x'.repeat(9000)},preview=pr-1`] }],
    ['cookies of more bytes than Envoy rewrites', { lines: [`cookie: a=${'x'.repeat(9000)}; preview=pr-1`] }],
    ['a query of more bytes than Envoy rewrites', { path: `/a?a=${'x'.repeat(9000)}&preview=pr-1` }],
  ];

  const hasKey = ({ lines, path }: Sighting) =>
    [...lines, path].filter((text) => /pr(-|%2d)1|^x[-_]preview|preview *=/i.test(text));

  test.each(CARRIERS)('where everyone is trusted, a key in %s leads to the preview', async (_, request) => {
    expect((await ask('everyone', request)).title).toBe('api@pr-1');
  });

  const UNTRUSTED: readonly [string, Listener, Partial<RawRequest>][] = [
    ['where nobody is trusted', 'nobody', {}],
    ['from another address than the trusted', 'addresses', {}],
    [
      'from another address, that says otherwise',
      'addresses',
      {
        lines: [
          'x-forwarded-for: 127.0.0.2',
          'forwarded: for=127.0.0.2',
          'x-real-ip: 127.0.0.2',
          'x-envoy-external-address: 127.0.0.2',
        ],
      },
    ],
    ['without the secret', 'secret', {}],
    ['with a wrong secret', 'secret', { lines: ['x-shunt-secret: correct-horse-battery-stapl'] }],
    ['with the secret twice', 'secret', { lines: [`x-shunt-secret: ${SECRET}`, `x-shunt-secret: ${SECRET}`] }],
    [
      'with what the gateway says to itself',
      'secret',
      { lines: ['x-shunt-trusted: true', 'x-shunt-expected: abcdefghijklmnopq', 'x-shunt-secret: abcdefghijklmnopq'] },
    ],
    ['without a token', 'jwt', {}],
    ['with a claim in a header', 'jwt', { lines: ['x-shunt-claim: pr-1'] }],
  ];

  describe.each(UNTRUSTED)('%s', (_, listener, extra) => {
    test.each([...CARRIERS, ...ODD_FORMS])(
      'a key in %s neither leads to the preview nor goes on',
      async (_, { lines = [], ...rest }) => {
        const seen = await ask(listener, { ...rest, lines: [...(extra.lines ?? []), ...lines] });
        expect(seen.title).toBe('api');
        expect(hasKey(seen)).toEqual([]);
      },
    );

    test('over HTTP/2 neither, with cookies in fields of their own', async () => {
      const named = (extra.lines ?? []).map((line) => line.split(': ') as [string, string]);
      const lines = [...Map.groupBy(named, ([name]) => name)].map(([name, all]) => [
        name,
        all.map(([, value]) => value),
      ]);
      const seen = await askHttp2(at(listener), {
        ...Object.fromEntries(lines),
        'x-preview': 'pr-1',
        cookie: ['a=1', 'preview=pr-1', 'b=2', 'preview=pr-1'],
        baggage: 'preview=pr-1',
      });
      expect(seen.title).toBe('api');
      expect(hasKey(seen)).toEqual([]);
      expect(valuesOf(seen, 'cookie')).toEqual(['a=1; b=2']);
    });

    test('nobody is told which previews there are', async () => {
      const seen = await ask(listener, { path: '/.shunt', lines: extra.lines ?? [] });
      expect(seen).toMatchObject({ title: 'api', path: '/.shunt' });
    });

    test('no rule takes a request', async () => {
      expect((await ask(listener, { lines: [...(extra.lines ?? []), 'x-user: alice'] })).title).toBe('api');
    });

    test('what else a request says goes on as it came', async () => {
      const lines = [
        ...(extra.lines ?? []),
        'baggage: a=1;p=preview,preview=pr-1,xpreview=1',
        'cookie: a=1; preview=pr-1; previewer=2',
      ];
      const seen = await ask(listener, {
        lines: [...lines, 'tracestate: preview=pr-1,a=preview'],
        path: '/x%20y?a=%20+&preview=pr-1&c',
      });
      expect(valuesOf(seen, 'baggage')).toEqual(['a=1;p=preview,xpreview=1']);
      expect(valuesOf(seen, 'cookie')).toEqual(['a=1; previewer=2']);
      expect(valuesOf(seen, 'tracestate')).toEqual(['a=preview']);
      expect(seen.path).toBe('/x%20y?a=%20+&c');
      const plain = await ask(listener, { lines: ['baggage: a=1', 'cookie: a=1', 'cookie: b=2'], path: '/?a=1' });
      expect(plain.path).toBe('/?a=1');
      expect(valuesOf(plain, 'baggage')).toEqual(['a=1']);
    });

    test('on an outside host neither', async () => {
      const lines = [...(extra.lines ?? []), 'x-preview: pr-1', 'cookie: preview=pr-1', 'x-user: alice'];
      const seen = await ask(listener, { host: 'shop.example.com', path: '/api/x', lines });
      expect(seen.title).toBe('api');
      expect(hasKey(seen)).toEqual([]);
    });

    test('a preview URL is that of the baseline, whose host has no key', async () => {
      const seen = await ask(listener, { host: 'pr-1--api.preview.localhost', lines: extra.lines ?? [] });
      expect(seen.title).toBe('api');
      expect(valuesOf(seen, 'host')).toEqual(['api.preview.localhost']);
    });
  });

  describe('from a trusted address', () => {
    test.each(CARRIERS)('a key in %s leads to the preview', async (_, request) => {
      expect((await ask('addresses', { ...request, from: '127.0.0.2' })).title).toBe('api@pr-1');
    });

    test('a rule takes a request', async () => {
      expect((await ask('addresses', { lines: ['x-user: alice'], from: '127.0.0.2' })).title).toBe('api@alice');
    });
  });

  describe('with the secret', () => {
    const secret = `x-shunt-secret: ${SECRET}`;

    test.each(CARRIERS)('a key in %s leads to the preview, and the secret does not go on', async (_, request) => {
      const seen = await ask('secret', { ...request, lines: [...(request.lines ?? []), secret] });
      expect(seen.title).toBe('api@pr-1');
      expect(seen.lines.filter((line) => /x-shunt|staple/.test(line))).toEqual([]);
      expect(valuesOf(seen, 'x-preview')).toEqual(['pr-1']);
    });

    test('a rule takes a request', async () => {
      const seen = await withLines('secret', secret, 'x-user: alice', 'x-preview: pr-1');
      expect(seen.title).toBe('api@alice');
      expect(valuesOf(seen, 'x-preview')).toEqual(['pr-1']);
    });

    test('a request without a key reaches the baseline', async () => {
      expect((await withLines('secret', secret)).title).toBe('api');
    });

    test('nothing shows the secret', async () => {
      expect(JSON.stringify(await gateway.configDump())).not.toContain(SECRET);
      expect(await gateway.admin('/server_info')).not.toContain(SECRET);
      expect(gateway.log.join('\n')).not.toContain(SECRET);
    });
  });

  describe('with a token', () => {
    const token = (claims: object, signedBy: KeyObject = keys.privateKey) => {
      const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
      const text = `${part({ alg: 'EdDSA', kid: 'one', typ: 'JWT' })}.${part({ iss: 'https://issuer.example.com', ...claims })}`;
      return `authorization: Bearer ${text}.${sign(null, Buffer.from(text), signedBy).toString('base64url')}`;
    };
    const soon = Math.floor(Date.now() / 1000) + 3600;

    test('its claim is the key, and goes on as header and as baggage member', async () => {
      const seen = await withLines('jwt', token({ exp: soon, shop: { preview: 'pr-1' } }), 'baggage: a=1,preview=x');
      expect(seen.title).toBe('api@pr-1');
      expect(valuesOf(seen, 'x-preview')).toEqual(['pr-1']);
      expect(valuesOf(seen, 'baggage').join(',')).toBe('a=1,preview=pr-1');
      expect(valuesOf(seen, 'x-shunt-claim')).toEqual([]);
    });

    test('no carrier counts besides, and no rule', async () => {
      const lines = [token({ exp: soon, shop: { preview: 'pr-9' } }), 'x-preview: pr-1', 'cookie: preview=pr-1'];
      const seen = await withLines('jwt', ...lines, 'x-user: alice');
      expect(seen.title).toBe('api');
      expect(valuesOf(seen, 'x-preview')).toEqual(['pr-9']);
      expect(valuesOf(seen, 'cookie')).toEqual([]);
    });

    test.each([
      [
        'is signed by somebody else',
        () => token({ exp: soon, shop: { preview: 'pr-1' } }, generateKeyPairSync('ed25519').privateKey),
      ],
      ['has expired', () => token({ exp: soon - 7200, shop: { preview: 'pr-1' } })],
      ['is by another issuer', () => token({ iss: 'https://other.example.com', exp: soon, shop: { preview: 'pr-1' } })],
      ['has no such claim', () => token({ exp: soon, preview: 'pr-1' })],
      ['has a claim that is no key', () => token({ exp: soon, shop: { preview: 'pr_1 ' } })],
      ['has a list of keys', () => token({ exp: soon, shop: { preview: ['pr-1'] } })],
      ['is none', () => 'authorization: Bearer abc'],
      [
        'is unsigned',
        () =>
          `${token({ exp: soon, shop: { preview: 'pr-1' } })
            .split('.')
            .slice(0, 2)
            .join('.')}.`,
      ],
    ])('a token that %s is as none', async (_, made) => {
      const seen = await withLines('jwt', made(), 'x-preview: pr-1');
      expect(seen.title).toBe('api');
      expect(seen.lines.filter((line) => /^(x-preview|baggage|x-shunt)|pr-1/.test(line))).toEqual([]);
    });
  });
});

describe.skipIf(envoy === undefined)('an Envoy that was given no secret', () => {
  let folder: ManifestFolder;
  let shunt: WatchedShunt;
  let gateway: TestEnvoy;
  let witness: Awaited<ReturnType<typeof startWitness>>;
  let preview: Awaited<ReturnType<typeof startWitness>>;

  beforeAll(async () => {
    [witness, preview] = [await startWitness('api'), await startWitness('api@pr-1')];
    folder = await ManifestFolder.create();
    await folder.write('world', [
      baselineManifest('shop/api'),
      ...sliceManifests('shop/api', [witness.port]),
      previewManifest('shop/api-pr-1', 'api', 'pr-1'),
      ...sliceManifests('shop/api-pr-1', [preview.port]),
    ]);
    const port = await freePort();
    shunt = await startWatchedShunt(folder, { listen: [{ host: '127.0.0.1', port, trust: { kind: 'secret' } }] });
    gateway = await startTestEnvoy({ xdsPort: shunt.xdsPort });
    ask = (...lines) => askRaw({ port, host: 'api', lines });
  });
  let ask: (...lines: string[]) => Promise<Sighting>;
  afterAll(async () => {
    await gateway?.stop();
    await shunt?.stop();
    await folder?.delete();
    await witness?.close();
    await preview?.close();
  });

  test.each([['-'], [''], ['x-shunt-secret'], [`%ENVIRONMENT(${SECRET_VARIABLE})%`]])(
    'trusts nobody, whatever they send: "%s"',
    async (secret) => {
      expect((await ask('x-preview: pr-1', `x-shunt-secret: ${secret}`)).title).toBe('api');
      expect((await ask('x-preview: pr-1', 'x-shunt-expected: -', `x-shunt-secret: ${secret}`)).title).toBe('api');
    },
  );
});
