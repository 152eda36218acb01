import { describe, expect, it } from 'vitest';
import { type Changes, contentVersion, Digest, ResourceStore } from '../../../src/resources/index.ts';
import { makeResource } from '../../support/resources.ts';

const type = 'type.googleapis.com/example.Type';
const other = 'type.googleapis.com/example.Other';
const a1 = makeResource(type, 'a', '1');
const a2 = makeResource(type, 'a', '2');
const b1 = makeResource(type, 'b', '1');
const own = makeResource(type, 'a', 'of web');
const forWeb = (...set: (typeof a1)[]) => new Map([['web', { set, remove: [] }]]);
const notForWeb = new Map([['web', { set: [], remove: [a1] }]]);

function seen(changes: Changes, group = ''): Record<string, readonly string[]> {
  return Object.fromEntries(changes.of(group));
}

describe('a content version', () => {
  it('is the same for the same bytes, and 16 hexadecimal digits', () => {
    expect(contentVersion(Buffer.from('x'))).toBe(contentVersion(new Uint8Array([120])));
    expect(contentVersion(Buffer.from('x'))).not.toBe(contentVersion(Buffer.from('y')));
    expect(contentVersion(Buffer.from(''))).toBe('e3b0c44298fc1c14');
  });
});

describe('a digest of resources', () => {
  it('does not depend on the order in which they came', () => {
    expect(Digest.of([a1, b1]).toString()).toBe(Digest.of([b1, a1]).toString());
    const grown = Digest.empty.replace(undefined, b1).replace(undefined, a2).replace(a2, a1);
    expect(grown.toString()).toBe(Digest.of([a1, b1]).toString());
    expect(grown.replace(a1, undefined).replace(b1, undefined).toString()).toBe('0000000000000000');
  });

  it('depends on names and versions, and on what belongs to which', () => {
    const swapped = [makeResource(type, 'a', '3'), makeResource(type, 'b', '3')] as const;
    const digests = [
      Digest.of([a1]),
      Digest.of([a2]),
      Digest.of([b1]),
      Digest.of([a1, b1]),
      Digest.of([
        { ...swapped[0], version: '1' },
        { ...swapped[1], version: '2' },
      ]),
      Digest.of([
        { ...swapped[0], version: '2' },
        { ...swapped[1], version: '1' },
      ]),
      Digest.of([{ ...a1, name: 'a1', version: '2' }]),
      Digest.of([{ ...a1, name: 'a', version: '12' }]),
    ].map(String);
    expect(new Set(digests).size).toBe(digests.length);
  });
});

describe('the store', () => {
  it('rule 13: is not synced before the first update, and tells of that even if it is empty', () => {
    const store = new ResourceStore();
    const told: number[] = [];
    store.subscribe(({ sequence }) => told.push(sequence));
    expect(store.synced).toBe(false);
    store.apply({ set: [], remove: [] });
    expect(store.synced).toBe(true);
    expect(told).toEqual([1]);
  });

  it('tells what differs, with a sequence number that grows by one', () => {
    const store = new ResourceStore();
    expect(seen(store.apply({ set: [a1, b1], remove: [] }))).toEqual({ [type]: ['a', 'b'] });
    const second = store.apply({ set: [a2, makeResource(other, 'x', '1')], remove: [b1] });
    expect(seen(second)).toEqual({ [type]: ['b', 'a'], [other]: ['x'] });
    expect(second.sequence).toBe(2);
    expect(store.view('').sequence).toBe(2);
  });

  it('tells nothing of an update that changes nothing, and keeps the resource that it has', () => {
    const store = new ResourceStore();
    store.apply({ set: [a1], remove: [] });
    const told: Changes[] = [];
    store.subscribe((changes) => told.push(changes));
    const changes = store.apply({ set: [makeResource(type, 'a', '1')], remove: [b1] });
    expect(changes.sequence).toBe(1);
    expect(seen(changes)).toEqual({});
    expect(told).toEqual([]);
    expect(store.view('').get(type, 'a')).toBe(a1);
  });

  it('takes a name that is removed and set in one update for set', () => {
    const store = new ResourceStore();
    store.apply({ set: [a1], remove: [] });
    expect(seen(store.apply({ set: [a1], remove: [a1] }))).toEqual({});
    expect(seen(store.apply({ set: [a2], remove: [a1] }))).toEqual({ [type]: ['a'] });
    expect(store.view('').get(type, 'a')).toBe(a2);
  });

  it('shows all of an update to whoever is told of it', () => {
    const store = new ResourceStore();
    const shown: unknown[] = [];
    store.subscribe(() => shown.push([store.view('').get(type, 'a'), store.view('').get(type, 'b')]));
    store.apply({ set: [a1, b1], remove: [] });
    store.apply({ set: [a2], remove: [b1] });
    expect(shown).toEqual([
      [a1, b1],
      [a2, undefined],
    ]);
  });

  it('tells nobody who has ended the subscription', () => {
    const store = new ResourceStore();
    const told: Changes[] = [];
    const end = store.subscribe((changes) => told.push(changes));
    end();
    store.apply({ set: [a1], remove: [] });
    expect(told).toEqual([]);
  });
});

