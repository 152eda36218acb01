import { describe, expect, it } from 'vitest';
import { labelledService, readLabels } from '../../../src/catalog/labels.ts';
import { formatProblem } from '../../../src/problems.ts';
import type { ServiceRecord } from '../../../src/sources/source.ts';
import { baseline, preview } from '../../support/records.ts';

const KEYS =
  'Write at most 63 lower-case letters, digits, - and ., each part between dots beginning and ending with a letter or ' +
  'digit, without --, such as pr-123 or checkout.alice.';
const TARGETS = 'Write shunt.dev/intercepts: NAME, or NAME.NAMESPACE for a baseline in another namespace.';
const DURATIONS = 'Write days, hours, minutes or seconds, such as 7d, 72h, 1h30m or 90s.';
const TIMES = 'Write a date, T, a time and Z or an offset, such as 2030-01-31T18:00:00Z or 2030-01-31T18:00:00+02:00.';
const HOSTS = 'Write names such as api.example.com, *.example.com or shop.example.com/api, with commas between them.';
const NAMESPACES = 'Write names of namespaces with commas between them, such as team-web, team-mobile.';
const EXPRESSIONS = 'Accepted are characters, ., classes such as [a-z]';
const VALUES = 'Write at least one character, none of them a space at the beginning or end.';
const NAMES = "Write letters, digits and any of !#$%&'*+-.^_`|~, without spaces.";

const key = (text: string) => preview('shop/p', 'api', text);
const target = (text: string) => preview('shop/p', text, 'k');
const annotated = (name: string, text: string) => preview('shop/p', 'api', 'k', { annotations: { [name]: text } });
const match = (text: string) => annotated('shunt.dev/match', text);
const ofBaseline = (name: string, text: string) => baseline('shop/api', { annotations: { [name]: text } });

/** What was written; what the sentence quotes of it; what it says is accepted. */
const refusals: readonly [record: ServiceRecord, quoted: string, accepted: string][] = [
  [key('PR-1'), '"PR-1"', KEYS],
  [key('a..b'), '"a..b"', KEYS],
  [key('.a'), '".a"', KEYS],
  [key('a.'), '"a."', KEYS],
  [key('a.-b'), '"a.-b"', KEYS],
  [key('a-.b'), '"a-.b"', KEYS],
  [key('-a'), '"-a"', KEYS],
  [key('a--b'), '"a--b"', KEYS],
  [key('a_b'), '"a_b"', KEYS],
  [key(''), '""', KEYS],
  [key('-'), '"-"', KEYS],
  [key('k'.repeat(64)), `"${'k'.repeat(64)}"`, KEYS],
  [target('a.b.c'), '"a.b.c"', TARGETS],
  [target('Api'), '"Api"', TARGETS],
  [target(''), '""', TARGETS],
  [target('api.'), '"api."', TARGETS],
  [annotated('shunt.dev/ttl', '3 days'), '"3 days"', DURATIONS],
  [annotated('shunt.dev/ttl', '0s'), '"0s"', DURATIONS],
  [annotated('shunt.dev/ttl', '-1h'), '"-1h"', DURATIONS],
  [annotated('shunt.dev/ttl', '1.5h'), '"1.5h"', DURATIONS],
  [annotated('shunt.dev/ttl', '36501d'), '"36501d"', DURATIONS],
  [annotated('shunt.dev/expires-at', '2030-02-30T00:00:00Z'), '"2030-02-30T00:00:00Z"', TIMES],
  [annotated('shunt.dev/expires-at', 'tomorrow'), '"tomorrow"', TIMES],
  [match('x-user'), '"x-user"', 'Write NAME=VALUE with the name of a header and its whole value'],
  [match('x user=a'), '"x user"', NAMES],
  [match('x='), '""', VALUES],
  [match('x=é'), '"é"', VALUES],
  [match('headers: { x: { regex: "a(?=b)" } }'), '"a(?=b)"', EXPRESSIONS],
  [match('headers: { x: { regex: "a{60}" } }'), '"a{60}"', EXPRESSIONS],
  [match(`headers: { x: { regex: "${'a'.repeat(201)}" } }`), `"${'a'.repeat(80)}"`, EXPRESSIONS],
  [match('path: { regex: "[" }'), '"["', EXPRESSIONS],
  [match('path: api'), '"api"', 'Write one that begins with /'],
  [match('path: { prefixed: /a }'), '"prefixed"', 'Did you mean prefix?'],
  [match('method: get'), '"get"', 'Write one, in upper case, such as POST'],
  [match('cookies: { a: "b;c" }'), '"b;c"', 'Write it without ;.'],
  [match('baggage: { a: "b,c" }'), '"b,c"', 'Write it without ,.'],
  [match('query: { a: "b&c" }'), '"b&c"', 'Write it without &.'],
  [match('headers: { x: { exat: a } }'), '"exat"', 'Did you mean exact?'],
  [match('headers: { x: { present: yes } }'), '"yes"', 'Write present: true, or absent: true.'],
  [match('header: { x: a }'), '"header"', 'Did you mean headers?'],
  [match('headers: { x: *a }'), 'headers: { x: *a }', 'without anchors and tags'],
  [ofBaseline('shunt.dev/hosts', 'a_b.example.com'), '"a_b.example.com"', HOSTS],
  [ofBaseline('shunt.dev/hosts', `${'a'.repeat(64)}.example.com`), `"${'a'.repeat(64)}.example.com"`, HOSTS],
  [ofBaseline('shunt.dev/hosts', 'a.example.com/x y'), '"a.example.com/x y"', HOSTS],
  [ofBaseline('shunt.dev/hosts', 'a.*.example.com'), '"a.*.example.com"', HOSTS],
  [ofBaseline('shunt.dev/allow-from', 'Team'), '"Team"', NAMESPACES],
];

describe('what cannot be read', () => {
  it.each(refusals.map(([record, quoted, accepted]) => ({ quoted, accepted, record })))(
    'is quoted, $quoted, beside what is accepted',
    ({ record, quoted, accepted }) => {
      const { problems, preview: taken } = readLabels(labelledService(record), 'preview.example.com');
      expect(taken).toBeUndefined();
      expect(problems).toHaveLength(1);
      expect(formatProblem(problems[0]!)).toContain(quoted);
      expect(problems[0]!.advice).toContain(accepted);
    },
  );
});
