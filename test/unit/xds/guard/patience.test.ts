import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Patience } from '../../../../src/xds/guard/patience.ts';

let over: number;
let patience: Patience;
beforeEach(() => {
  vi.useFakeTimers();
  over = 0;
  patience = new Patience(1_000, () => {
    over += 1;
  });
});
afterEach(() => {
  vi.useRealTimers();
});

test('a client is waited for as long as it may take, and no longer', () => {
  vi.advanceTimersByTime(999);
  expect(over).toBe(0);
  vi.advanceTimersByTime(1);
  expect(over).toBe(1);
  vi.advanceTimersByTime(10_000);
  expect(over).toBe(1);
});

test('a client that has done what it was waited for is let be', () => {
  patience.end();
  vi.advanceTimersByTime(10_000);
  expect(over).toBe(0);
});

test('a client is not charged with the time that this process was too busy to hear it', () => {
  const now = performance.now();
  const clock = vi.spyOn(performance, 'now').mockReturnValue(now + 3_000);
  vi.advanceTimersByTime(1_000);
  expect(over).toBe(0);
  clock.mockReturnValue(now + 4_000);
  vi.advanceTimersByTime(999);
  expect(over).toBe(0);
  vi.advanceTimersByTime(1);
  expect(over).toBe(1);
  clock.mockRestore();
});
