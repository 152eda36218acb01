import { expect, test } from 'vitest';
import { Schedule } from '../../support/load/schedule.ts';

test('a schedule makes requests due at a constant rate', () => {
  const schedule = new Schedule(500, 1_000);
  expect(schedule.take(999)).toEqual([]);
  expect(schedule.take(1_000)).toEqual([1_000]);
  expect(schedule.take(1_003)).toEqual([1_002]);
  expect(schedule.take(1_003)).toEqual([]);
  expect(schedule.take(1_006)).toEqual([1_004, 1_006]);
});

test('a schedule skips nothing: what a busy machine has missed is due at once, with the moments at which it was', () => {
  const schedule = new Schedule(1_000, 0);
  schedule.take(10);
  expect(schedule.take(15)).toEqual([11, 12, 13, 14, 15]);
  let taken = 0;
  const jumpy = new Schedule(600, 0);
  for (const now of [3, 4, 250, 251, 900, 10_000]) taken += jumpy.take(now).length;
  expect(taken).toBe(6_001);
});
