import { describe, expect, it } from 'vitest';
import { Catalog } from '../../../src/catalog/catalog.ts';
import { readMatch } from '../../../src/catalog/match.ts';
import type { Match } from '../../../src/catalog/model.ts';
import { byRulePrecedence } from '../../../src/intercepts/precedence.ts';
import { resolveIntercepts } from '../../../src/intercepts/resolve.ts';
import { covers } from '../../../src/intercepts/rules.ts';
import { formatProblem } from '../../../src/problems.ts';
import { baseline, preview } from '../../support/records.ts';

function match(text: string): Match {
  const reading = readMatch(text);
  if (reading === undefined || 'wrong' in reading) throw new Error(`${text} is no match`);
  return reading.match;
}

const rule = (name: string, text: string, createdAt?: number) =>
  preview(`shop/${name}`, 'api', undefined, { annotations: { 'shunt.dev/match': text }, createdAt });

function resolve(...rules: ReturnType<typeof rule>[]) {
  const catalog = new Catalog('preview.example.com');
  catalog.apply({ upserts: [baseline('shop/api'), ...rules], deletes: [] }, 0);
  const { intercepts, problems } = resolveIntercepts('shop/api', catalog);
  return {
    rules: intercepts!.rules.map(({ subset }) => subset.replace('rule--shop--', '')),
    problems: problems.map(formatProblem),
  };
}

it('asks the more specific rule first, then that of the older preview, then of the first name', () => {
  const inOrder = [
    rule('exact-longer', 'path: /a/bcdefgh'),
    rule('exact', 'path: /a/b'),
    rule('expression', 'path: { regex: "/a.*" }'),
    rule('prefix-with-method', 'method: GET\npath: { prefix: /a }'),
    rule('prefix-with-header', 'path: { prefix: /a }\nheaders: { a: 1 }'),
    rule('prefix', 'path: { prefix: /a }'),
    rule('method-and-header', 'method: GET\nheaders: { a: 1 }'),
    rule('method', 'method: GET'),
    rule('three', 'headers: { a: 1 }\ncookies: { b: 1 }\nbaggage: { c: 1 }'),
    rule('header-and-query', 'headers: { a: 1 }\nquery: { a: 1 }'),
    rule('older', 'headers: { z: 1 }', 1000),
    rule('younger', 'headers: { y: 1 }', 2000),
    rule('ageless-a', 'headers: { d: 1 }'),
    rule('ageless-b', 'headers: { c: 1 }'),
    rule('two-on-query', 'query: { b: 1, c: 1 }'),
    rule('one-on-query', 'query: { a: 1 }'),
    rule('all', 'path: { prefix: / }'),
  ];
  const names = inOrder.map(({ name }) => name);
  expect(resolve(...inOrder.toReversed()).rules).toEqual(names);

  const ruled = inOrder.map(({ namespace, name, createdAt, annotations }) => ({
    preview: { kind: 'Service', id: `${namespace}/${name}`, namespace, name, createdAt },
    match: match(annotations['shunt.dev/match']!),
  }));
  for (const [index, one] of ruled.entries()) {
    for (const other of ruled.slice(index + 1)) {
      expect(byRulePrecedence(one, other), `${one.preview.name} before ${other.preview.name}`).toBeLessThan(0);
      expect(byRulePrecedence(other, one)).toBeGreaterThan(0);
    }
  }
});

it('gives equal matches to the older preview, however they were written, and tells both owners', () => {
  const { rules, problems } = resolve(
    rule('b', 'headers: { x: 1, y: 2 }', 1000),
    rule('a', 'headers: { Y: 2, x: { exact: 1 } }', 2000),
  );
  expect(rules).toEqual(['b']);
  expect(problems[0]).toContain('Service shop/a: Service shop/b has the match header x="1" and header y="2"');
  expect(problems[1]).toContain('Service shop/b: Service shop/a wants the match');
});

it('tells both owners of a rule that is wholly hidden', () => {
  const { rules, problems } = resolve(rule('wide', 'headers: { x: { prefix: a } }', 1), rule('narrow', 'x=ab', 2));
  expect(rules).toEqual(['wide', 'narrow']);
  expect(problems).toEqual([
    'Service shop/narrow: every request that matches header x="ab" matches the rule of Service shop/wide for shop/api first, ' +
      'so this rule receives nothing. Make it more specific, or remove one of the two.',
    'Service shop/wide: its match header x prefix "a" takes every request that the rule of Service shop/narrow wants. ' +
      'Make it more specific, or remove one of the two.',
  ]);
});

it('tells both owners of a rule that is partly hidden, with a request of which that is so', () => {
  const { rules, problems } = resolve(rule('narrow', 'headers: { x: ab, y: 1 }'), rule('wide', 'x=ab'));
  expect(rules).toEqual(['narrow', 'wide']);
  const advice = 'If that is not meant, give one of the two a condition that requests of the other do not meet.';
  const request = 'such as GET / with x: ab and y: 1';
  expect(problems).toEqual([
    `Service shop/wide: some requests that match its rule, ${request}, match the rule of Service shop/narrow too, which comes ` +
      `first. ${advice}`,
    `Service shop/narrow: its rule takes requests, ${request}, that match the rule of Service shop/wide too. ${advice}`,
  ]);
});

