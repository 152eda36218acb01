import fc from 'fast-check';
import type { CarrierKind } from '../../../src/explain/explanation.ts';
import type { Carriers } from '../../../src/translate/gateway.ts';
import { type CatalogSpec, HOSTS, KEYS, NAMESPACES, NO_KEYS, targetOf } from './catalogs.ts';
import type { MatchSpec } from './matches.ts';

/** A request as it is sent: header lines in their order. */
export interface SentRequest {
  readonly protocol: 'HTTP/1.1' | 'HTTP/2';
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly headers: readonly (readonly [string, string])[];
}

/** What random numbers settle about a request, before it is known what catalogue it is for. */
export interface Draft {
  /** For a preview's key, for a rule, or for anything. */
  readonly purpose: 'key' | 'rule' | 'any';
  readonly aim: number;
  readonly form: number;
  readonly carrier: number;
  readonly dress: number;
  readonly other: { readonly key: number; readonly carrier: number; readonly dress: number } | undefined;
  readonly method: string;
  readonly path: string | undefined;
  readonly noise: readonly (readonly [string, string])[];
  readonly protocol: SentRequest['protocol'];
}

export const CARRIERS = ['header', 'host', 'query', 'cookie', 'baggage', 'tracestate'] as const satisfies CarrierKind[];

/** Of pages that the settings permit to send headers with a key. */
export const ORIGIN = 'https://app.example.com';

const PATHS = [
  '/',
  '/a',
  '/a/',
  '/a/b',
  '/ab',
  '/A',
  '/a/17',
  '/api',
  '/api/a',
  '/api/a/b',
  '/apis',
  '/api/../a',
  '/a/./b',
  '/%2e%2e/a',
  '/a%2Fb',
  '/%61',
  '//a',
  '/a//b',
  '/a\\b',
  '/a;b=c,d',
  '/a|b',
  '/a"b',
  "/a'b",
  '/a{b}',
  '/a^b`c',
  '/a%zz',
  '/?v=a',
  '/a?v&w=',
  '/a?v=ab&v=b',
  '/?V=a&xv=a&w=v=a',
  '/a??v=a',
  '/?x=%76&v=%61',
  '/a?/../b',
  '/.shunt',
  '/.shunt/clear?to=/',
  '/.shunt/../a',
  '/.shunts',
];
const LINES: readonly (readonly [string, string])[] = [
  ['x-a', 'a'],
  ['x-a', 'Ab'],
  ['x-a', ''],
  ['X-B', 'abc'],
  ['x-b', 'é'],
  ['cookie', 'beta=a; be.ta=ab'],
  ['cookie', 'beXta=a;beta="ab"; beta=b'],
  ['cookie', 'a=1'],
  ['cookie', 'preview=;x=y'],
  ['baggage', 'tenant=a,tier = ab ;p=1'],
  ['baggage', 'xtenant=a,a=tenant=a;tier=b'],
  ['baggage', 'tenant'],
  ['baggage', 'previewer=pr-1,a=preview=pr-1,apreview=pr-1'],
  ['baggage', 'preview=pr-1;,é=ü'],
  ['baggage', 'é'],
  ['tracestate', 'a=1,b=preview=pr-1'],
  ['x-preview', ''],
  ['x-forwarded-for', '10.0.0.1'],
  ['origin', ORIGIN],
];
/** What a browser asks before it lets a page of another origin send such a header. */
const PREFLIGHT: readonly (readonly [string, string])[] = [
  ['origin', ORIGIN],
  ['access-control-request-method', 'GET'],
  ['access-control-request-headers', 'x-preview, x-key'],
];

export const drafts: fc.Arbitrary<Draft> = fc.record({
  purpose: fc.constantFrom<Draft['purpose'][]>('key', 'key', 'key', 'rule', 'rule', 'rule', 'any'),
  aim: fc.nat(1_000),
  form: fc.nat(1_000),
  carrier: fc.nat(1_000),
  dress: fc.nat(1_000),
  other: fc.oneof(
    { weight: 2, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.record({ key: fc.nat(1_000), carrier: fc.nat(1_000), dress: fc.nat(1_000) }) },
  ),
  method: fc.constantFrom('GET', 'GET', 'GET', 'POST', 'PUT', 'OPTIONS'),
  path: fc.option(fc.constantFrom(...PATHS), { nil: undefined, freq: 2 }),
  noise: fc.oneof(
    { weight: 20, arbitrary: fc.constant([]) },
    { weight: 10, arbitrary: fc.array(fc.constantFrom(...LINES), { maxLength: 3 }) },
    { weight: 1, arbitrary: fc.constant(PREFLIGHT) },
  ),
  protocol: fc.constantFrom('HTTP/1.1', 'HTTP/1.1', 'HTTP/2'),
});

