import { expect, test } from 'vitest';
import { TokenBucket } from '../../../../src/xds/guard/token-bucket.ts';

test('a bucket holds a burst, fills at its rate, and is never fuller than a burst', () => {
  let now = 5_000;
  const bucket = new TokenBucket({ burst: 10, perSecond: 2 }, () => now);
  const taken = () => {
    let count = 0;
    while (bucket.take()) count += 1;
    return count;
  };
  expect(bucket.full).toBe(true);
  expect(taken()).toBe(10);
  expect(bucket.full).toBe(false);
  now += 499;
  expect(bucket.take()).toBe(false);
  now += 1;
  expect(taken()).toBe(1);
  now += 3_000;
  expect(taken()).toBe(6);
  now += 5_000;
  expect(bucket.full).toBe(true);
  now += 1_000_000;
  expect(taken()).toBe(10);
});
