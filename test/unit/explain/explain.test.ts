import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { explain, explanationText, readRequest } from '../../../src/explain/index.ts';
import { Pipeline } from '../../../src/pipeline.ts';
import { ProblemLog } from '../../../src/problem-log.ts';
import { ResourceStore } from '../../../src/resources/index.ts';
import type { SourceRecord } from '../../../src/sources/source.ts';
import type { GatewayOptions, KeyTrust } from '../../../src/translate/gateway.ts';
import { baseline, endpoint, pod, preview, service, slice } from '../../support/records.ts';

const silent = pino({ level: 'silent' });
const OPTIONS = {
  listen: [{ host: '127.0.0.1', port: 10000 }],
  previewDomain: 'preview.example.com',
  carriers: { header: 'x-preview', baggage: 'preview', cookie: 'preview', query: 'use', tracestate: 'p', host: true },
  browserPath: '/.shunt',
};

const match = (text: string) => ({ annotations: { 'shunt.dev/match': text } });
const WORLD: readonly SourceRecord[] = [
  baseline('shop/api', { annotations: { 'shunt.dev/hosts': 'shop.example.com/api, *.api.example.com' } }),
  slice('shop/api', ['10.0.0.1', '10.0.0.2']),
  preview('shop/api-pr-1', 'api', 'pr-1', { createdAt: 1000 }),
  slice('shop/api-pr-1', ['10.0.1.1']),
  preview('shop/api-again', 'api', 'pr-1', { createdAt: 2000 }),
  preview('shop/api-slow', 'api', 'slow'),
  slice('shop/api-slow', [], { endpoints: [endpoint('10.0.1.3', { ready: false })] }),
  preview('shop/api-strict', 'api', 'strict', { annotations: { 'shunt.dev/when-unready': 'deny' } }),
  preview('shop/api-shade', 'api', 'shade', {
    annotations: { 'shunt.dev/mode': 'mirror', 'shunt.dev/percentage': '0.5' },
  }),
  preview('shop/api-old', 'api', 'old', { annotations: { 'shunt.dev/expires-at': '2020-01-01T00:00:00Z' } }),
  preview('shop/api-checkout', 'api', 'checkout'),
  slice('shop/api-checkout', ['10.0.1.4']),
  preview('shop/api-alice', 'api', undefined, match('x-user=alice')),
  slice('shop/api-alice', ['10.0.1.2']),
  preview('shop/api-post', 'api', undefined, match('{ method: POST, path: { prefix: /api/pay } }')),
  slice('shop/api-post', ['10.0.1.5']),
  baseline('shop/db'),
  preview('shop/db-alice', 'db', 'checkout.alice'),
  slice('shop/db-alice', ['10.0.2.2']),
  baseline('prod/web'),
  slice('prod/web', ['10.0.3.1']),
  baseline('shop/web'),
  slice('shop/web', ['10.0.3.2']),
  service('shop/plain'),
  preview('shop/api-h2', 'api', 'h2', { ports: [{ name: 'http2', port: 80, protocol: 'TCP' }] }),
  slice('shop/api-h2', ['10.0.5.1'], { ports: [{ name: 'http2', port: 9090 }] }),
  pod('shop/api-pods-x', 'api', 'pods', { addresses: ['10.0.4.1'] }),
];

function world(records: readonly SourceRecord[] = WORLD, options: GatewayOptions = OPTIONS) {
  const store = new ResourceStore();
  const pipeline = new Pipeline(options, store, new ProblemLog(silent), silent);
  pipeline.changed({ upserts: records, deletes: [] });
  pipeline.stop();
  return { catalog: pipeline.catalog, options, store };
}

const shop = world();
function ask(url: string, headers: readonly string[] = [], { method = 'GET', namespace }: Asked = {}) {
  const explanation = explain(shop, readRequest({ method, url, headers }), namespace);
  return { ...explanation, text: explanationText(explanation) };
}
interface Asked {
  readonly method?: string;
  readonly namespace?: string;
}

