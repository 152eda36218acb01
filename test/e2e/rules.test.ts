import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { readMatch } from '../../src/catalog/match.ts';
import type { Match } from '../../src/catalog/model.ts';
import { commonRequest } from '../../src/intercepts/overlap.ts';
import type { Problem } from '../../src/problems.ts';
import { type Echo, startEcho } from '../support/echo.ts';
import { envoyOrSkip, startTestEnvoy, type TestEnvoy } from '../support/envoy.ts';
import { Gateway, type Question } from '../support/gateway.ts';
import { baselineManifest, ManifestFolder, previewManifest, sliceManifests } from '../support/manifests.ts';
import { startWatchedShunt, type WatchedShunt } from '../support/shunt.ts';

type Request = Omit<Question, 'host'>;

/** A rule, requests that it diverts and near misses that it leaves alone. */
interface Case {
  readonly match: string;
  readonly diverts: readonly Request[];
  readonly leaves: readonly Request[];
}

const header = (name: string, ...values: string[]): Request[] =>
  values.map((value) => ({ headers: { [name]: value } }));
const query = (...texts: string[]): Request[] => texts.map((text) => ({ path: `/${text}` }));
const paths = (...texts: string[]): Request[] => texts.map((path) => ({ path }));
const none: Request = {};

const CASES: readonly Case[] = [
  { match: 'x-a=b=c', diverts: header('x-a', 'b=c'), leaves: [...header('x-a', 'b', 'b=c=d', 'B=c'), none] },
  { match: 'headers: { X-A: v }', diverts: header('x-a', 'v'), leaves: [...header('x-a', 'V', 'vv', ''), none] },
  {
    match: 'headers: { x-a: { exact: Abc, ignore-case: true } }',
    diverts: header('x-a', 'abc', 'ABC'),
    leaves: header('x-a', 'abcd', 'ab'),
  },
  { match: 'headers: { x-a: { prefix: ab } }', diverts: header('x-a', 'ab', 'abc'), leaves: header('x-a', 'a', 'cab') },
  { match: 'headers: { x-a: { suffix: ab } }', diverts: header('x-a', 'ab', 'cab'), leaves: header('x-a', 'b', 'abc') },
  { match: 'headers: { x-a: { contains: ab } }', diverts: header('x-a', 'ab', 'cabc'), leaves: header('x-a', 'acb') },
  {
    match: 'headers: { x-a: { regex: "^pr-[0-9]{1,3}$" } }',
    diverts: header('x-a', 'pr-1', 'pr-123'),
    leaves: header('x-a', 'pr-', 'pr-1234', 'xpr-1', 'PR-1'),
  },
  {
    match: 'headers: { x-a: { regex: "a|b.d", ignore-case: true } }',
    diverts: header('x-a', 'A', 'bcD'),
    leaves: header('x-a', 'ab', 'ad', 'bd'),
  },
  {
    match: 'headers: { x-a: { present: true } }',
    diverts: header('x-a', 'v', ''),
    leaves: [none, ...header('x-b', 'v')],
  },
  {
    match: 'headers: { x-a: { absent: true } }',
    diverts: [none, ...header('x-b', 'v')],
    leaves: header('x-a', 'v', ''),
  },
  {
    match: 'headers: { x-a: { prefix: a, suffix: z }, x-b: v }',
    diverts: [{ headers: { 'x-a': 'a-z', 'x-b': 'v' } }],
    leaves: [{ headers: { 'x-a': 'a', 'x-b': 'v' } }, { headers: { 'x-a': 'a-z' } }, { headers: { 'x-b': 'v' } }],
  },
  {
    match: 'cookies: { beta: yes }',
    diverts: header('cookie', 'beta=yes', 'a=1; beta=yes; b=2', 'beta="yes"', 'a=1;beta=yes'),
    leaves: [none, ...header('cookie', 'beta=yess', 'abeta=yes', 'a=beta=yes', 'beta=', 'beta', 'Beta=yes')],
  },
  {
    match: 'cookies: { beta: { prefix: y, ignore-case: true } }',
    diverts: header('cookie', 'beta=yes', 'beta=Y; a=1'),
    leaves: header('cookie', 'beta=no; a=y', 'beta=; y=y'),
  },
  {
    match: 'cookies: { beta: { suffix: s } }',
    diverts: header('cookie', 'beta=yes; a=1', 'beta=s'),
    leaves: header('cookie', 'beta=no; a=s'),
  },
  {
    match: 'cookies: { beta: { regex: ".*x" } }',
    diverts: header('cookie', 'beta=ax; a=1', 'beta=x'),
    leaves: header('cookie', 'beta=a; b=x', 'beta=xa'),
  },
  {
    match: 'cookies: { beta: { present: true } }',
    diverts: header('cookie', 'beta=', 'a=1; beta=2'),
    leaves: [none, ...header('cookie', 'abeta=1', 'a=1')],
  },
  {
    match: 'cookies: { beta: { absent: true } }',
    diverts: [none, ...header('cookie', 'abeta=1', 'a=1')],
    leaves: header('cookie', 'beta=', 'a=1; beta=2'),
  },
  {
    match: 'baggage: { tenant: acme }',
    diverts: header(
      'baggage',
      'tenant=acme',
      'a=1,\ttenant = acme ;p=1,b=2',
      'a=1,tenant=acme',
      'tenant=x,tenant=acme',
    ),
    leaves: [none, ...header('baggage', 'tenant=acme2', 'xtenant=acme', 'a=tenant=acme', 'a=1;tenant=acme', 'tenant=')],
  },
  {
    match: 'baggage: { tenant: { contains: cm } }',
    diverts: header('baggage', 'tenant=acme;p', 'a=1,tenant=cm,b=2'),
    leaves: header('baggage', 'tenant=a,b=cm', 'tenant=a;cm', 'tenant=aCm'),
  },
  {
    match: 'baggage: { tenant: { regex: "a[^b]*z" } }',
    diverts: header('baggage', 'tenant=a-z', 'tenant=az;p,b=2'),
    leaves: header('baggage', 'tenant=a,c=z', 'tenant=a;c=z', 'tenant=abz'),
  },
  {
    match: 'baggage: { tenant: { absent: true } }',
    diverts: [none, ...header('baggage', 'a=1', 'a=tenant=1')],
    leaves: header('baggage', 'tenant=1', 'a=1 , tenant = 1'),
  },
  {
    match: 'query: { v: 2 }',
    diverts: query('?v=2', '?a=1&v=2'),
    leaves: query('', '?v=20', '?a=v=2', '?av=2', '?V=2'),
  },
  { match: 'query: { v: { prefix: a } }', diverts: query('?v=abc'), leaves: query('?v=', '?v=ba', '?v=Abc') },
  {
    match: 'query: { v: { regex: "[0-9]+", ignore-case: true } }',
    diverts: query('?v=12'),
    leaves: query('?v=', '?v=1a'),
  },
  { match: 'query: { v: { present: true } }', diverts: query('?v=1', '?v', '?v='), leaves: query('', '?w=1') },
  { match: 'query: { v: { absent: true } }', diverts: query('', '?w=1'), leaves: query('?v=1', '?v') },
  {
    match: 'path: /a/b',
    diverts: paths('/a/b', '/a/b?x=1', '/a/c/../b'),
    leaves: paths('/a/b/', '/a/bc', '/a', '/A/b'),
  },
  {
    match: 'path: { prefix: /a/b/ }',
    diverts: paths('/a/b', '/a/b/', '/a/b/c', '/a/b?x=1'),
    leaves: paths('/a/bc', '/a', '/x/a/b', '/?p=/a/b'),
  },
  {
    match: 'path: { regex: "/a/[0-9]+" }',
    diverts: paths('/a/17', '/a/17?x=1'),
    leaves: paths('/a/', '/a/17/b', '/a/x', '/x/a/17'),
  },
  { match: 'path: { prefix: / }', diverts: paths('/', '/a?b=c'), leaves: [] },
  { match: 'method: POST', diverts: [{ method: 'POST' }], leaves: [{ method: 'GET' }, {}] },
];

