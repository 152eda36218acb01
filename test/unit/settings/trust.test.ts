import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readSettingsText } from '../../../src/settings/file.ts';
import { chooseClientTls, chooseServerTls, defaultSettings, loadSettings } from '../../../src/settings/index.ts';
import type { Settings } from '../../../src/settings/settings.ts';
import { readClientRule, readServerName } from '../../../src/settings/trust-values.ts';

const at = (host: string) => ({ host, port: 18000 });
const pair = { xdsCert: 'tls.crt', xdsKey: 'tls.key' };
const rule = { identity: 'a', nodes: [], namespaces: [] };

describe('the port for Envoys', () => {
  const choose = (settings: Partial<Settings>) => chooseServerTls(defaultSettings(settings));

  test('is plaintext for this machine by default', () => {
    expect(choose({})).toEqual({ kind: 'plaintext', exposed: false });
  });

  test.each(['127.0.0.1', '127.8.0.1', '::1', 'localhost'])('needs nothing at %s', (host) => {
    expect(choose({ xds: at(host) })).toEqual({ kind: 'plaintext', exposed: false });
  });

  test.each(['0.0.0.0', '::', '10.0.0.1', 'fd00::1', '::ffff:127.0.0.1', 'shunt.example.com', 'localhost.example.com'])(
    'is not opened in plaintext at %s unasked',
    (host) => {
      expect(() => choose({ xds: at(host) })).toThrow(
        /^setting xds: at ".*:18000" others than this machine can read everything without TLS; give --xds-cert FILE and --xds-key FILE .*, or --xds-plaintext if that is what you want\.$/,
      );
      expect(choose({ xds: at(host), xdsPlaintext: true })).toEqual({ kind: 'plaintext', exposed: true });
    },
  );

  test('speaks TLS with a certificate and its key, anywhere', () => {
    const tls = { kind: 'tls', certificate: 'tls.crt', key: 'tls.key', clients: [] };
    expect(choose({ ...pair, xds: at('0.0.0.0') })).toEqual({ ...tls, ca: undefined });
    expect(choose({ ...pair, xdsCa: 'ca.crt' })).toEqual({ ...tls, ca: 'ca.crt' });
    expect(choose({ ...pair, xdsCa: 'ca.crt', xdsClient: [rule] })).toMatchObject({ clients: [rule] });
  });

  test.each<[Partial<Settings>, string]>([
    [{ xdsCert: 'a' }, 'setting xds-cert is of no use without xds-key: give --xds-key FILE too.'],
    [{ xdsKey: 'a' }, 'setting xds-key is of no use without xds-cert: give --xds-cert FILE too.'],
    [{ xdsCa: 'a' }, 'setting xds-ca is for TLS, which needs a certificate of the control plane: give --xds-cert FILE'],
    [
      { ...pair, xdsClient: [rule] },
      'setting xds-client names identities in certificates, for which Envoys are asked only',
    ],
    [{ ...pair, xdsPlaintext: true }, 'settings xds-plaintext and xds-cert exclude each other: leave out one of them.'],
  ])('with %o says what is missing', (settings, sentence) => {
    expect(() => choose(settings)).toThrow(sentence);
  });
});