describe('a request', () => {
  it('under the reserved path is for no service', () => {
    const { outcome, text } = ask('http://shop.example.com/.shunt/use/pr-1', ['x-preview: pr-1']);
    expect(outcome).toEqual({ kind: 'gateway' });
    expect(text).toContain('→ the gateway itself');
    expect(text).toContain('Paths under /.shunt are where people choose a preview in a browser (setting browser-path)');
    expect(ask('http://api/.shunted').outcome).toMatchObject({ kind: 'baseline' });
  });

  it('without a key goes to the baseline', () => {
    const { outcome, text } = ask('http://api/');
    expect(outcome).toMatchObject({ kind: 'baseline', baseline: 'shop/api', port: 80, servedBy: ['api'] });
    expect(text).toContain('Nothing carries a key.');
  });

  it.each([
    ['header', 'http://api/', ['x-preview: pr-1']],
    ['cookie', 'http://api.shop.svc/', ['cookie: a=1; preview=pr-1']],
    ['baggage', 'http://api/', ['baggage: a=1', 'Baggage: preview=pr-1;p']],
    ['tracestate', 'http://api/', ['tracestate: a=1,p=pr-1']],
    ['query', 'http://api/?use=pr-1', []],
    ['host', 'http://pr-1--api.preview.example.com/', []],
  ])('with a key in the %s goes to its preview', (carrier, url, headers) => {
    expect(ask(url, headers).outcome).toMatchObject({
      kind: 'preview',
      preview: 'Service shop/api-pr-1',
      by: { kind: 'key', key: 'pr-1', carrier },
      servedBy: ['api@pr-1'],
      endpoints: ['10.0.1.1:8080'],
    });
  });

  it('with several keys goes by the one that counts first, and the others are told', () => {
    const { outcome, text } = ask('http://api/', ['cookie: preview=slow', 'x-preview: pr-1', 'baggage: preview=old']);
    expect(outcome).toMatchObject({ preview: 'Service shop/api-pr-1' });
    expect(text).toContain('The cookie preview carries "slow", but the header x-preview counts before it.');
    expect(text).toContain('The baggage member preview carries "old", but the header x-preview counts before it.');
  });

  it('that matches a rule goes by it, whatever key it carries', () => {
    const { outcome, text } = ask('http://api/', ['x-user: alice', 'x-preview: pr-1']);
    expect(outcome).toMatchObject({
      preview: 'Service shop/api-alice',
      by: { kind: 'rule', match: 'header x-user="alice"' },
    });
    expect(text).toContain('carries the key "pr-1", but rules count before keys.');
  });

  it('is told of each rule that lost, and why', () => {
    const { text } = ask('http://api/api/pay', ['x-user: bob']);
    expect(text).toContain('header x-user="alice" fails, the header x-user is "bob"');
    expect(text).toContain('method POST fails, the method is GET');
    const both = ask('http://api/api/pay', ['x-user: alice'], { method: 'POST' });
    expect(both.outcome).toMatchObject({ preview: 'Service shop/api-post' });
    expect(both.text).toContain('would take it too, but that of Service shop/api-post comes first');
  });
});