/** On the baseline that is known outside as `shop.example.com/api`. */
const UNDER_A_PREFIX = [
  ['exact under', 'path: /api/exact'],
  ['narrower', 'path: { prefix: /api/v2 }'],
  ['expression under', 'path: { regex: "(/api|/other)?/[0-9]+" }'],
  ['wider', 'path: { prefix: / }'],
  ['beside', 'path: { prefix: /other }'],
] as const;

/** In an order that is not theirs. */
const ORDERED = [
  ['query', 'query: { v: 1 }'],
  ['header', 'headers: { x-a: v }'],
  ['two headers', 'headers: { x-a: v, x-b: v }'],
  ['method', 'method: POST'],
  ['shorter', 'path: { prefix: /a }'],
  ['longer', 'path: { prefix: /a/x }'],
  ['expression', 'path: { regex: "/a/b.*" }'],
  ['exact', 'path: /a/b'],
] as const;

/** The examples of the page on rules: each rule, and the requests below it with what they reach. */
function examples(): readonly Case[] {
  const page = readFileSync(join(import.meta.dirname, '../../docs/rules.md'), 'utf8');
  const blocks = page.matchAll(/```yaml\n(.*?)```\s*```sh\n(.*?)```/gs);
  return [...blocks].map(([, yaml, shell]) => {
    const requests = shell!.trim().split('\n').map(readCurl);
    const reaching = (wanted: string) =>
      requests.flatMap(({ request, reaches }) => (reaches === wanted ? request : []));
    return {
      match: (parse(yaml!) as Record<string, string>)['shunt.dev/match']!,
      diverts: reaching('preview'),
      leaves: reaching('baseline'),
    };
  });
}

