import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { type Passage, Room } from '../../../../src/xds/guard/room.ts';

const a = { name: 'a' };
const b = { name: 'b' };
const c = { name: 'c' };

let room: Room<object>;
/** The messages that are on their way, in the order in which they went in. */
let inside: string[];

beforeEach(() => {
  room = new Room({ bytes: 100, peerBytes: 60 });
  inside = [];
});

const pass = (peer: { name: string }, bytes: number, name = peer.name): Passage =>
  room.pass(peer, bytes, () => inside.push(name));

describe('a message', () => {
  it('goes in at once while there is room', () => {
    pass(a, 60, 'a1');
    pass(b, 40, 'b1');
    expect(inside).toEqual(['a1', 'b1']);
  });

  it("waits while its peer's part is full, and then goes in, the first of them first", () => {
    const first = pass(a, 40, 'a1');
    pass(a, 40, 'a2');
    pass(a, 10, 'a3');
    expect(inside).toEqual(['a1']);
    first.leave();
    expect(inside).toEqual(['a1', 'a2', 'a3']);
  });

  it('waits while all is full, and then goes in, whoever makes room', () => {
    const first = pass(a, 50, 'a1');
    pass(b, 40, 'b1');
    pass(b, 20, 'b2');
    expect(inside).toEqual(['a1', 'b1']);
    first.leave();
    expect(inside).toEqual(['a1', 'b1', 'b2']);
  });

  it('that its peer has alone on its way never waits, however large it is and however full all is', () => {
    pass(a, 60, 'a1');
    pass(b, 40, 'b1');
    const large = pass(c, 1_000, 'c1');
    pass(c, 1, 'c2');
    expect(inside).toEqual(['a1', 'b1', 'c1']);
    large.leave();
    expect(inside).toEqual(['a1', 'b1', 'c1', 'c2']);
  });

  it('that is given up before it went in never does', () => {
    const first = pass(a, 60, 'a1');
    pass(a, 60, 'a2').leave();
    pass(a, 60, 'a3');
    first.leave();
    expect(inside).toEqual(['a1', 'a3']);
  });

  it('makes room once, however often it is said to have arrived', () => {
    const first = pass(a, 30, 'a1');
    pass(a, 30, 'a2');
    first.leave();
    first.leave();
    pass(a, 30, 'a3');
    pass(a, 30, 'a4');
    expect(inside).toEqual(['a1', 'a2', 'a3']);
  });
});

it('peers take turns', () => {
  const full = pass(c, 100, 'c1');
  const others = [pass(a, 20, 'a1'), pass(b, 20, 'b1')];
  for (const name of ['a2', 'a3']) pass(a, 20, name);
  for (const name of ['b2', 'b3']) pass(b, 20, name);
  expect(inside).toEqual(['c1', 'a1', 'b1']);
  full.leave();
  expect(inside).toEqual(['c1', 'a1', 'b1', 'a2', 'b2', 'a3']);
  others[0]?.leave();
  expect(inside.at(-1)).toBe('b3');
});

it('whatever comes and goes, everything goes in, and no more is inside than may be', () => {
  const message = fc.record({ peer: fc.constantFrom(a, b, c), bytes: fc.integer({ min: 0, max: 80 }) });
  const step = fc.oneof(message, fc.record({ leave: fc.nat() }));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const tried = new Room<{ name: string }>({ bytes: 100, peerBytes: 60 });
      const sent: { peer: { name: string }; bytes: number; in: boolean; passage?: Passage }[] = [];
      const leave = (one: (typeof sent)[number]) => {
        one.passage?.leave();
        sent.splice(sent.indexOf(one), 1);
      };
      for (const each of steps) {
        if ('leave' in each) {
          const goers = sent.filter((one) => one.in);
          if (goers.length > 0) leave(goers[each.leave % goers.length]!);
        } else {
          const one: (typeof sent)[number] = { ...each, in: false };
          sent.push(one);
          one.passage = tried.pass(each.peer, each.bytes, () => {
            one.in = true;
          });
        }
        const now = sent.filter((one) => one.in);
        for (const peer of [a, b, c]) {
          const own = now.filter((one) => one.peer === peer && one.bytes > 0);
          const sum = own.reduce((total, { bytes }) => total + bytes, 0);
          if (own.length > 1) expect(sum).toBeLessThanOrEqual(60 + 0);
        }
      }
      for (let goers = sent.filter((one) => one.in); goers.length > 0; goers = sent.filter((one) => one.in)) {
        leave(goers[0]!);
      }
      expect(sent).toEqual([]);
    }),
  );
});
