import type { CatalogSpec, PreviewSpec } from './catalogs.ts';
import { CONDITION_NAMES, type MatchSpec, RULE_KINDS, type Source, type TestSpec } from './matches.ts';
import { CARRIERS, type Draft } from './requests.ts';

/*
 * A catalogue in which no rule is in another's way, and requests that every kind of rule and every carrier take to their
 * previews: chance alone would now and then leave one out.
 */

const ENDPOINTS = [{ condition: 'ready', shared: undefined }] as const;
const PREVIEW: PreviewSpec = {
  pods: false,
  namespace: 'shop',
  target: 'api',
  key: undefined,
  match: undefined,
  expired: false,
  whenUnready: undefined,
  ports: 'http',
  createdAt: undefined,
  endpoints: ENDPOINTS,
};

function matchOf(kind: string, index: number): MatchSpec {
  const alone = `/kind/${index}`;
  const exact = { kind: 'exact', value: alone, samples: [alone] } as const;
  const [what = '', test = ''] = kind.split(/ (.*)/);
  if (what === 'method') return { method: 'PUT', path: exact, conditions: [] };
  if (what === 'path') {
    const under = { kind: 'prefix', value: alone, samples: [`${alone}/x`] } as const;
    const path = {
      exact,
      prefix: under,
      regex: { kind: 'regex', value: `${alone}/x+`, samples: [`${alone}/xx`] } as const,
    };
    return { method: undefined, path: path[test as keyof typeof path], conditions: [] };
  }
  const source = what as Source;
  return {
    method: undefined,
    path: exact,
    conditions: [{ source, name: CONDITION_NAMES[source][0]!, test: testOf(test) }],
  };
}

function testOf(kind: string): TestSpec {
  switch (kind) {
    case 'in any case':
      return { kind: 'exact', value: 'abc', ignoreCase: true, samples: ['aBC'] };
    case 'present':
      return { kind, value: undefined, ignoreCase: false, samples: ['x'] };
    case 'absent':
      return { kind, value: undefined, ignoreCase: false, samples: [] };
    case 'regex':
      return { kind, value: 'a[0-9]+', ignoreCase: false, samples: ['a17'] };
    default:
      return { kind: kind as 'exact', value: 'ab', ignoreCase: false, samples: ['ab'] };
  }
}

/** Of two characters, which `é` is not, and two bytes, which it is. */
const BYTES: MatchSpec = {
  method: undefined,
  path: { kind: 'exact', value: '/bytes', samples: ['/bytes'] },
  conditions: [
    { source: 'header', name: 'x-a', test: { kind: 'regex', value: '[^a][^b]', ignoreCase: true, samples: ['é'] } },
  ],
};

export const everyKind: CatalogSpec = {
  baselines: ['shop/api', 'shop/web'].map((id) => ({
    id,
    role: 'baseline',
    ports: 'http',
    hosts: undefined,
    allowFrom: undefined,
    createdAt: undefined,
    endpoints: ENDPOINTS,
    coversPods: true,
  })),
  previews: [
    ...RULE_KINDS.map((kind, index): PreviewSpec => ({ ...PREVIEW, match: matchOf(kind, index) })),
    { ...PREVIEW, match: BYTES },
    { ...PREVIEW, key: 'pr-1', pods: true },
    { ...PREVIEW, key: 'pr-2', whenUnready: 'deny', endpoints: [] },
    { ...PREVIEW, key: 'checkout' },
    { ...PREVIEW, key: 'checkout.alice', target: 'web' },
  ],
};

const DRAFT: Draft = {
  purpose: 'rule',
  aim: 0,
  form: 0,
  carrier: 0,
  dress: 0,
  other: undefined,
  method: 'GET',
  path: undefined,
  noise: [],
  protocol: 'HTTP/1.1',
};

export const requestsOfEveryKind: readonly Draft[] = [
  ...[...RULE_KINDS, BYTES].map((_, aim): Draft => ({ ...DRAFT, aim })),
  ...CARRIERS.map((_, carrier): Draft => ({ ...DRAFT, purpose: 'key', carrier })),
  // To the preview that denies, and by the key of the preview of another Service to that of its parent.
  { ...DRAFT, purpose: 'key', aim: 1 },
  { ...DRAFT, purpose: 'key', aim: 2, form: 1 },
];
