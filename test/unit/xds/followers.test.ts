import { describe, expect, it } from 'vitest';
import { typeUrls } from '../../../src/protos/index.ts';
import { Expected } from '../../../src/xds/followers.ts';
import { makeResource } from '../../support/resources.ts';

const { cluster, loadAssignment } = typeUrls;
const clusterOf = (name: string) => makeResource(cluster, name, '1', { follower: { typeUrl: loadAssignment, name } });

describe('what a client is expected to need', () => {
  it('is forgotten when nothing that it has needs it any more, so that clusters that come and go leave nothing behind', () => {
    const expected = new Expected(loadAssignment);
    for (let round = 0; round < 10_000; round++) {
      const present = ['lasting', `c${round}`];
      for (const name of present) expected.add(name, () => present.map(clusterOf));
    }
    const names = [...expected.names()];
    expect(names.length).toBeLessThanOrEqual(1_024);
    expect(names).toContain('lasting');
    expect(names).toContain('c9999');
  });

  it('is all remembered as long as it is needed', () => {
    const expected = new Expected(loadAssignment);
    const names = Array.from({ length: 5_000 }, (_, index) => `c${index}`);
    for (const name of names) expected.add(name, () => names.map(clusterOf));
    expect([...expected.names()]).toEqual(names);
    expected.answer('c0');
    expect(expected.has('c0')).toBe(false);
  });
});