describe('a key', () => {
  it.each([
    ['nope', 'Service shop/api has no preview with the key "nope"'],
    ['PR_1', 'The header x-preview has "PR_1", which is no key'],
    ['slow', 'Service shop/api-slow has 1 endpoint, none of them ready'],
    ['old', 'Service shop/api-old has the key "old" but is left out: it expired at 2020-01-01'],
    ['checkout.bob', 'as nobody has it, it does not fall back to Service shop/api-checkout ("checkout")'],
  ])('%s that leads to the baseline is explained', (key, sentence) => {
    const { outcome, text } = ask('http://api/', [`x-preview: ${key}`]);
    expect(outcome).toMatchObject({ kind: 'baseline' });
    expect(text).toContain(sentence);
  });

  it('of another Service is named as such', () => {
    const { text } = ask('http://web.prod/', ['x-preview: pr-1']);
    expect(text).toContain('Service shop/api-pr-1 has the key "pr-1", but is a preview of Service shop/api.');
  });

  it('leads to a preview that speaks another protocol, by a listener of the gateway’s own', () => {
    const { outcome, gateway } = ask('http://api/', ['x-preview: h2']);
    expect(outcome).toMatchObject({ kind: 'preview', preview: 'Service shop/api-h2', endpoints: ['10.0.5.1:9090'] });
    expect(gateway.listeners).toEqual(['127.0.0.1:10000']);
  });

  it('leads to Pods, which are called by what made them', () => {
    const { outcome, text } = ask('http://api/', ['x-preview: pods']);
    expect(outcome).toMatchObject({ preview: 'Deployment shop/api-pods', servedBy: ['api@pods'] });
    expect(text).toContain('→ the preview, Deployment shop/api-pods, by the key "pods" in the header');
  });

  it('falls back to its parent where it is declared elsewhere', () => {
    const { outcome, text } = ask('http://api/', ['x-preview: checkout.alice']);
    expect(outcome).toMatchObject({
      preview: 'Service shop/api-checkout',
      by: { kind: 'key', key: 'checkout.alice', inheritedFrom: 'checkout' },
    });
    expect(text).toContain('Service shop/api-checkout, with the key "checkout", serves in its place');
  });
});

describe('a host', () => {
  it('that nobody has is answered with 404', () => {
    const { outcome, text } = ask('http://nobody.example.com/');
    expect(outcome).toEqual({ kind: 'nothing', status: 404 });
    expect(text).toContain('No baseline has the host "nobody.example.com"');
  });

  it('of a Service that is no baseline says how to make it one', () => {
    expect(ask('http://plain.shop/').text).toContain('Service shop/plain is there, but is no baseline');
  });

  it('that two namespaces share means the one where the callers stand', () => {
    expect(ask('http://web/').text).toContain(
      'Service prod/web and Service shop/web have the same name, and the gateway says in no namespace',
    );
    expect(ask('http://web/', [], { namespace: 'shop' }).outcome).toMatchObject({ baseline: 'shop/web' });
    expect(ask('http://web/', [], { namespace: 'prod' }).outcome).toMatchObject({ baseline: 'prod/web' });
  });

  it('with path prefixes takes no other paths', () => {
    expect(ask('http://shop.example.com/api/x').outcome).toMatchObject({ baseline: 'shop/api' });
    const { outcome, text } = ask('http://shop.example.com/apis');
    expect(outcome).toEqual({ kind: 'nothing', status: 404 });
    expect(text).toContain('is known for paths under /api only, not for "/apis"');
  });

  it('with the key of a mirror goes to the baseline, and a copy to the mirror', () => {
    const { outcome, text } = ask('http://api/', ['baggage: preview=shade']);
    const copies = [{ preview: 'shop/api-shade', percentage: 0.5 }];
    expect(outcome).toMatchObject({ kind: 'baseline', servedBy: ['api'], copies });
    expect(text).toContain('Service shop/api-shade has the key "shade" and is a mirror: it answers nothing.');
    expect(text).toContain('A copy of 0.5 % of such requests goes to Service shop/api-shade');
    expect(ask('http://api/').outcome).not.toHaveProperty('copies.0');
  });

  it('for a preview that is not ready is told so by the response', () => {
    expect(ask('http://api/', ['x-preview: slow']).outcome).toMatchObject({
      kind: 'baseline',
      servedBy: ['api (api@slow is not ready)'],
    });
  });

  it('for a preview that denies is answered with 503 while that is not ready', () => {
    const { outcome, text } = ask('http://api/', ['x-preview: strict']);
    expect(outcome).toEqual({ kind: 'nothing', status: 503, baseline: 'shop/api', preview: 'Service shop/api-strict' });
    expect(text).toContain('Service shop/api-strict has no endpoints at all.');
    expect(text).toContain('Service shop/api-strict has shunt.dev/when-unready: deny, so nobody serves');
  });

  it('whose baseline has no endpoints is answered with 503', () => {
    expect(ask('http://db/').outcome).toEqual({ kind: 'nothing', status: 503, baseline: 'shop/db' });
    expect(ask('http://db/', ['x-preview: checkout.alice']).outcome).toMatchObject({
      preview: 'Service shop/db-alice',
    });
  });
});

