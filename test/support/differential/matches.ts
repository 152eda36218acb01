import fc from 'fast-check';

/** A random rule, with requests for which it holds. */
export interface MatchSpec {
  readonly method: string | undefined;
  readonly path: PathSpec | undefined;
  readonly conditions: readonly ConditionSpec[];
}

export interface PathSpec {
  readonly kind: 'exact' | 'prefix' | 'regex';
  readonly value: string;
  /** Paths that it holds for. */
  readonly samples: readonly string[];
}

export interface ConditionSpec {
  readonly source: Source;
  readonly name: string;
  readonly test: TestSpec;
}

export interface TestSpec {
  readonly kind: (typeof TEST_KINDS)[number];
  readonly ignoreCase: boolean;
  /** Absent where only presence counts. */
  readonly value: string | undefined;
  /** Values that it holds for; none where there must be none. */
  readonly samples: readonly string[];
}

export type Source = (typeof SOURCES)[number];

const SOURCES = ['header', 'cookie', 'baggage', 'query'] as const;
const TEST_KINDS = ['exact', 'prefix', 'suffix', 'contains', 'regex', 'present', 'absent'] as const;
const SECTIONS = { header: 'headers', cookie: 'cookies', baggage: 'baggage', query: 'query' } as const;
export const CONDITION_NAMES: Readonly<Record<Source, readonly string[]>> = {
  header: ['x-a', 'x-b'],
  cookie: ['beta', 'be.ta'],
  baggage: ['tenant', 'tier'],
  query: ['v', 'w'],
};

/** Everything that a rule may be made of: a run has to meet each. */
export const RULE_KINDS: readonly string[] = [
  'method',
  'path exact',
  'path prefix',
  'path regex',
  ...SOURCES.flatMap((source) => TEST_KINDS.map((kind) => `${source} ${kind}`)),
  ...SOURCES.map((source) => `${source} in any case`),
];

export function kindsOf({ method, path, conditions }: MatchSpec): readonly string[] {
  return [
    ...(method === undefined ? [] : ['method']),
    ...(path === undefined ? [] : [`path ${path.kind}`]),
    ...conditions.flatMap(({ source, test }) => [
      `${source} ${test.kind}`,
      ...(test.ignoreCase ? [`${source} in any case`] : []),
    ]),
  ];
}

const VALUES = ['a', 'ab', 'Abc', 'b', 'a.b', 'a=b', 'k-1'] as const;
const EXPRESSIONS: readonly (readonly [string, readonly string[]])[] = [
  ['a+b?', ['a', 'aab']],
  ['[^x]*z', ['z', 'a-z']],
  ['pr-[0-9]{1,3}', ['pr-1', 'pr-123']],
  ['(a|bb).c', ['axc', 'bb.c']],
  ['\\w+\\.\\d', ['ab.1']],
  ['.*k', ['k', 'Bk']],
  ['\\S\\s?\\D', ['ab', 'a b']],
];
const PATHS: readonly PathSpec[] = [
  { kind: 'exact', value: '/a', samples: ['/a', '/a?x=1', '/b/../a'] },
  { kind: 'exact', value: '/api/a/b', samples: ['/api/a/b'] },
  { kind: 'exact', value: '/', samples: ['/', '/?x=/a'] },
  { kind: 'prefix', value: '/a', samples: ['/a', '/a/b', '/a/', '/%61/x'] },
  { kind: 'prefix', value: '/api', samples: ['/api', '/api/a/b?x'] },
  { kind: 'prefix', value: '/', samples: ['/', '/a', '/api/x'] },
  { kind: 'regex', value: '/a/[0-9]+', samples: ['/a/17', '/a/1?x=/'] },
  { kind: 'regex', value: '(/api)?/[a-z]+', samples: ['/api/x', '/x'] },
];

const tests: fc.Arbitrary<TestSpec> = fc
  .record({
    kind: fc.constantFrom(...TEST_KINDS),
    value: fc.constantFrom(...VALUES),
    expression: fc.constantFrom(...EXPRESSIONS),
    ignoreCase: fc.boolean(),
  })
  .map(({ kind, value, expression: [regex, samples], ignoreCase }): TestSpec => {
    const inCases = (values: readonly string[]) =>
      ignoreCase ? [...values, ...values.map((each) => each.toUpperCase())] : values;
    switch (kind) {
      case 'exact':
        return { kind, value, ignoreCase, samples: inCases([value]) };
      case 'prefix':
        return { kind, value, ignoreCase, samples: inCases([value, `${value}xy`]) };
      case 'suffix':
        return { kind, value, ignoreCase, samples: inCases([value, `xy${value}`]) };
      case 'contains':
        return { kind, value, ignoreCase, samples: inCases([value, `x${value}y`]) };
      case 'regex':
        return { kind, value: regex, ignoreCase, samples: inCases(samples) };
      case 'present':
        return { kind, value: undefined, ignoreCase: false, samples: ['', 'x', 'ab'] };
      case 'absent':
        return { kind, value: undefined, ignoreCase: false, samples: [] };
      default:
        return kind satisfies never;
    }
  });

const conditions = fc.uniqueArray(
  fc
    .tuple(fc.constantFrom(...SOURCES), fc.nat(1), tests)
    .map(([source, index, test]): ConditionSpec => ({ source, name: CONDITION_NAMES[source][index]!, test })),
  { maxLength: 3, selector: ({ source, name }) => `${source} ${name}`, size: 'max' },
);

export const matchSpecs: fc.Arbitrary<MatchSpec> = fc
  .record({
    method: fc.option(fc.constantFrom('GET', 'POST', 'PUT'), { nil: undefined, freq: 2 }),
    path: fc.option(fc.constantFrom(...PATHS), { nil: undefined, freq: 2 }),
    conditions,
  })
  .filter(({ method, path, conditions: { length } }) => method !== undefined || path !== undefined || length > 0);

/** The rule as `shunt.dev/match` has it. */
export function matchAnnotation({ method, path, conditions: all }: MatchSpec): string {
  const sections: Record<string, Record<string, object>> = {};
  for (const { source, name, test } of all) {
    const section = SECTIONS[source];
    const value = test.value === undefined ? { [test.kind]: 'true' } : { [test.kind]: test.value };
    sections[section] = {
      ...sections[section],
      [name]: { ...value, ...(test.ignoreCase ? { 'ignore-case': 'true' } : {}) },
    };
  }
  return JSON.stringify({ method, path: path && { [path.kind]: path.value }, ...sections });
}
