import { expect, it } from 'vitest';
import { ancestorsOf } from '../../../src/catalog/names.ts';

it.each([
  ['checkout', []],
  ['checkout.alice', ['checkout']],
  ['checkout.alice.x', ['checkout.alice', 'checkout']],
  ['dev.proj-abc', ['dev']],
])('lets the key %s fall back to %j', (key, ancestors) => {
  expect(ancestorsOf(key)).toEqual(ancestors);
});
