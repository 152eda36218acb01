import { describe, expect, test } from 'vitest';
import { formatProblem } from '../../../../src/problems.ts';
import { MAX_MANIFEST_BYTES, readManifest } from '../../../../src/sources/manifests/index.ts';
import { refKey } from '../../../../src/sources/source.ts';
import { service, slice } from '../objects.ts';

/** Each record by key and place, and the sentences of all problems. */
function read(text: string): { objects: readonly string[]; sentences: readonly string[] } {
  const reading = readManifest(text, 'shop.yaml');
  if (reading.kind === 'unreadable') throw new Error(`unreadable: ${formatProblem(reading.problem)}`);
  if (reading.kind === 'empty') throw new Error('empty');
  return {
    objects: reading.objects.flatMap(({ record }) => (record ? [`${refKey(record)} at ${record.place}`] : [])),
    sentences: reading.objects.flatMap(({ problems }) => problems.map(formatProblem)),
  };
}

function whyUnreadable(text: string): string {
  const reading = readManifest(text, 'shop.yaml');
  return reading.kind === 'unreadable' ? formatProblem(reading.problem) : reading.kind;
}

/** Four lines. */
function named(name: string): string {
  return `apiVersion: v1\nkind: Service\nmetadata:\n  name: ${name}\n`;
}
const API = named('api');

describe('a readable file', () => {
  test('holds any number of documents, each with the line where it begins', () => {
    const text = `# the shop\n${API}---\n# nothing here\n---\n\n${named('web')}`;
    expect(read(text).objects).toEqual(['Service default/api at shop.yaml:2', 'Service default/web at shop.yaml:10']);
  });

  test('may hold lists, of which each item counts by its own line', () => {
    const text = [
      'apiVersion: v1',
      'kind: List',
      'items:',
      '- apiVersion: v1',
      '  kind: Service',
      '  metadata: { name: api }',
      '- kind: List',
      '  items:',
      '  - { apiVersion: v1, kind: Service, metadata: { name: web } }',
      '- { apiVersion: apps/v1, kind: Deployment }',
    ].join('\n');
    expect(read(text).objects).toEqual(['Service default/api at shop.yaml:4', 'Service default/web at shop.yaml:9']);
  });

  test('may hold lists as the API returns them, whose items do not name their type', () => {
    const { apiVersion: _, kind: __, ...item } = slice('api-1', 'api', ['10.0.0.1']);
    const text = `kind: ServiceList\nitems: [{ metadata: { name: api } }]\n---\n${JSON.stringify({ kind: 'EndpointSliceList', items: [item] })}`;
    expect(read(text).objects).toEqual([
      'Service default/api at shop.yaml:2',
      'EndpointSlice shop/api-1 at shop.yaml:4',
    ]);
  });

  test('may be JSON, indented with tabs too', () => {
    const text = JSON.stringify({ kind: 'List', items: [service('api'), service('web')] }, null, '\t');
    expect(read(text).objects).toEqual(['Service shop/api at shop.yaml:4', 'Service shop/web at shop.yaml:21']);
  });

  test('may use anchors and merge keys', () => {
    const text = `${API}  labels: &own\n    shunt.dev/key: a\nspec:\n  ports:\n  - &port { port: 80, name: a }\n  - { <<: *port, name: b, protocol: UDP }\n`;
    const reading = readManifest(text, 'shop.yaml');
    expect(reading).toMatchObject({ objects: [{ record: { ports: [{ name: 'a' }, { name: 'b', port: 80 }] } }] });
  });

  test('may begin with a byte order mark and end its lines like Windows', () => {
    expect(read(`\ufeff${API.replaceAll('\n', '\r\n')}`).objects).toEqual(['Service default/api at shop.yaml:1']);
  });

  test('may have keys that are no strings, and no objects at all', () => {
    expect(read('80: true\nnull: 1\n').objects).toEqual([]);
    expect(read('- 1\n- 2\n').objects).toEqual([]);
  });

  test('loses no object to another that is wrong', () => {
    const text = `${API}---\n${named('Web')}---\n${named('db')}`;
    expect(read(text)).toEqual({
      objects: ['Service default/api at shop.yaml:1', 'Service default/db at shop.yaml:11'],
      sentences: [expect.stringMatching(/^Service default\/Web \(shop\.yaml:6\): metadata\.name is "Web"\./)],
    });
  });
});

test.each(['', '\ufeff', ' \n\n', '# nothing\n', '---\n', '---\n# nothing\n---\n...\n', 'null\n'])(
  'a file is empty that says no more than %j',
  (text) => {
    expect(readManifest(text, 'shop.yaml')).toEqual({ kind: 'empty' });
  },
);

describe('an unreadable file', () => {
  test.each([
    ['a: [1, 2\n', /^shop\.yaml \(shop\.yaml:2\): It is not valid YAML: Flow sequence .*\. Correct the syntax\.$/],
    [`${API}---\nkind: Service\n name: x\n`, /^shop\.yaml \(shop\.yaml:6\): It is not valid YAML: /],
    ['a: 1\na: 2\n', /^shop\.yaml \(shop\.yaml:2\): It is not valid YAML: Map keys must be unique\. /],
    ['a: *missing\n', /Unresolved alias .* Write the values out\.$/],
    ['{"kind": "Service", "metadata', /It is not valid YAML: /],
    ['# half a word\napiVers', /^shop\.yaml \(shop\.yaml:2\): It holds bare text where an object should be\. /],
    [
      '# the shop\n- apiVersion: v1\n  kind: Service\n  metadata: { name: api }\n',
      /^shop\.yaml \(shop\.yaml:2\): It holds a list where an object should be\. Write `---` between the objects, or `kind: List` and the list under `items:`\.$/,
    ],
    ['[{ "kind": "Service" }]', /It holds a list where an object should be\. /],
  ])('%j says where and what', (text, sentence) => {
    expect(whyUnreadable(text)).toMatch(sentence);
  });

  const bomb = ['a: &a [x, x, x, x, x, x, x, x, x]']
    .concat([...'bcdefghi'].map((name, index) => `${name}: &${name} [${Array(9).fill(`*${'abcdefgh'[index]}`)}]`))
    .join('\n');
  test.each<[string, string, RegExp]>([
    ['too long', 'x'.repeat(MAX_MANIFEST_BYTES + 1), /holds more than 8388608 bytes/],
    ['nested too deeply in brackets', '['.repeat(MAX_MANIFEST_BYTES), /nested deeper than 100/],
    ['nested too deeply in dashes', '- '.repeat(100_000), /nested deeper than 100/],
    ['of too many keys', Array.from({ length: 100_000 }, (_, key) => `a${key}: 1\n`).join(''), /more than 2000 keys/],
    ['of too many aliases', `- &a x\n${'- *a\n'.repeat(100_000)}`, /more than 1000 aliases/],
    ['an alias bomb', bomb, /Excessive alias count/],
  ])('is %s', (_, text, sentence) => {
    const begin = performance.now();
    expect(whyUnreadable(text)).toMatch(sentence);
    // Two orders of magnitude above what it takes: it must not be read to its end.
    expect(performance.now() - begin).toBeLessThan(5_000);
  });
});

test('what is unreadable is told from an object that is wrong', () => {
  expect(readManifest(`${API}spec: { ports: 80 }\n`, 'shop.yaml').kind).toBe('readable');
  expect(readManifest(`${API}spec: { ports: 80\n`, 'shop.yaml').kind).toBe('unreadable');
});
