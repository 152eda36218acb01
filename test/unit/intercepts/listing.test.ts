import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KeyListing } from '../../../src/intercepts/listing.ts';

describe('the list of keys', () => {
  it('has each key once, in order, with the baselines that have a preview of it', () => {
    const keys = new KeyListing();
    expect(keys.replace('shop/web', [], ['pr-2', 'pr-1'])).toBe(true);
    expect(keys.replace('shop/api', [], ['pr-2'])).toBe(true);
    expect(keys.listing()).toEqual({
      previews: [
        { key: 'pr-1', services: ['shop/web'], more: 0 },
        { key: 'pr-2', services: ['shop/api', 'shop/web'], more: 0 },
      ],
      more: 0,
    });
  });

  it('says whether a baseline’s keys differ', () => {
    const keys = new KeyListing();
    expect(keys.replace('shop/web', [], [])).toBe(false);
    keys.replace('shop/web', [], ['a', 'b']);
    expect(keys.replace('shop/web', ['a', 'b'], ['b', 'a'])).toBe(false);
    expect(keys.replace('shop/web', ['a', 'b'], ['b'])).toBe(true);
  });

  it('is bounded, and says what it leaves out', () => {
    const keys = new KeyListing();
    const many = Array.from({ length: 250 }, (_, index) => `k-${String(index).padStart(3, '0')}`);
    for (let index = 0; index < 13; index++) keys.replace(`shop/s-${String.fromCharCode(97 + index)}`, [], many);
    const { previews, more } = keys.listing();
    expect([previews.length, more]).toEqual([100, 150]);
    expect(previews[99]).toMatchObject({ key: 'k-099', more: 3 });
    expect(previews[99]!.services).toHaveLength(10);
  });

  it('is the same in whatever steps it came about', () => {
    const keySets = fc.uniqueArray(fc.constantFrom('a', 'a-b', 'a.b', 'b', 'c', '0'));
    const steps = fc.array(fc.tuple(fc.constantFrom('shop/x', 'shop/y', 'prod/z'), keySets));
    fc.assert(
      fc.property(steps, (changes) => {
        const keys = new KeyListing();
        const now = new Map<string, string[]>();
        for (const [baseline, after] of changes) {
          keys.replace(baseline, now.get(baseline) ?? [], after);
          now.set(baseline, after);
        }
        const fresh = new KeyListing();
        for (const [baseline, after] of now) fresh.replace(baseline, [], after);
        expect(keys.listing()).toEqual(fresh.listing());
      }),
    );
  });
});
