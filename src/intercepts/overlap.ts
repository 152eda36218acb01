import type { Condition, ConditionSource, Match, PathCondition, ValueTest } from '../catalog/model.ts';
import { isUnder } from './paths.ts';
import { matchesExpression, sampleOf } from './sample.ts';

/** A request. */
export interface Example {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  /** By name, in lower case. */
  readonly headers: ReadonlyMap<string, string>;
}

/**
 * A request that both matches take; undefined if there is none or none was found. What comes out was checked against each
 * condition, so it is never wrong; that two matches have requests in common may stay unknown where expressions meet.
 */
export function commonRequest(a: Match, b: Match): Example | undefined {
  if (a.method !== undefined && b.method !== undefined && a.method !== b.method) return undefined;
  const path = commonPath(a.path, b.path);
  if (path === undefined) return undefined;
  const members = commonMembers([...a.conditions, ...b.conditions]);
  if (members === undefined) return undefined;
  const query = members.get('query')!.map(([name, value]) => `${name}=${value}`);
  const cookies = members.get('cookie')!.map(([name, value]) => `${name}=${value}`);
  const baggage = members.get('baggage')!.map(([name, value]) => `${name}=${value}`);
  const headers = new Map(members.get('header')!);
  // One text would have to be both.
  if (touches(a, b, 'cookie') || touches(a, b, 'baggage')) return undefined;
  if (cookies.length > 0) headers.set('cookie', cookies.join('; '));
  if (baggage.length > 0) headers.set('baggage', baggage.join(','));
  return {
    method: a.method ?? b.method ?? 'GET',
    path: query.length === 0 ? path : `${path}?${query.join('&')}`,
    headers,
  };
}

/** As people write it: `GET /checkout with x-user: alice`. */
export function exampleText({ method, path, headers }: Example): string {
  const said = [...headers].map(([name, value]) => `${name}: ${value}`);
  return `${method} ${path}${said.length === 0 ? '' : ` with ${said.join(' and ')}`}`;
}

/** Whether conditions are on members of a header, and others on the header itself. */
function touches(a: Match, b: Match, header: 'cookie' | 'baggage'): boolean {
  const conditions = [...a.conditions, ...b.conditions];
  return (
    conditions.some(({ source }) => source === header) &&
    conditions.some(({ source, name }) => source === 'header' && name === header)
  );
}

/** Paths that Envoy sends on as they are. */
const PLAIN_PATH = /^\/(?!\.)(?:(?!\/\.|\/\/)[!$&-;=@-Z_a-z~])*$/;

function commonPath(a: PathCondition | undefined, b: PathCondition | undefined): string | undefined {
  const both = [a, b].filter((each) => each !== undefined);
  const candidates = [
    '/',
    ...both.flatMap(({ kind, value }) => (kind === 'regex' ? sampleOf(value) : [value, `${value}/a`])),
  ];
  return candidates.find((path) => PLAIN_PATH.test(path) && both.every((each) => pathHolds(each, path)));
}

function pathHolds({ kind, value }: PathCondition, path: string): boolean {
  switch (kind) {
    case 'exact':
      return path === value;
    case 'prefix':
      return isUnder(value, path);
    case 'regex':
      return matchesExpression(value, path, false);
    default:
      return kind satisfies never;
  }
}

/** Headers that Envoy itself writes, removes or joins. */
const ENVOYS_OWN =
  /^(x-envoy-|x-forwarded-|x-request-id$|connection$|upgrade$|te$|transfer-encoding$|content-length$|expect$)/;

type Members = ReadonlyMap<ConditionSource, readonly (readonly [name: string, value: string])[]>;

function commonMembers(conditions: readonly Condition[]): Members | undefined {
  const members = new Map<ConditionSource, [string, string][]>(
    (['header', 'cookie', 'baggage', 'query'] as const).map((source) => [source, []]),
  );
  const byName = Map.groupBy(conditions, ({ source, name }) => `${source} ${name}`);
  for (const together of byName.values()) {
    const { source, name } = together[0]!;
    if (source === 'header' && ENVOYS_OWN.test(name)) return undefined;
    const tests = together.map(({ test }) => test);
    if (tests.every(({ kind }) => kind === 'absent')) continue;
    const value = commonValue(source, tests);
    if (value === undefined) return undefined;
    members.get(source)!.push([name, value]);
  }
  return members;
}

/** What such a value may be made of, so that nothing in it ends it or is taken off. */
const PLAIN_VALUES: Readonly<Record<ConditionSource, RegExp>> = {
  header: /^[!-~]([ -~]*[!-~])?$/,
  cookie: /^[!#-:<-~]([ !#-:<-~]*[!#-:<-~])?$/,
  baggage: /^[!-+\--:<-~]([ -+\--:<-~]*[!-+\--:<-~])?$/,
  query: /^[!$%'-~]+$/,
};

function commonValue(source: ConditionSource, tests: readonly ValueTest[]): string | undefined {
  const texts = (kind: ValueTest['kind']) =>
    tests.flatMap((test) => (test.kind === kind && 'value' in test ? test.value : []));
  const longest = (all: readonly string[]) => all.reduce((most, each) => (each.length > most.length ? each : most), '');
  const [prefix, suffix, inside] = [longest(texts('prefix')), longest(texts('suffix')), texts('contains').join('')];
  const candidates = [
    ...texts('exact'),
    ...texts('regex').map(sampleOf),
    ...(inside === '' ? [prefix, suffix] : []),
    prefix + inside + suffix,
    prefix + suffix,
    `${prefix}1${suffix}`,
  ];
  return candidates.find((value) => PLAIN_VALUES[source].test(value) && tests.every((test) => valueHolds(test, value)));
}

function valueHolds(test: ValueTest, value: string): boolean {
  if (!('value' in test)) return test.kind === 'present';
  const fold = (text: string) => (test.ignoreCase ? text.toLowerCase() : text);
  const [expected, actual] = [fold(test.value), fold(value)];
  switch (test.kind) {
    case 'exact':
      return actual === expected;
    case 'prefix':
      return actual.startsWith(expected);
    case 'suffix':
      return actual.endsWith(expected);
    case 'contains':
      return actual.includes(expected);
    case 'regex':
      return matchesExpression(test.value, value, test.ignoreCase);
    default:
      return test satisfies never;
  }
}