it('says it once of each rule, however many others it meets', () => {
  const many = Array.from({ length: 6 }, (_, index) => rule(`p${index}`, `h${index}=1`, index));
  const { problems } = resolve(...many);
  expect(problems).toHaveLength(10);
  expect(problems.filter((each) => each.startsWith('Service shop/p5: '))).toEqual([
    expect.stringContaining(
      'match the rules of Service shop/p0, Service shop/p1, Service shop/p2 and 2 more too, which come first.',
    ),
  ]);
});

it('says nothing of rules that no request can match both', () => {
  const pairs = [
    ['x=a', 'x=b'],
    ['method: GET', 'method: POST'],
    ['path: /a', 'path: /b'],
    ['path: { prefix: /a }', 'path: /ab'],
    ['headers: { x: { absent: true } }', 'headers: { x: { present: true }, y: 1 }'],
    ['headers: { x: { prefix: a } }', 'headers: { x: { prefix: b } }'],
    ['headers: { x: { regex: "[0-9]+" } }', 'x=a'],
  ];
  for (const [one, other] of pairs) expect(resolve(rule('a', one!), rule('b', other!)).problems).toEqual([]);
});

it('tells of no second rule that hides a part of one that is wholly hidden', () => {
  const { problems } = resolve(
    rule('all', 'headers: { x: { present: true } }', 1),
    rule('one', 'x=a', 2),
    rule('two', 'headers: { x: { prefix: a } }', 3),
  );
  expect(problems).toHaveLength(4);
  expect(problems.join()).not.toContain('some requests');
});

it('takes 50 rules of a baseline, of the older previews, and tells the owners of the others', () => {
  const many = Array.from({ length: 52 }, (_, index) =>
    rule(`p${index}`, `headers: { x: a${index}, y: 1 }`, 52 - index),
  );
  const { rules, problems } = resolve(...many);
  expect(rules).toHaveLength(50);
  expect(problems).toHaveLength(2);
  expect(problems[0]).toContain('Service shop/p1: Service shop/api has 50 rules of older previews already');
  expect(problems[1]).toContain('Service shop/p0: ');
});

describe('a match covers another', () => {
  it.each([
    ['path: { prefix: / }', 'x=a'],
    ['path: { prefix: /a }', 'path: /a/b'],
    ['path: { prefix: /a }', 'path: { prefix: /a/b }'],
    ['path: { regex: /a+ }', 'path: { regex: /a+ }\nmethod: GET'],
    ['method: GET', 'method: GET\nheaders: { x: a }'],
    ['x=a', 'headers: { x: a, y: b }'],
    ['headers: { x: { present: true } }', 'headers: { x: { regex: a } }'],
    ['headers: { x: { prefix: a } }', 'x=ab'],
    ['headers: { x: { prefix: a } }', 'headers: { x: { prefix: ab } }'],
    ['headers: { x: { suffix: b } }', 'x=ab'],
    ['headers: { x: { contains: b } }', 'headers: { x: { prefix: abc } }'],
    ['headers: { x: { prefix: A, ignore-case: true } }', 'headers: { x: { exact: ab, ignore-case: true } }'],
    ['headers: { x: { exact: A, ignore-case: true } }', 'x=a'],
    ['headers: { x: { absent: true } }', 'headers: { x: { absent: true }, y: a }'],
  ])('%j covers %j', (wide, narrow) => {
    expect(covers(match(wide), match(narrow))).toBe(true);
  });

  it.each([
    ['path: { prefix: /a }', 'path: /ab'],
    ['path: { prefix: /a }', 'path: { regex: /a }'],
    ['path: { prefix: /a }', 'x=a'],
    ['path: /a', 'path: { prefix: /a }'],
    ['method: GET', 'method: POST'],
    ['method: GET', 'x=a'],
    ['x=a', 'x=b'],
    ['x=a', 'cookies: { x: a }'],
    ['x=a', 'headers: { x: { prefix: a } }'],
    ['x=a', 'headers: { x: { exact: a, ignore-case: true } }'],
    ['headers: { x: { present: true } }', 'headers: { x: { absent: true } }'],
    ['headers: { x: { absent: true } }', 'x=a'],
    ['headers: { x: { prefix: a } }', 'headers: { x: { contains: a } }'],
    ['headers: { x: { suffix: a } }', 'headers: { x: { prefix: ba } }'],
    ['headers: { x: { regex: a+ } }', 'x=a'],
  ])('%j does not cover %j', (wide, narrow) => {
    expect(covers(match(wide), match(narrow))).toBe(false);
  });
});