test('the example of the documentation is a file of settings, and is mutual TLS with its rules', () => {
  const page = readFileSync(new URL('../../../docs/operating.md', import.meta.url), 'utf8');
  const { given, problems } = readSettingsText(/```yaml\n([^`]*)```/.exec(page)![1]!, 'shunt.yaml');
  expect(problems).toEqual([]);
  const tls = chooseServerTls(loadSettings({ given, problems }, {}));
  expect(tls).toMatchObject({
    kind: 'tls',
    ca: '/etc/shunt/tls/ca.crt',
    clients: [
      { identity: 'spiffe://example.com/ns/shop/sa/gateway', nodes: ['shop-*'], namespaces: ['shop'] },
      { identity: 'spiffe://example.com/ns/infra/*', nodes: [], namespaces: [] },
      { identity: '*.gateways.example.com', nodes: ['edge-1', 'edge-2'], namespaces: [] },
    ],
  });
});

describe('the way of an Envoy to its control plane', () => {
  const choose = (settings: Partial<Settings>) => chooseClientTls(defaultSettings(settings));

  test('is plaintext by default', () => {
    expect(choose({ xds: at('shunt.example.com') })).toBeUndefined();
  });

  test('is TLS with a CA, for the name under which it is reached or another', () => {
    const xds = at('shunt.example.com');
    expect(choose({ xds, xdsCa: 'ca.crt' })).toEqual({
      ca: 'ca.crt',
      pair: undefined,
      serverName: 'shunt.example.com',
    });
    expect(choose({ xds, xdsCa: 'ca.crt', xdsServerName: 'spiffe://example.com/shunt' })).toMatchObject({
      serverName: 'spiffe://example.com/shunt',
    });
  });

  test('shows a certificate if it has one', () => {
    expect(choose({ ...pair, xdsCa: 'ca.crt' })?.pair).toEqual({ certificate: 'tls.crt', key: 'tls.key' });
  });

  test.each<[Partial<Settings>, string]>([
    [pair, 'setting xds-cert is for TLS'],
    [{ xdsServerName: 'a' }, 'setting xds-server-name is for TLS'],
    [{ xdsCa: 'a', xdsKey: 'b' }, 'setting xds-key is of no use without xds-cert'],
  ])('with %o says what is missing', (settings, sentence) => {
    expect(() => choose(settings)).toThrow(sentence);
  });
});

describe('a rule of xds-client', () => {
  test.each([
    ['gateway.example.com', { identity: 'gateway.example.com', nodes: [], namespaces: [] }],
    [
      ' spiffe://example.com/ns/shop/*  node=edge-* node=a=b\tnamespace=shop ',
      { identity: 'spiffe://example.com/ns/shop/*', nodes: ['edge-*', 'a=b'], namespaces: ['shop'] },
    ],
    ['*.example.com namespace=*', { identity: '*.example.com', nodes: [], namespaces: ['*'] }],
    ['spiffe://example.com/a?b=c', { identity: 'spiffe://example.com/a?b=c', nodes: [], namespaces: [] }],
  ])('is read from %j', (text, value) => {
    expect(readClientRule(text)).toEqual({ value });
  });

  test.each([
    ['', '"" names no identity'],
    ['node=a', '"node=a" stands where the identity belongs'],
    ['*', '"*" is neither a DNS name nor a URI'],
    ['a_b', '"a_b" is neither a DNS name nor a URI'],
    ['a.*.example.com', '"a.*.example.com" is neither a DNS name nor a URI'],
    ['spiffe://example.com*', '"spiffe://example.com*" leaves the trust domain open: write a "/" after it'],
    ['spiffe://*', '"spiffe://*" leaves the trust domain open: write a "/" after it'],
    ['spiffe:*', '"spiffe:*" leaves the trust domain open: write a "/" after it'],
    ['spiffe://example.com/*/a', '"spiffe://example.com/*/a" has a "*" that is not at its end'],
    ['://x', '"://x" is not a URI'],
    ['a nodes=b', '"nodes=b" is neither node=ID nor namespace=NAME'],
    ['a b', '"b" is neither node=ID nor namespace=NAME'],
    ['a node=', '"node=" is neither node=ID nor namespace=NAME'],
    ['a node=*b', '"node=*b" has a "*" that is not at its end'],
    ['a namespace=A', '"namespace=A" does not name a namespace'],
  ])('is not %j', (text, why) => {
    expect(readClientRule(text)).toEqual({ why });
  });

  test('may be one of several, in a file, a flag and a variable', () => {
    const text = 'a.example.com,spiffe://example.com/b node=c';
    const { xdsClient } = loadSettings({ given: [], problems: [] }, { SHUNT_XDS_CLIENT: text });
    expect(xdsClient.map(({ identity }) => identity)).toEqual(['a.example.com', 'spiffe://example.com/b']);
  });
});

test.each([
  ['Shunt.Example.com', 'shunt.example.com'],
  ['10.0.0.1', '10.0.0.1'],
  ['fd00::1', 'fd00::1'],
  ['spiffe://example.com/ns/shunt-system/sa/shunt', 'spiffe://example.com/ns/shunt-system/sa/shunt'],
])('the name %s may stand in a certificate', (text, value) => {
  expect(readServerName(text)).toEqual({ value });
});

test.each(['', 'a_b', '*.example.com', 'shunt:18000', 'a b'])('the name %j cannot stand in a certificate', (text) => {
  expect(readServerName(text)).toHaveProperty('why');
});
