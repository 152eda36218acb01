import { describe, expect, it } from 'vitest';
import { matchText, readMatch } from '../../../src/catalog/match.ts';

function read(text: string): string {
  const reading = readMatch(text)!;
  return 'match' in reading ? matchText(reading.match) : `${reading.wrong} ${reading.advice}`;
}

it('is nothing where there is no annotation', () => {
  expect(readMatch(undefined)).toBeUndefined();
});

describe('a match is read', () => {
  it.each([
    ['x-user=alice', 'header x-user="alice"'],
    [' X-User = a=b ', 'header x-user="a=b"'],
    ['x-url=http://a: b', 'header x-url="http://a: b"'],
    ['headers: { x-user: a=b }', 'header x-user="a=b"'],
    ['{ headers: { X-User: alice } }', 'header x-user="alice"'],
    ['# why\nmethod: POST', 'method POST'],
    ['path: /a/', 'path exact "/a/"'],
    ['path: { exact: /a }', 'path exact "/a"'],
    ['path: { prefix: /a/ }', 'path prefix "/a"'],
    ['path: { prefix: / }', 'path prefix "/"'],
    ['path: { regex: "^/a/[0-9]+$" }', 'path regex "/a/[0-9]+"'],
    ['headers: { x: { prefix: a, suffix: z } }', 'header x prefix "a" and header x suffix "z"'],
    ['headers: { x: { exact: a, ignore-case: true } }', 'header x="a" in any case'],
    ['headers: { x: { present: true } }', 'header x present'],
    ['cookies: { Beta: { absent: true } }', 'cookie Beta absent'],
    ['baggage: { tenant: { contains: acme } }', 'baggage tenant contains "acme"'],
    ['query: { v: 2, "f[]": 1.0 }', 'query f[]="1.0" and query v="2"'],
    ['headers: { x: true, y: null, z: 0x10 }', 'header x="true" and header y="null" and header z="0x10"'],
    ['query: { b: 1 }\nheaders: { a: 1, A: 1 }\nmethod: GET', 'method GET and header a="1" and query b="1"'],
  ])('%j', (text, match) => {
    expect(read(text)).toBe(match);
  });

  it('the same in whatever order it was written', () => {
    const [one, other] = ['headers: { a: 1, b: 2 }\nmethod: GET', 'method: GET\nheaders: { b: 2, a: 1 }'];
    expect(readMatch(one)).toEqual(readMatch(other));
  });
});

describe('a match is refused with a sentence', () => {
  it.each([
    ['x-user', 'is "x-user": it has no =.'],
    ['x user=a', '"x user" names no header'],
    ['x-user=', '"" is no header\'s value in printable ASCII'],
    ['host=a', 'a baseline is chosen by its host'],
    ['headers: { Host: a }', 'a baseline is chosen by its host'],
    ['headers: { ":path": /a }', '":path" names no header'],
    [`x=${'a'.repeat(600)}`, 'is longer than 512 characters'],
    [`headers: { x: a }${' '.repeat(5000)}`, 'it is longer than 4096 characters'],
    ['headers: { x: a', 'it cannot be read as YAML: '],
    ['headers: &a { x: { exact: *a } }', 'it cannot be read as YAML: '],
    ['headers: { x: !!int 1 }', 'it cannot be read as YAML: Unresolved tag'],
    ['headers: { x: a, x: b }', 'it cannot be read as YAML: Map keys must be unique'],
    ['['.repeat(4000), 'it cannot be read as YAML: '],
    [
      '- method: GET',
      'it is a list and no mapping. Write a mapping of method, path, headers, cookies, baggage, query.',
    ],
    ['header: { x: a }', 'it has "header", which is unknown. Did you mean headers?'],
    ['zzzzzz: a', 'Known are method, path, headers, cookies, baggage, query.'],
    ['{}', 'it is empty.'],
    ['headers: {}', 'headers is empty.'],
    ['headers: x', 'headers is "x" and no mapping. Write { NAME: VALUE }.'],
    ['headers: { x: [a, b] }', 'headers.x is a list and no mapping.'],
    ['headers: { x: { prefx: a } }', 'headers.x has "prefx", which is unknown. Did you mean prefix?'],
    ['headers: { x: { prefix: [a] } }', 'headers.x.prefix is a list and no text.'],
    ['headers: { x: { present: false } }', 'headers.x.present is "false". Write present: true, or absent: true.'],
    ['headers: { x: { ignore-case: yes, exact: a } }', 'headers.x.ignore-case is "yes". Write ignore-case: true'],
    ['headers: { x: { ignore-case: true } }', 'headers.x has ignore-case and nothing to compare.'],
    ['headers: { x: { absent: true, exact: a } }', 'headers.x is to be absent and more.'],
    ['headers: { x: "a\\nb" }', "is no header's value in printable ASCII"],
    ['method: post', '"post" is no method. Write one, in upper case'],
    ['method: [GET, POST]', 'method is a list and no text.'],
    ['path: checkout', '"checkout" is no path.'],
    ['path: /a?b=c', '"/a?b=c" is no path.'],
    ['path: { prefix: //a }', '"//a" is no path.'],
    ['path: { prefix: /a, regex: b }', 'path has several conditions. Write one of exact, prefix, regex.'],
    ['path: { suffix: /a }', 'path has "suffix", which is unknown.'],
    ['cookies: { "a b": c }', '"a b" names no cookie.'],
    ['cookies: { a: b;c }', '"b;c" is no cookie\'s value, since ; ends one. Write it without ;.'],
    [`cookies: { ${'a'.repeat(129)}: b }`, 'is longer than 128 characters'],
    ['baggage: { a: "b,c" }', '"b,c" is no baggage member\'s value, since , ends one.'],
    ['query: { "a=b": c }', '"a=b" names no query parameter. Write it as it stands in the URL.'],
    ['query: { a: b&c }', '"b&c" is no query parameter\'s value, since & ends one.'],
    ['headers: { a: 1, b: 1, c: 1, d: 1, e: 1, f: 1, g: 1, h: 1, i: 1 }', 'it has 9 conditions'],
    ['headers: { x: { regex: a(?=b) } }', 'the regex "a(?=b)" is not accepted: (?= is a lookaround'],
  ])('%j', (text, sentence) => {
    expect(read(text)).toContain('the annotation shunt.dev/match is "');
    expect(read(text)).toContain(sentence);
  });
});
