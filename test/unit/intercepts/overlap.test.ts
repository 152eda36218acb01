import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readMatch } from '../../../src/catalog/match.ts';
import type { Match } from '../../../src/catalog/model.ts';
import { matchesRoute } from '../../../src/explain/envoy/route-match.ts';
import { readRequest } from '../../../src/explain/request.ts';
import { commonRequest, type Example, exampleText } from '../../../src/intercepts/overlap.ts';
import { covers } from '../../../src/intercepts/rules.ts';
import { sampleOf } from '../../../src/intercepts/sample.ts';
import { translateMatch } from '../../../src/translate/rule-match.ts';

function match(text: string): Match {
  const reading = readMatch(text);
  if (reading === undefined || 'wrong' in reading) throw new Error(`${text} is no match`);
  return reading.match;
}

function takes(rule: Match, { method, path, headers }: Example): boolean {
  const written = [...headers].map(([name, value]) => `${name}: ${value}`);
  const request = readRequest({ method, url: `http://api${path}`, headers: written });
  return matchesRoute(translateMatch(rule, '/')!, request);
}

describe('two matches have a request in common,', () => {
  it.each([
    ['x=a', 'y=b', 'GET / with x: a and y: b'],
    ['x=a', 'headers: { x: { prefix: a } }', 'GET / with x: a'],
    ['headers: { x: { prefix: ab } }', 'headers: { x: { suffix: bc } }', 'GET / with x: abbc'],
    ['headers: { x: { prefix: a, contains: b } }', 'headers: { x: { suffix: c } }', 'GET / with x: abc'],
    ['headers: { x: { regex: "[0-9]+-?a" } }', 'headers: { x: { prefix: "0" } }', 'GET / with x: 0a'],
    ['headers: { x: { regex: "(ab|cd){2}" } }', 'y=1', 'GET / with x: abab and y: 1'],
    ['headers: { x: { exact: AB, ignore-case: true } }', 'headers: { x: { suffix: B } }', 'GET / with x: AB'],
    ['headers: { x: { present: true } }', 'headers: { y: { absent: true } }', 'GET / with x: 1'],
    ['path: { prefix: /a }', 'path: { prefix: /a/b }', 'GET /a/b'],
    ['path: { prefix: /a }', 'path: { regex: "/a/[a-z]+" }', 'GET /a/a'],
    ['method: POST', 'query: { v: 2 }', 'POST /?v=2'],
    ['cookies: { a: 1 }', 'cookies: { b: { prefix: x } }', 'GET / with cookie: a=1; b=x'],
    ['baggage: { a: 1 }', 'x=a', 'GET / with x: a and baggage: a=1'],
  ])('%j and %j', (one, other, text) => {
    const example = commonRequest(match(one), match(other))!;
    expect(exampleText(example)).toBe(text);
    for (const each of [one, other]) expect(takes(match(each), example)).toBe(true);
  });

  it.each([
    ['x=a', 'x=b'],
    ['x=a', 'headers: { x: { absent: true } }'],
    ['headers: { x: { regex: "a+" } }', 'x=b'],
    ['method: GET', 'method: POST'],
    ['path: /a', 'path: { prefix: /b }'],
    ['path: { prefix: /a }', 'path: /ab'],
    ['query: { v: 1 }', 'query: { v: 2 }'],
  ])('but %j and %j have none', (one, other) => {
    expect(commonRequest(match(one), match(other))).toBeUndefined();
  });

  it('and nothing is said where one text would have to be two things, or where Envoy has a say', () => {
    expect(commonRequest(match('cookies: { a: 1 }'), match('headers: { cookie: { prefix: b } }'))).toBeUndefined();
    expect(commonRequest(match('x-forwarded-for=a'), match('x=a'))).toBeUndefined();
    expect(commonRequest(match('path: /a/../b'), match('x=a'))).toBeUndefined();
  });
});

it.each([
  ['a', 'a'],
  ['ab|cd', 'ab'],
  ['a*b+c?d', 'bd'],
  ['[^a]x{2,3}', '0xx'],
  ['\\d\\.\\w', '0.0'],
  ['(?:a|b(c))[\\]x]', 'ax'],
])('makes of the expression %s the sample %s', (expression, sample) => {
  expect(sampleOf(expression)).toBe(sample);
});

const text = fc.constantFrom('a', 'b', 'ab', 'ba', 'aab', '1');
const test = fc.oneof(
  fc.record({ kind: fc.constantFrom('exact', 'prefix', 'suffix', 'contains'), value: text, ignore: fc.boolean() }),
  fc.record({ kind: fc.constant('regex'), value: fc.constantFrom('a+', '[ab]*1?', 'a|b', '.b'), ignore: fc.boolean() }),
  fc.record({ kind: fc.constantFrom('present', 'absent'), value: fc.constant('true'), ignore: fc.constant(false) }),
);
const condition = fc.tuple(fc.constantFrom('headers', 'cookies', 'baggage', 'query'), fc.constantFrom('x', 'y'), test);
const path = fc.constantFrom(
  '/',
  '/a',
  '/a/b',
  '{ prefix: / }',
  '{ prefix: /a }',
  '{ prefix: /b }',
  '{ regex: "/a.*" }',
);
const matches = fc
  .record({
    path: fc.option(path),
    method: fc.option(fc.constantFrom('GET', 'POST')),
    conditions: fc.array(condition, { maxLength: 4 }),
  })
  .filter(({ path, method, conditions }) => path !== null || method !== null || conditions.length > 0)
  .map(({ path, method, conditions }) => {
    const sections = Map.groupBy(conditions, ([section]) => section);
    const lines = [...sections].map(([section, all]) => {
      const byName = new Map(all.map(([, name, each]) => [name, each]));
      const tests = [...byName].map(
        ([name, { kind, value, ignore }]) => `${name}: { ${kind}: "${value}"${ignore ? ', ignore-case: true' : ''} }`,
      );
      return `${section}: { ${tests.join(', ')} }`;
    });
    return match([...(method ? [`method: ${method}`] : []), ...(path ? [`path: ${path}`] : []), ...lines].join('\n'));
  });

it('never gives a request that one of the two does not take, and finds one wherever one match covers another', () => {
  let found = 0;
  fc.assert(
    fc.property(matches, matches, (one, other) => {
      const example = commonRequest(one, other);
      if (example !== undefined) {
        found++;
        expect(takes(one, example)).toBe(true);
        expect(takes(other, example)).toBe(true);
      }
      const alone = commonRequest(other, other);
      if (covers(one, other) && alone !== undefined) expect(example).toBeDefined();
    }),
    { numRuns: 3_000 },
  );
  expect(found).toBeGreaterThan(300);
});