describe('groups', () => {
  it("see their own resource in place of everybody's", () => {
    const store = new ResourceStore();
    store.apply({ set: [a1, b1], remove: [], groups: forWeb(own) });
    expect(store.view('web').get(type, 'a')).toBe(own);
    expect(store.view('web').get(type, 'b')).toBe(b1);
    expect([...store.view('web').names(type)]).toEqual(['a', 'b']);
    expect(store.view('mobile').get(type, 'a')).toBe(a1);
  });

  it('see names that nobody else sees', () => {
    const store = new ResourceStore();
    store.apply({ set: [b1], remove: [], groups: forWeb(own) });
    expect([...store.view('web').names(type)].sort()).toEqual(['a', 'b']);
    expect([...store.view('').names(type)]).toEqual(['b']);
  });

  it("are told of everybody's changes where they have nothing of their own", () => {
    const store = new ResourceStore();
    store.apply({ set: [a1, b1], remove: [], groups: forWeb(own) });
    const changes = store.apply({ set: [a2], remove: [b1] });
    expect(seen(changes, 'web')).toEqual({ [type]: ['b'] });
    expect(seen(changes, 'mobile')).toEqual({ [type]: ['b', 'a'] });
  });

  it('are told of their own changes, and nobody else is', () => {
    const store = new ResourceStore();
    store.apply({ set: [a1], remove: [] });
    const changes = store.apply({ set: [], remove: [], groups: forWeb(own) });
    expect(changes.sequence).toBe(2);
    expect(seen(changes, 'web')).toEqual({ [type]: ['a'] });
    expect(seen(changes, 'mobile')).toEqual({});
  });

  it("fall back to everybody's resource, and are told of that only if it differs", () => {
    const store = new ResourceStore();
    store.apply({ set: [a1], remove: [], groups: forWeb(own) });
    expect(seen(store.apply({ set: [], remove: [], groups: notForWeb }), 'web')).toEqual({ [type]: ['a'] });
    expect(store.view('web').get(type, 'a')).toBe(a1);
    expect(seen(store.apply({ set: [], remove: [], groups: forWeb(a1) }), 'web')).toEqual({});
    expect(seen(store.apply({ set: [], remove: [], groups: notForWeb }), 'web')).toEqual({});
  });

  it("that fall back while everybody's resource changes see the step from their own to the new one", () => {
    const store = new ResourceStore();
    store.apply({ set: [a1], remove: [], groups: forWeb(a2) });
    expect(seen(store.apply({ set: [a2], remove: [], groups: notForWeb }), 'web')).toEqual({});
    expect(store.view('web').get(type, 'a')).toBe(a2);
  });
});

describe('what has departed', () => {
  it('is remembered until it comes back, whatever it comes back as', () => {
    const store = new ResourceStore();
    const view = store.view();
    store.apply({ set: [a1, b1], remove: [] });
    expect([...view.departedNames(type)]).toEqual([]);
    store.apply({ set: [], remove: [a1] });
    expect([...view.departedNames(type)]).toEqual(['a']);
    expect(view.departed(type, 'a')).toBe(a1);
    expect(view.departed(type, 'b')).toBeUndefined();
    expect(view.departed(other, 'a')).toBeUndefined();
    store.apply({ set: [a2], remove: [] });
    expect([...view.departedNames(type)]).toEqual([]);
    expect(view.departed(type, 'a')).toBeUndefined();
    store.apply({ set: [], remove: [a2] });
    expect(view.departed(type, 'a')).toBe(a2);
  });

  it('is forgotten after ten minutes', () => {
    let now = 0;
    const store = new ResourceStore(() => now);
    const view = store.view();
    store.apply({ set: [a1], remove: [] });
    store.apply({ set: [], remove: [a1] });
    now = 600_000;
    expect(view.departed(type, 'a')).toBe(a1);
    now = 600_001;
    expect(view.departed(type, 'a')).toBeUndefined();
    expect([...view.departedNames(type)]).toEqual([]);
  });

  it('is the latest thousand of each type, however many come and go', () => {
    const store = new ResourceStore();
    for (let index = 0; index < 5_000; index++) {
      const resource = makeResource(type, `r${index}`, '1');
      store.apply({ set: [resource], remove: [] });
      store.apply({ set: [], remove: [resource] });
    }
    const names = [...store.view().departedNames(type)];
    expect(names).toHaveLength(1_000);
    expect(names[0]).toBe('r4000');
    expect(names.at(-1)).toBe('r4999');
  });

  it('is what the nodes of a group have seen go, and nothing that another stands in for', () => {
    const store = new ResourceStore();
    store.apply({ set: [a1], remove: [], groups: forWeb(own) });
    store.apply({ set: [], remove: [], groups: notForWeb });
    expect(store.view('web').departed(type, 'a')).toBeUndefined();
    store.apply({ set: [], remove: [a1] });
    expect(store.view('web').departed(type, 'a')).toBe(own);
    expect([...store.view('web').departedNames(type)]).toEqual(['a']);
    expect(store.view().departed(type, 'a')).toBe(a1);
  });
});
