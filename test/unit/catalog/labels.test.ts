import { describe, expect, it } from 'vitest';
import { labelledService, readLabels } from '../../../src/catalog/labels.ts';
import { formatProblem } from '../../../src/problems.ts';
import type { ServiceRecord } from '../../../src/sources/source.ts';
import { baseline, preview, service } from '../../support/records.ts';

const read = (record: ServiceRecord) => readLabels(labelledService(record), 'preview.example.com');
const sentences = (record: ServiceRecord) => read(record).problems.map(formatProblem);

describe('a baseline', () => {
  it('is a Service with the label shunt.dev/role: baseline, and nothing else is needed', () => {
    const { baseline: found, problems } = read(baseline('shop/api'));
    expect(problems).toEqual([]);
    expect(found).toMatchObject({
      id: 'shop/api',
      hosts: [],
      allowFrom: [],
      ports: [{ port: 80, protocol: 'HTTP/1.1' }],
    });
  });

  it('has outside names, each with an optional path prefix', () => {
    const hosts = 'API.example.com, shop.example.com/api/ ,*.wild.example.com';
    const reading = read(baseline('shop/api', { annotations: { 'shunt.dev/hosts': hosts } }));
    expect(reading.baseline?.hosts).toEqual([
      { host: 'api.example.com', pathPrefix: '/' },
      { host: 'shop.example.com', pathPrefix: '/api' },
      { host: '*.wild.example.com', pathPrefix: '/' },
    ]);
  });

  it('keeps its good hosts when one is bad, and its good namespaces likewise', () => {
    const annotations = { 'shunt.dev/hosts': 'ok.example.com, bad_host', 'shunt.dev/allow-from': 'web, Team!' };
    const reading = read(baseline('shop/api', { annotations }));
    expect(reading.baseline).toMatchObject({ hosts: [{ host: 'ok.example.com' }], allowFrom: ['web'] });
    expect(reading.problems.map(({ code }) => code)).toEqual(['host-invalid', 'namespace-invalid']);
  });

  it('stays a baseline with an unknown annotation', () => {
    const reading = read(baseline('shop/api', { annotations: { 'shunt.dev/host': 'a.example.com' } }));
    expect(reading.baseline).toBeDefined();
    expect(reading.problems.map(formatProblem)).toEqual([
      'Service shop/api: the annotation shunt.dev/host is unknown. Did you mean shunt.dev/hosts?',
    ]);
  });
});

