import { setImmediate } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { Pace, type Urgency } from '../../../src/xds/pace.ts';

let now: number;
let pace: Pace;
let done: string[];

beforeEach(() => {
  now = 0;
  pace = new Pace(() => now);
  done = [];
});

/** Work that takes so many milliseconds. */
const run = (name: string, milliseconds: number, urgency: Urgency = 'later') =>
  pace.run(urgency, () => {
    done.push(name);
    now += milliseconds;
  });

describe('the requests of all streams', () => {
  it('are worked on at once, if they are few', () => {
    for (let i = 0; i < 10; i++) run(`${i}`, 1);
    expect(done).toHaveLength(10);
  });

  it('are worked on in turns otherwise, in their order, and others have theirs in between', async () => {
    for (let i = 0; i < 35; i++) run(`${i}`, 1);
    const after = [done.length];
    while (done.length < 35) {
      await setImmediate();
      after.push(done.length);
    }
    expect(after).toEqual([10, 20, 30, 35]);
    expect(done).toEqual(Array.from({ length: 35 }, (_, i) => `${i}`));
  });

  it('that are urgent go before those that wait, and not before each other', async () => {
    run('long', 10);
    run('a', 1);
    run('b', 1);
    run('urgent a', 1, 'first');
    run('urgent b', 1, 'first');
    expect(done).toEqual(['long']);
    await setImmediate();
    expect(done).toEqual(['long', 'urgent a', 'urgent b', 'a', 'b']);
  });

  it('are worked on at once again when none waits any more', async () => {
    run('a', 20);
    run('b', 1);
    await setImmediate();
    await setImmediate();
    run('c', 1);
    expect(done).toEqual(['a', 'b', 'c']);
  });

  it('leave nothing behind, however many there are', async () => {
    for (let i = 0; i < 5_000; i++) run(`${i}`, 0.5);
    while (done.length < 5_000) await setImmediate();
    expect(done).toEqual(Array.from({ length: 5_000 }, (_, i) => `${i}`));
  });
});