function readCurl(line: string): { readonly request: Request; readonly reaches: string } {
  const parts = /^curl((?: -X POST| -H '[^']+: [^']+')*) '?http:\/\/api(\/[^' ]*)'? +# (preview|baseline)$/.exec(line);
  if (parts === null) throw new Error(`This example is not understood: ${line}`);
  const headers = [...parts[1]!.matchAll(/-H '([^:]+): ([^']+)'/g)].map(([, name, value]) => [name!, value!] as const);
  const method = parts[1]!.includes('-X POST') ? 'POST' : 'GET';
  return { request: { method, path: parts[2]!, headers: Object.fromEntries(headers) }, reaches: parts[3]! };
}

function matchOf(text: string): Match {
  const reading = readMatch(text)!;
  if ('wrong' in reading) throw new Error(reading.wrong);
  return reading.match;
}

const all = [...CASES, ...examples()].map((each, index) => ({ ...each, host: `r${index}` }));

const envoy = await envoyOrSkip();
describe.skipIf(envoy === undefined)('through a real Envoy', () => {
  const echoes = new Map<string, Echo>();
  let folder: ManifestFolder;
  let shunt: WatchedShunt;
  let gatewayEnvoy: TestEnvoy;
  let gateway: Gateway;

  beforeAll(async () => {
    const several = [...UNDER_A_PREFIX, ...ORDERED].map(([title]) => title);
    for (const title of ['baseline', 'preview', ...several]) echoes.set(title, await startEcho(title));
    folder = await ManifestFolder.create();
    await folder.write('world', [
      ...all.flatMap(({ host, match }) => diverted(host, [['preview', match]])),
      ...diverted('under', UNDER_A_PREFIX, { 'shunt.dev/hosts': 'shop.example.com/api' }),
      ...diverted('ordered', ORDERED),
    ]);
    shunt = await startWatchedShunt(folder);
    gatewayEnvoy = await startTestEnvoy({ xdsPort: shunt.xdsPort });
    gateway = new Gateway(gatewayEnvoy, shunt.gatewayPort);
  });
  afterAll(async () => {
    gateway?.close();
    await gatewayEnvoy?.stop();
    await shunt?.stop();
    await folder?.delete();
    for (const echo of echoes.values()) await echo.close();
  });

  /** A baseline with a preview for each rule, which answers with the title beside it. */
  function diverted(host: string, rules: readonly (readonly [title: string, match: string])[], annotations = {}) {
    return [
      baselineManifest(`shop/${host}`, { annotations }),
      ...sliceManifests(`shop/${host}`, [echoes.get('baseline')!.http1Port]),
      ...rules.flatMap(([title, match]) => [
        previewManifest(`shop/${host}-${title.replaceAll(' ', '-')}`, host, undefined, {
          annotations: { 'shunt.dev/match': match },
        }),
        ...sliceManifests(`shop/${host}-${title.replaceAll(' ', '-')}`, [echoes.get(title)!.http1Port]),
      ]),
    ];
  }

  test('all rules are read, and taken by the Envoy', async () => {
    const wrong = shunt.log.all.filter(
      ({ problem }) => (problem as Problem | undefined)?.code !== 'rule-partly-hidden',
    );
    expect(wrong.filter(({ level }) => level !== 'info').map(({ msg }) => msg)).toEqual([]);
    expect(await gatewayEnvoy.rejected()).toEqual({});
  });

  test.each(all)('$match diverts what matches it and leaves alone what nearly does', async (each) => {
    const { host, diverts, leaves } = each;
    for (const request of diverts) {
      expect({ request, title: (await gateway.ask({ host, ...request })).title }).toEqual({
        request,
        title: 'preview',
      });
    }
    for (const request of leaves) {
      expect({ request, title: (await gateway.ask({ host, ...request })).title }).toEqual({
        request,
        title: 'baseline',
      });
    }
  });

  test('a request that two rules are said to have in common is taken by either', async () => {
    const matches = all.map(({ host, match }) => ({ host, match: matchOf(match) }));
    let found = 0;
    for (const [index, one] of matches.entries()) {
      for (const other of matches.slice(index + 1)) {
        const example = commonRequest(one.match, other.match);
        if (example === undefined) continue;
        found++;
        const request = {
          ...example,
          method: example.method as 'GET' | 'POST',
          headers: Object.fromEntries(example.headers),
        };
        for (const { host } of [one, other]) {
          expect({ request, title: (await gateway.ask({ host, ...request })).title }).toEqual({
            request,
            title: 'preview',
          });
        }
      }
    }
    expect(found).toBeGreaterThan(matches.length);
  });

  test.each([
    ['/api/exact', 'exact under'],
    ['/api/v2/x', 'narrower'],
    ['/api/17', 'expression under'],
    ['/api/17?x=/api', 'expression under'],
    ['/api/else', 'wider'],
    ['/api', 'wider'],
  ])('the path %s of an outside host that has a prefix reaches the rule: %s', async (path, title) => {
    expect(await gateway.ask({ host: 'shop.example.com', path })).toMatchObject({ title });
  });

  test('paths beside that of an outside host stay out', async () => {
    for (const path of ['/other', '/apis/17', '/17']) {
      expect(await gateway.ask({ host: 'shop.example.com', path })).toMatchObject({ status: 404 });
    }
  });

  test.each([
    [{ method: 'POST', path: '/a/b', headers: { 'x-a': 'v' } }, 'exact'],
    [{ path: '/a/b/c' }, 'expression'],
    [{ path: '/a/x', headers: { 'x-a': 'v', 'x-b': 'v' } }, 'longer'],
    [{ method: 'POST', path: '/a', headers: { 'x-a': 'v' } }, 'shorter'],
    [{ method: 'POST', path: '/?v=1', headers: { 'x-a': 'v', 'x-b': 'v' } }, 'method'],
    [{ path: '/?v=1', headers: { 'x-a': 'v', 'x-b': 'v' } }, 'two headers'],
    [{ path: '/?v=1', headers: { 'x-a': 'v', cookie: 'c=1' } }, 'header'],
    [{ path: '/?v=1' }, 'query'],
    [{}, 'baseline'],
  ] satisfies [Request, string][])('of several rules the more specific has %j: %s', async (request, title) => {
    expect(await gateway.ask({ host: 'ordered', ...request })).toMatchObject({ title });
  });
});