export interface GatewaySpec {
  readonly previewDomain: string;
  readonly carriers: Carriers;
}

/** Makes a request of a draft, aimed at what the catalogue has. */
export function requestOf(draft: Draft, catalog: CatalogSpec, gateway: GatewaySpec): SentRequest {
  const { purpose, aim, form, carrier, dress, other, noise, protocol } = draft;
  const parts = new Parts(gateway);
  const on = CARRIERS.filter((each) => gateway.carriers[each]);
  const keyed = catalog.previews.filter(({ key }) => key !== undefined);
  const ruled = catalog.previews.filter(({ match }) => match !== undefined);
  const aimed = pick(purpose === 'rule' ? ruled : keyed, aim);
  const service = aimed === undefined || purpose === 'any' ? pick(catalog.baselines, aim)!.id : targetOf(aimed);
  const outside = catalog.baselines.find(({ id }) => id === service)?.hosts;
  parts.host = hostOf(service, outside, form, purpose === 'any');
  parts.path = draft.path ?? pathUnder(outside, form);

  if (purpose === 'key' && aimed !== undefined) {
    const children = keyed.flatMap(({ key }) => (key!.startsWith(`${aimed.key}.`) ? [key!] : []));
    parts.carry(pick([aimed.key!, ...children], form)!, pick(on, carrier)!, service, dress);
  }
  if (purpose === 'any')
    parts.carry(pick([...KEYS, ...NO_KEYS], aim + form)!, pick(CARRIERS, carrier)!, service, dress);
  if (other !== undefined) {
    parts.carry(pick([...KEYS, ...NO_KEYS], other.key)!, pick(CARRIERS, other.carrier)!, service, other.dress);
  }
  let { method } = draft;
  if (purpose === 'rule' && aimed !== undefined) {
    method = aimed.match!.method ?? method;
    parts.satisfy(aimed.match!, dress);
  }
  const headers = [...parts.headers, ...noise];
  return {
    protocol,
    method,
    host: parts.host,
    path: parts.path,
    headers: protocol === 'HTTP/2' ? oneCookieLine(headers) : headers,
  };
}

/** Over HTTP/2 several lines of cookies are one (RFC 9113, section 8.2.3). */
function oneCookieLine(headers: SentRequest['headers']): SentRequest['headers'] {
  const cookies = headers.flatMap(([name, value]) => (name === 'cookie' ? [value] : []));
  if (cookies.length < 2) return headers;
  return [...headers.filter(([name]) => name !== 'cookie'), ['cookie', cookies.join('; ')]];
}

function pick<Item>(items: readonly Item[], index: number): Item | undefined {
  return items[index % items.length];
}

function hostOf(service: string, outside: string | undefined, form: number, any: boolean): string {
  const [namespace, name] = service.split('/') as [string, string];
  const full = `${name}.${namespace}.svc`;
  const hosts = [
    name,
    `${name}.${namespace}`,
    ...[full, full, full, full, full],
    `${name}.${namespace}.svc.cluster.local.`,
    `${name.toUpperCase()}.${namespace}`,
    `${name}.${namespace}:80`,
    `${name}.${namespace}:8080`,
    `${name}.${namespace}.:8080`,
    `${name}.${namespace}:9000`,
    ...(outside ?? '').split(', ').flatMap((each) => {
      const [host = ''] = each.split('/');
      return host === '' ? [] : [host.replace('*', 'x.y'), host.replace('*', 'Z')];
    }),
    ...(any
      ? [...HOSTS.map((each) => each.replace('*', 'other')), 'plain.shop', 'nobody', '127.0.0.1:81', '[::1]']
      : []),
    ...(any ? NAMESPACES.map((each) => `--${name}.${each}`) : []),
  ];
  return pick(hosts, form)!;
}

function pathUnder(outside: string | undefined, form: number): string {
  const prefixes = (outside ?? '')
    .split(', ')
    .flatMap((each) => (each.includes('/') ? [each.slice(each.indexOf('/'))] : []));
  return pick([...prefixes, ...prefixes.map((each) => `${each}/x`), '/'], form)!;
}

