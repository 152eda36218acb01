import { expect, it } from 'vitest';
import { expiryOf, readExpiresAt, readTtl } from '../../../src/catalog/life.ts';

const HOUR = 3_600_000;

it.each([
  ['72h', 72 * HOUR],
  ['7d', 7 * 24 * HOUR],
  ['30m', HOUR / 2],
  ['90s', 90_000],
  [' 1d12h30m ', 36.5 * HOUR],
  ['36500d', 36_500 * 24 * HOUR],
])('reads the ttl %j', (text, milliseconds) => {
  expect(readTtl(text)).toEqual({ milliseconds });
});

it.each(['', 'h', '72', '-1h', '1.5h', '1h2d', '72 h', '72H', '1w', 'forever'])('takes %j for no ttl', (text) => {
  expect(readTtl(text)).toEqual({
    wrong: `the annotation shunt.dev/ttl is ${JSON.stringify(text)}, which is no duration.`,
    advice: 'Write days, hours, minutes or seconds, such as 7d, 72h, 1h30m or 90s.',
  });
});

it.each([
  ['0h', 'so that it would never be in force'],
  ['36501d', 'longer than 36500d'],
  [`${'9'.repeat(400)}d`, 'longer than 36500d'],
])('refuses the ttl %j', (text, why) => {
  expect(readTtl(text)).toMatchObject({ wrong: expect.stringContaining(why) });
});

it.each([
  ['2030-01-31T18:00:00Z', Date.UTC(2030, 0, 31, 18)],
  ['2030-01-31T18:00:00+02:00', Date.UTC(2030, 0, 31, 16)],
  ['2030-01-31t18:00:00.250z', Date.UTC(2030, 0, 31, 18, 0, 0, 250)],
  ['2028-02-29T00:00:00-00:30', Date.UTC(2028, 1, 29, 0, 30)],
  ['0000-02-29T00:00:00Z', -62_162_121_600_000],
  ['9999-12-31T23:59:59Z', Date.UTC(9999, 11, 31, 23, 59, 59)],
])('reads the time %s', (text, milliseconds) => {
  expect(readExpiresAt(text)).toEqual({ milliseconds });
});

it.each([
  '',
  'tomorrow',
  '2030-01-31',
  '2030-01-31T18:00:00',
  '2030-01-31 18:00:00Z',
  '2030-02-30T00:00:00Z',
  '2029-02-29T00:00:00Z',
  '2030-13-01T00:00:00Z',
  '2030-01-31T24:00:00Z',
  '2030-01-31T18:60:00Z',
  '2030-01-31T18:00:00+24:00',
  '1769882400',
])('takes %j for no time', (text) => {
  expect(readExpiresAt(text)).toMatchObject({
    wrong: `the annotation shunt.dev/expires-at is ${JSON.stringify(text)}, which is no date and time of RFC 3339.`,
  });
});

it('lets a preview live until the earlier of its two ends, or for ever', () => {
  expect(expiryOf({ ttl: 10, expiresAt: 2000 }, 1000)).toBe(1010);
  expect(expiryOf({ ttl: 5000, expiresAt: 2000 }, 1000)).toBe(2000);
  expect(expiryOf({ expiresAt: 2000 }, 1000)).toBe(2000);
  expect(expiryOf({}, 1000)).toBeUndefined();
});
