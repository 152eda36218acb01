import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Entry, readEntry, Store } from '../../../../src/sources/kubernetes/store.ts';
import type { SourceChange } from '../../../../src/sources/source.ts';
import { service } from './scripted-api.ts';

function entry(name: string, labels: Readonly<Record<string, string>> = {}): Entry {
  return readEntry('Service', { ...service(name, '1', labels), apiVersion: 'v1', kind: 'Service' })!;
}

/** As only an API server that does not check would hand it over. */
function badEntry(name: string): Entry {
  const object = { ...service(name, '1'), apiVersion: 'v1', kind: 'Service', spec: { ports: [{ port: 'http' }] } };
  return readEntry('Service', object)!;
}

function namesIn(change: SourceChange | undefined): { upserts: readonly string[]; deletes: readonly string[] } {
  return {
    upserts: change?.upserts.map(({ name }) => name) ?? [],
    deletes: change?.deletes.map(({ name }) => name) ?? [],
  };
}

describe('an object', () => {
  test('keeps what a record holds and nothing else', () => {
    const { record } = entry('a', { 'shunt.dev/role': 'baseline', team: 'web' });
    expect(record).toEqual({
      kind: 'Service',
      namespace: 'shop',
      name: 'a',
      labels: { 'shunt.dev/role': 'baseline' },
      annotations: {},
      ports: [{ name: '', port: 80, protocol: 'TCP' }],
    });
  });

  test('without a name is not readable at all', () => {
    expect(readEntry('Service', { metadata: { namespace: 'shop' } })).toBeUndefined();
    expect(readEntry('Service', null)).toBeUndefined();
  });

  test('with bad content costs itself only, and says what is wrong until it is mended', () => {
    const store = new Store();
    store.replace([entry('a'), entry('b')]);
    expect(namesIn(store.put(badEntry('a')))).toEqual({ upserts: [], deletes: ['a'] });
    expect(store.problems()).toMatchObject([{ code: 'manifest-invalid', object: 'Service shop/a' }]);
    expect(store.records().map(({ name }) => name)).toEqual(['b']);
    expect(namesIn(store.put(entry('a')))).toEqual({ upserts: ['a'], deletes: [] });
    expect(store.problems()).toEqual([]);
  });

  test('takes its problems along when it goes', () => {
    const store = new Store();
    store.replace([badEntry('a'), badEntry('b')]);
    expect(store.problems()).toHaveLength(2);
    store.remove({ kind: 'Service', namespace: 'shop', name: 'a' });
    expect(store.problems()).toMatchObject([{ object: 'Service shop/b' }]);
    store.replace([]);
    expect(store.problems()).toEqual([]);
  });
});

test('the removal of an object that was not known is no change', () => {
  expect(new Store().remove({ kind: 'Service', namespace: 'shop', name: 'a' })).toBeUndefined();
});

describe('whatever comes', () => {
  const name = fc.constantFrom('a', 'b', 'c', 'd');
  const object = fc
    .record({ name, version: fc.constantFrom('1', '2'), bad: fc.boolean() })
    .map(({ name, version, bad }) => (bad ? badEntry(name) : entry(name, { 'shunt.dev/key': version })));
  const step = fc.oneof(
    fc.record({ type: fc.constant('put' as const), entry: object }),
    fc.record({ type: fc.constant('remove' as const), entry: object }),
    fc.record({
      type: fc.constant('replace' as const),
      entries: fc.uniqueArray(object, { selector: ({ ref }) => ref.name }),
    }),
  );

  test('the changes, one after the other, make the state; and none names an object that did not change', () => {
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const store = new Store();
        const world = new Map<string, unknown>();
        for (const each of steps) {
          const change =
            each.type === 'put'
              ? store.put(each.entry)
              : each.type === 'remove'
                ? store.remove(each.entry.ref)
                : store.replace(each.entries);
          for (const record of change?.upserts ?? []) {
            expect(world.get(record.name)).not.toEqual(record);
            world.set(record.name, record);
          }
          for (const ref of change?.deletes ?? []) expect(world.delete(ref.name)).toBe(true);
          expect(change === undefined || change.upserts.length + change.deletes.length > 0).toBe(true);
          expect(new Map(store.records().map((record) => [record.name, record]))).toEqual(world);
        }
      }),
    );
  });
});