/** A request under way. */
class Parts {
  host = '';
  path = '/';
  readonly headers: [string, string][] = [];
  readonly #gateway: GatewaySpec;

  constructor(gateway: GatewaySpec) {
    this.#gateway = gateway;
  }

  carry(key: string, carrier: CarrierKind, service: string, dress: number): void {
    const { carriers, previewDomain } = this.#gateway;
    // A carrier that is off must not count; its name is that of another world then.
    const { header = 'x-preview', cookie = 'preview', baggage = 'preview', tracestate = 'p', query = 'use' } = carriers;
    const [namespace, name] = service.split('/') as [string, string];
    switch (carrier) {
      case 'header':
        this.headers.push([pick([header, header.toUpperCase()], dress)!, pick([key, `\t${key} `], dress)!]);
        break;
      case 'cookie':
        this.#add('cookie', dress, [
          `${cookie}=${key}`,
          `a=1; ${cookie}=${key}; b=2`,
          `x${cookie}=pr-2;${cookie}=${key}`,
          `${cookie}="${key}"`,
          `${cookie}=${key}; ${cookie}=pr-2`,
          `a=1;\t${cookie}=${key}`,
          `a=1;  ${cookie}=${key}  ; b=2`,
          `${cookie} = ${key}`,
        ]);
        break;
      case 'baggage':
        this.#add('baggage', dress, [
          `${baggage}=${key}`,
          `a=1 ,\t${baggage} = ${key}\t;p=1, b=2`,
          `a=${baggage}=pr-2,${baggage}=${key}`,
          `${baggage}=pr-2,${baggage}=${key}`,
          `${baggage}=${key};${baggage}=pr-2`,
          `x${baggage}=pr-2,${baggage}=${key},a`,
        ]);
        break;
      case 'tracestate':
        this.#add('tracestate', dress, [
          `${tracestate}=${key}`,
          `a=1 ,\t${tracestate}=${key} , b=2`,
          `a=${tracestate}=pr-2,${tracestate}=${key}`,
          `${tracestate}=${key},${tracestate}=pr-2`,
        ]);
        break;
      case 'query': {
        const text = pick([`${query}=${key}`, `x=1&${query}=${key}&y=2?`, `${query}=${key}&${query}=pr-2`], dress)!;
        this.#query(text.replace(/[^\x21-\x7e]/g, encodeURIComponent));
        break;
      }
      case 'host': {
        const label = `${key.replaceAll('.', '--')}${key.includes('.') ? '---' : '--'}`;
        const short = `${label}${name}.${previewDomain}`;
        const long = `${label}${name}--${namespace}.${previewDomain}`;
        this.host = pick([long, short, long.toUpperCase(), `${long}:8080`, `${long}.`], dress)!.replace(
          /[^\w.:-]/g,
          'x',
        );
        break;
      }
      default:
        carrier satisfies never;
    }
  }

  satisfy({ path, conditions }: MatchSpec, dress: number): void {
    if (path !== undefined) this.path = pick(path.samples, dress)!;
    for (const { source, name, test } of conditions) {
      const value = pick(test.samples, dress);
      if (value === undefined) continue;
      switch (source) {
        case 'header':
          this.headers.push([name, value]);
          break;
        case 'cookie':
          this.#add('cookie', dress, [
            `${name}=${value}`,
            `a=1; ${name}="${value}"; b=2`,
            `x${name}=q;${name}=${value}`,
          ]);
          break;
        case 'baggage':
          this.#add('baggage', dress, [
            `${name}=${value}`,
            `a=1,\t${name} = ${value} ;p=1`,
            `x${name}=q,${name}=${value}`,
          ]);
          break;
        case 'query':
          this.#query(`${name}=${value}`.replaceAll(' ', '+'));
          break;
        default:
          source satisfies never;
      }
    }
  }

  #add(name: string, dress: number, forms: readonly string[]): void {
    const value = pick(forms, dress)!;
    const before = this.headers.findIndex(([each]) => each === name);
    // Now and then a line of its own.
    if (before === -1 || dress % 5 === 0) this.headers.push([name, value]);
    else this.headers[before] = [name, `${this.headers[before]![1]}${name === 'cookie' ? '; ' : ','}${value}`];
  }

  #query(text: string): void {
    this.path += `${this.path.includes('?') ? '&' : '?'}${text}`;
  }
}
