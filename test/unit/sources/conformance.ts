import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ObjectRef, refKey, type Source, type SourceRecord } from '../../../src/sources/source.ts';
import { type Manifest, service, slice } from './objects.ts';
import { Recorder } from './recorder.ts';

/** A small world of objects and a source that watches it. */
export interface World {
  /** Not started yet. */
  readonly source: Source;
  /** One more source over the same world, for what another observer sees. Ended by `close` if a test has not. */
  another(): Source;
  /** Creates the object, or replaces the one of its name. Resolves when it is written, seen or not. */
  put(object: Manifest): Promise<void>;
  remove(ref: ObjectRef): Promise<void>;
  /** Ends the world and all that watches it. */
  close(): Promise<void>;
}

export interface SourceHarness {
  /** A new, empty world. */
  make(): Promise<World>;
}

function portOf(record: SourceRecord | undefined): number | undefined {
  return record?.ports[0]?.port;
}

const API: ObjectRef = { kind: 'Service', namespace: 'shop', name: 'api' };
const API_SLICE: ObjectRef = { kind: 'EndpointSlice', namespace: 'shop', name: 'api-1' };

/** What every source of objects must do, whatever it watches. */
export function sourceConformance(kind: string, harness: SourceHarness): void {
  describe(`${kind} as a source`, () => {
    let world: World;
    let seen: Recorder;
    beforeEach(async () => {
      world = await harness.make();
      seen = new Recorder();
    });
    afterEach(async () => {
      await world.close();
      expect(seen.breaches).toEqual([]);
    });

    /** Everything put before is delivered once this one is. */
    async function putLast(name: string): Promise<void> {
      await world.put(service(name));
      await seen.until(() => seen.world.has(`Service shop/${name}`));
    }

    test('delivers an empty world as a first, empty change', async () => {
      await world.source.start(seen);
      expect(seen.changes).toEqual([{ upserts: [], deletes: [] }]);
    });

    test('delivers the whole world as one first change, before start resolves', async () => {
      await world.put(service('api'));
      await world.put(slice('api-1', 'api', ['10.0.0.1', '10.0.0.2']));
      await world.put(service('web'));
      await world.source.start(seen);
      expect(seen.changes).toHaveLength(1);
      expect(seen.keys()).toEqual([refKey(API_SLICE), refKey(API), 'Service shop/web']);
    });

    test('delivers records with the fields that Shunt uses', async () => {
      await world.put(service('api', { port: 8000, labels: { 'shunt.dev/role': 'baseline', tier: 'backend' } }));
      await world.put(slice('api-1', 'api', ['10.0.0.1']));
      await world.source.start(seen);
      expect(seen.world.get(refKey(API))).toMatchObject({
        ...API,
        labels: { 'shunt.dev/role': 'baseline' },
        annotations: {},
        ports: [{ name: 'http', port: 8000, protocol: 'TCP' }],
      });
      expect(seen.world.get(refKey(API))).not.toHaveProperty(['labels', 'tier']);
      expect(seen.world.get(refKey(API_SLICE))).toMatchObject({
        ...API_SLICE,
        service: 'api',
        addressType: 'IPv4',
        ports: [{ name: 'http', port: 8080 }],
        endpoints: [{ addresses: ['10.0.0.1'], ready: true, serving: true, terminating: false }],
      });
    });

    test('delivers an object that comes, changes and goes', async () => {
      await world.source.start(seen);
      await world.put(service('api'));
      await seen.until(() => seen.world.has(refKey(API)));
      await world.put(service('api', { port: 81 }));
      await seen.until(() => portOf(seen.world.get(refKey(API))) === 81);
      await world.remove(API);
      await seen.until(() => !seen.world.has(refKey(API)));
      expect(seen.changes.at(-1)).toMatchObject({ upserts: [], deletes: [API] });
    });

    test('delivers nothing for an object that is written again unchanged', async () => {
      await world.put(service('api'));
      await world.source.start(seen);
      await world.put(service('api'));
      await putLast('last');
      expect(seen.changes.slice(1).flatMap((change) => change.upserts.map(refKey))).toEqual(['Service shop/last']);
    });

    test('delivers nothing for a change of what is of no use to Shunt', async () => {
      await world.put(service('api'));
      await world.source.start(seen);
      await world.put(service('api', { labels: { tier: 'backend' } }));
      await putLast('last');
      expect(seen.changes.slice(1).flatMap((change) => change.upserts.map(refKey))).toEqual(['Service shop/last']);
    });

    test('delivers an object that was deleted and made again', async () => {
      await world.put(service('api'));
      await world.source.start(seen);
      await world.remove(API);
      await seen.until(() => !seen.world.has(refKey(API)));
      await world.put(service('api', { port: 82 }));
      await seen.until(() => seen.world.has(refKey(API)));
      expect(seen.world.get(refKey(API))).toMatchObject({ ports: [{ port: 82 }] });
    });

    test('ends with the last of many quick changes', async () => {
      await world.source.start(seen);
      for (let port = 1; port <= 50; port += 1) await world.put(service('api', { port }));
      await putLast('last');
      expect(seen.world.get(refKey(API))).toMatchObject({ ports: [{ port: 50 }] });
    });

    test('shows every source of the same world the same', async () => {
      const other = new Recorder();
      await world.put(service('api'));
      await world.source.start(seen);
      await world.another().start(other);
      await putLast('last');
      await other.until(() => other.world.has('Service shop/last'));
      expect([...other.world]).toEqual([...seen.world]);
      expect(other.breaches).toEqual([]);
    });

    test('delivers nothing once it is stopped, while others still see the world change', async () => {
      const other = new Recorder();
      await world.source.start(seen);
      await world.another().start(other);
      await world.source.stop();
      await world.put(service('api'));
      await other.until(() => other.world.has(refKey(API)));
      expect(seen.changes).toHaveLength(1);
      expect(seen.world.size).toBe(0);
    });

    test('can be checked without being started', async () => {
      await world.put(service('api'));
      await world.source.check();
      expect(seen.changes).toEqual([]);
      await world.source.start(seen);
      expect(seen.keys()).toEqual([refKey(API)]);
    });

    test('can be stopped twice, and before it was started', async () => {
      await world.another().stop();
      await world.source.start(seen);
      await world.source.stop();
      await world.source.stop();
      expect(seen.changes).toHaveLength(1);
    });
  });
}
