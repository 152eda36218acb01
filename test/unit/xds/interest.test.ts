import { describe, expect, it } from 'vitest';
import { Interest } from '../../../src/xds/interest.ts';

describe('the interest of a client', () => {
  it('in delta keeps a name that one request both gives up and asks for', () => {
    const interest = new Interest(true);
    interest.amend(['a', 'b'], []);
    expect(interest.amend(['a'], ['a', 'b'])).toEqual({ asked: ['a'], dropped: ['b'], wildcard: 'as before' });
    expect([...interest.names]).toEqual(['a']);
  });

  it('in state of the world is what the latest request says', () => {
    const interest = new Interest(true);
    expect(interest.replace([])).toEqual({ asked: [], dropped: [], wildcard: 'begun' });
    expect(interest.replace(['a', '*'])).toEqual({ asked: ['a'], dropped: [], wildcard: 'as before' });
    expect(interest.replace(['b'])).toEqual({ asked: ['b'], dropped: ['a'], wildcard: 'ended' });
    expect(interest.replace([])).toEqual({ asked: [], dropped: ['b'], wildcard: 'as before' });
    expect(interest.includes('a')).toBe(false);
  });
});