describe('a preview', () => {
  it('needs two labels: what it intercepts and its key', () => {
    expect(read(preview('shop/api-pr-123', 'api', 'pr-123'))).toMatchObject({
      preview: { id: 'shop/api-pr-123', baseline: 'shop/api', key: 'pr-123', match: undefined },
      problems: [],
    });
  });

  it('names a baseline in another namespace as name.namespace', () => {
    expect(read(preview('web/api-pr-1', 'api.prod', 'pr-1')).preview?.baseline).toBe('prod/api');
  });

  it('may have a match instead of a key, whose value may contain =', () => {
    const annotations = { 'shunt.dev/match': ' X-User = a=b ' };
    expect(read(preview('shop/alice', 'api', undefined, { annotations })).preview?.match).toMatchObject({
      conditions: [{ source: 'header', name: 'x-user', test: { kind: 'exact', value: 'a=b', ignoreCase: false } }],
    });
  });

  it('leaves its requests to the baseline while it is not ready, unless it says otherwise', () => {
    expect(read(preview('shop/p', 'api', 'k')).preview?.whenUnready).toBe('baseline');
    expect(read(withAnnotation('shunt.dev/when-unready', 'baseline')).preview?.whenUnready).toBe('baseline');
    expect(read(withAnnotation('shunt.dev/when-unready', ' deny ')).preview?.whenUnready).toBe('deny');
  });

  it.each([
    ['a key with upper case', preview('shop/p', 'api', 'PR-1'), 'the label shunt.dev/key is "PR-1", which no request'],
    ['a key with --', preview('shop/p', 'api', 'a--b'), 'the label shunt.dev/key is "a--b"'],
    ['a target that is no name', preview('shop/p', 'a.b.c', 'k'), 'is "a.b.c", which names no Service'],
    ['no target', service('shop/p', { labels: { 'shunt.dev/key': 'k' } }), 'says not what it intercepts'],
    ['neither key nor match', preview('shop/p', 'api'), 'it has no key, so no request can name it'],
    ['a match without =', withMatch('x-user'), 'the annotation shunt.dev/match is "x-user": it has no =.'],
    ['a match on no header', withMatch('x user=a'), '"x user" names no header'],
    ['a match on nothing', withMatch('x-user='), '"" is no header\'s value'],
    ['a match on the host', withMatch('Host=a'), 'a baseline is chosen by its host'],
    ['an endless match', withMatch(`x=${'a'.repeat(600)}`), 'longer than 512 characters'],
    [
      'a ttl that is no duration',
      withAnnotation('shunt.dev/ttl', 'long'),
      'shunt.dev/ttl is "long", which is no duration',
    ],
    ['an end that is no time', withAnnotation('shunt.dev/expires-at', '2030'), 'shunt.dev/expires-at is "2030", which'],
    [
      'another answer while it is not ready',
      withAnnotation('shunt.dev/when-unready', 'Deny'),
      'shunt.dev/when-unready is "Deny"',
    ],
    ['an annotation of baselines', withAnnotation('shunt.dev/hosts', 'a.b'), 'belongs on a baseline, and this is none'],
    ['a misspelt annotation', withAnnotation('shunt.dev/mach', 'x=y'), 'Did you mean shunt.dev/match?'],
    ['an annotation that is a label', withAnnotation('shunt.dev/key', 'k'), 'Write it as a label.'],
    [
      'a port that is TCP',
      preview('shop/p', 'api', 'k', { ports: [{ name: 'tcp-redis', port: 6379, protocol: 'TCP' }] }),
      'port 6379 (tcp-redis) speaks TCP, so it cannot be a preview',
    ],
    [
      'a port that is encrypted',
      preview('shop/p', 'api', 'k', {
        ports: [{ name: 'web', port: 443, protocol: 'TCP', appProtocol: 'kubernetes.io/wss' }],
      }),
      'port 443 (web) speaks KUBERNETES.IO/WSS, so it cannot be a preview',
    ],
  ])('is left out whole, with a sentence, for %s', (_, record, sentence) => {
    expect(read(record).preview).toBeUndefined();
    expect(sentences(record).join('\n')).toContain(sentence);
  });

  it('cannot be a baseline too; then it stays the baseline that others rely on', () => {
    const labels = { 'shunt.dev/role': 'baseline', 'shunt.dev/intercepts': 'api', 'shunt.dev/key': 'k' };
    const reading = read(service('shop/both', { labels }));
    expect(reading.baseline).toBeDefined();
    expect(reading.preview).toBeUndefined();
    expect(reading.problems.map(({ code }) => code)).toEqual(['role-invalid']);
  });
});

it('hears of a label that is misspelt even where it stands alone', () => {
  expect(sentences(service('shop/api', { labels: { 'shunt.dev/roles': 'baseline' } }))).toEqual([
    'Service shop/api: the label shunt.dev/roles is unknown. Did you mean shunt.dev/role?',
  ]);
});

it('is silent about a Service without our labels', () => {
  expect(read(service('shop/db'))).toEqual({ problems: [] });
});

it.each([
  ['preview.example.com', 'lies in the preview domain'],
  ['pr-1--api.preview.example.com', 'lies in the preview domain'],
  ['a b.example.com', 'is no DNS name'],
  ['-a.example.com', 'is no DNS name'],
  ['a.example.com/x y', 'is no path'],
  ['a.example.com//x', 'is no path'],
  ['a.example.com/x?y', 'is no path'],
])('does not take the host %s', (host, why) => {
  const record = baseline('shop/api', { annotations: { 'shunt.dev/hosts': host } });
  expect(read(record).baseline?.hosts).toEqual([]);
  expect(sentences(record).join()).toContain(why);
});

it.each([
  [{ name: 'grpc', port: 1 }, 'HTTP/2'],
  [{ name: 'grpc-web', port: 1 }, 'HTTP/2'],
  [{ name: 'http2-x', port: 1 }, 'HTTP/2'],
  [{ name: 'http', port: 1 }, 'HTTP/1.1'],
  [{ name: 'http-metrics', port: 1 }, 'HTTP/1.1'],
  [{ name: '', port: 1 }, 'HTTP/1.1'],
  [{ name: 'web', port: 1 }, 'HTTP/1.1'],
  [{ name: 'web', port: 1, appProtocol: 'kubernetes.io/h2c' }, 'HTTP/2'],
  [{ name: 'grpc', port: 1, appProtocol: 'http' }, 'HTTP/1.1'],
] as const)('reads the protocol of the port %o as %s', (port, protocol) => {
  const record = baseline('shop/api', { ports: [{ ...port, protocol: 'TCP' }] });
  expect(read(record).baseline?.ports[0]?.protocol).toBe(protocol);
});

function withMatch(match: string): ServiceRecord {
  return preview('shop/p', 'api', undefined, { annotations: { 'shunt.dev/match': match } });
}

function withAnnotation(name: string, value: string): ServiceRecord {
  return preview('shop/p', 'api', 'k', { annotations: { [name]: value } });
}
