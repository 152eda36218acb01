import { describe, expect, test } from 'vitest';
import { Contact } from '../../../../src/sources/kubernetes/contact.ts';
import type { Failure } from '../../../../src/sources/kubernetes/failure.ts';

const BACKOFF = { firstMs: 200, longestMs: 30_000 };
const BROKEN: Failure = { kind: 'broken', reason: 'read ECONNRESET' };

function refused(status: number, retryAfterMs = 0): Failure {
  return { kind: 'refused', status, reason: '', retryAfterMs };
}

describe('the pause before the next attempt', () => {
  test('doubles with each failure from 0.2 s to 30 s', () => {
    const contact = new Contact(BACKOFF, () => 0.999_999);
    const waits = Array.from({ length: 10 }, () => Math.round(contact.failed(BROKEN, 0).afterMs));
    expect(waits).toEqual([200, 400, 800, 1600, 3200, 6400, 12800, 25600, 30000, 30000]);
  });

  test('is shortened by up to a half at random', () => {
    expect(new Contact(BACKOFF, () => 0).failed(BROKEN, 0).afterMs).toBe(100);
    expect(new Contact(BACKOFF, () => 0.5).failed(BROKEN, 0).afterMs).toBe(150);
  });

  test('begins anew after lasting contact', () => {
    const contact = new Contact(BACKOFF, () => 0);
    contact.failed(BROKEN, 0);
    contact.failed(BROKEN, 0);
    contact.held();
    expect(contact.failed(BROKEN, 0).afterMs).toBe(100);
  });

  test('is at least what the API server asks for, but no more than five minutes', () => {
    const contact = new Contact(BACKOFF, () => 0);
    expect(contact.failed(refused(429, 1_000), 0).afterMs).toBe(1_000);
    expect(contact.failed(refused(503, 86_400_000), 0).afterMs).toBe(300_000);
    expect(contact.failed(refused(429, 1), 0).afterMs).toBe(400);
  });
});

describe('what is worth telling', () => {
  test.each<[string, Failure]>([
    ['a connection that breaks', BROKEN],
    ['a connection that went silent', { kind: 'silent', silenceMs: 1 }],
    ['a watch that ends at once', { kind: 'brief' }],
  ])('%s is not at first, but is when the next attempt fails too', (_, failure) => {
    const contact = new Contact(BACKOFF);
    expect(contact.failed(failure, 0).tell).toBe(false);
    expect(contact.failed(BROKEN, 0).tell).toBe(true);
  });

  test('a resourceVersion that has expired is not, even after a failure, but is when the next has expired as well', () => {
    const contact = new Contact(BACKOFF);
    contact.failed(BROKEN, 0);
    expect(contact.failed(refused(410), 0).tell).toBe(false);
    expect(contact.failed(refused(410), 0).tell).toBe(true);
    contact.held();
    expect(contact.failed(refused(410), 0).tell).toBe(false);
  });

  test('credentials that are not accepted are the second time: they may just have been rotated', () => {
    const contact = new Contact(BACKOFF);
    expect([1, 2].map(() => contact.failed(refused(401), 0).tell)).toEqual([false, true]);
  });

  test.each([403, 429, 500])('a refusal with %d is at once', (status) => {
    expect(new Contact(BACKOFF).failed(refused(status), 0).tell).toBe(true);
  });
});

test('an outage counts from its first failure on, and from the last sign of life if that is known', () => {
  const contact = new Contact(BACKOFF);
  contact.failed(BROKEN, 1_000);
  contact.failed(BROKEN, 2_000);
  expect(contact.since).toBe(1_000);
  contact.held();
  contact.failed({ kind: 'silent', silenceMs: 4_000 }, 9_000);
  expect(contact.since).toBe(5_000);
});

test('a list is made anew at 410 and after six failures in a row', () => {
  expect(new Contact(BACKOFF).failed(refused(410), 0).relist).toBe(true);
  const contact = new Contact(BACKOFF);
  const relists = Array.from({ length: 7 }, () => contact.failed(BROKEN, 0).relist);
  expect(relists).toEqual([false, false, false, false, false, true, false]);
});