describe('as Envoy has it,', () => {
  it.each([
    ['each line of a header is compared by itself', 'http://api/', ['x-user: bob', 'x-user: alice'], 'api@api-alice'],
    ['several lines of baggage are read as one', 'http://api/', ['baggage: preview=pr-1', 'baggage: a=1'], 'api@pr-1'],
    ['a cookie may follow spaces', 'http://api/', ['cookie: a=1;  preview="pr-1"'], 'api@pr-1'],
    ['a cookie with spaces around its = is none', 'http://api/', ['cookie: preview = pr-1'], 'api'],
    ['escapes that say nothing are undone', 'http://shop.example.com/%61p%69/..%2Fx', ['x-preview: pr-1'], 'api@pr-1'],
    ['a dot at the end of the host is dropped', 'http://api.shop.:80/', ['x-preview: pr-1'], 'api@pr-1'],
  ])('%s', (_, url, headers, servedBy) => {
    expect(ask(url, headers).outcome).toMatchObject({ servedBy: [servedBy] });
  });
});

describe('what is no request', () => {
  it.each([
    [{ method: 'get' }, 'the method "get" is none'],
    [{ url: 'api/x' }, 'the URL "api/x" is none'],
    [{ url: 'http://a b/' }, 'the URL "http://a b/" is none'],
    [{ url: 'http://a"b/' }, 'the host "a\\"b" is none'],
    [{ headers: ['x-preview'] }, 'the header "x-preview" is none'],
    [{ headers: [`a: ${'x'.repeat(70_000)}`] }, 'gateways take at most'],
    [{ headers: Array(101).fill('a: b') }, 'the request has 101 headers'],
  ])('is refused with a sentence: %#', (part, sentence) => {
    expect(() => readRequest({ method: 'GET', url: 'http://api/', headers: [], ...part })).toThrow(sentence);
  });
});

describe('listeners that do not trust everyone', () => {
  const tokens = { jwks: '{"keys":[]}', claim: 'preview', issuer: undefined, audiences: [] };
  const through = (trust: KeyTrust, headers: readonly string[]) => {
    const listen = [{ host: '127.0.0.1', port: 10000, trust }];
    const trusting = world(WORLD, { ...OPTIONS, listen, trust: { secretHeader: 'x-secret', tokens } });
    const { outcome, steps } = explain(
      trusting,
      readRequest({ method: 'GET', url: 'http://api/?use=pr-1', headers: ['cookie: preview=pr-1', ...headers] }),
    );
    return { outcome, text: steps.map(({ text }) => text).join('\n') };
  };

  it.each([
    [{ kind: 'nobody' }, 'trusts nobody with keys'],
    [{ kind: 'jwt' }, 'takes the claim "preview" of a good token as the key'],
  ] satisfies [KeyTrust, string][])('lead all to the baseline where they trust %j', (trust, why) => {
    const { outcome, text } = through(trust, ['x-preview: pr-1', 'x-user: alice']);
    expect(outcome).toMatchObject({ kind: 'baseline', baseline: 'shop/api' });
    expect(text).toContain(`127.0.0.1:10000 ${why}`);
    expect(text).toContain('Nothing carries a key.');
  });

  it.each([
    [
      { kind: 'addresses', networks: ['10.0.0.0/8', 'fd00::/8'] },
      'who connect from 10.0.0.0/8 or fd00::/8; all others',
    ],
    [{ kind: 'secret' }, 'who send the secret in x-secret; all others'],
  ] satisfies [KeyTrust, string][])('are explained to those whom they trust where that is %j', (trust, who) => {
    const byKey = through(trust, ['x-preview: pr-1']);
    expect(byKey.outcome).toMatchObject({
      kind: 'preview',
      preview: 'Service shop/api-pr-1',
      by: { carrier: 'header' },
    });
    expect(byKey.text).toContain(`127.0.0.1:10000 trusts those with keys ${who}`);
    expect(through(trust, ['x-user: alice']).outcome).toMatchObject({
      preview: 'Service shop/api-alice',
      by: { kind: 'rule' },
    });
  });
});
