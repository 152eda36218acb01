import { describe, expect, test } from 'vitest';
import { RequestFailure } from '../../../../src/sources/kubernetes/failure.ts';
import { linesOf } from '../../../../src/sources/kubernetes/lines.ts';
import { readWatchEvent } from '../../../../src/sources/kubernetes/watch-event.ts';
import { bookmark, errorEvent, event, service } from './scripted-api.ts';

function read(value: unknown) {
  return readWatchEvent('Service', typeof value === 'string' ? value : JSON.stringify(value));
}

function failureOf(value: unknown) {
  try {
    read(value);
  } catch (error) {
    if (error instanceof RequestFailure) return error.failure;
    throw error;
  }
  return undefined;
}

describe('an event of a watch', () => {
  test('ADDED and MODIFIED put, DELETED removes, BOOKMARK only moves on', () => {
    const put = { type: 'put', resourceVersion: '7', entry: { record: { name: 'a' } } };
    expect(read(event('ADDED', service('a', '7')))).toMatchObject(put);
    expect(read(event('MODIFIED', service('a', '7')))).toMatchObject(put);
    expect(read(event('DELETED', service('a', '8')))).toEqual({
      type: 'remove',
      ref: { kind: 'Service', namespace: 'shop', name: 'a' },
      resourceVersion: '8',
    });
    expect(read(bookmark('9'))).toEqual({ type: 'bookmark', resourceVersion: '9' });
  });

  test('ERROR fails with what its Status says', () => {
    expect(failureOf(errorEvent(410, 'Expired', 'too old resource version: 1 (5)'))).toEqual({
      kind: 'refused',
      status: 410,
      reason: 'Expired: too old resource version: 1 (5)',
      retryAfterMs: 0,
    });
  });

  test('ERROR may say when to try again', () => {
    const { object } = errorEvent(429, 'TooManyRequests', '');
    const busy = { type: 'ERROR', object: { ...object, details: { retryAfterSeconds: 3 } } };
    expect(failureOf(busy)).toMatchObject({ status: 429, retryAfterMs: 3000 });
  });

  test.each<[string, unknown]>([
    ['cut off', '{"type":"ADDED","obj'],
    ['of an unknown type', event('RENAMED' as 'ADDED', service('a', '7'))],
    ['without a resourceVersion', { type: 'ADDED', object: { metadata: { namespace: 'shop', name: 'a' } } }],
    ['without an object', { type: 'ADDED' }],
    ['without a name', { type: 'ADDED', object: { metadata: { resourceVersion: '7' } } }],
    ['no mapping', 'null'],
  ])('one that is %s is unreadable', (_, line) => {
    expect(failureOf(line)).toMatchObject({ kind: 'unreadable' });
  });
});

describe('lines', () => {
  async function split(...pieces: readonly string[]): Promise<readonly string[]> {
    async function* source() {
      yield* pieces;
    }
    const lines: string[] = [];
    for await (const line of linesOf(source())) lines.push(line);
    return lines;
  }

  test('are put together from pieces of any size', async () => {
    expect(await split('a', 'b\nc', '\n', '\nd\ne\n', 'f')).toEqual(['ab', 'c', 'd', 'e', 'f']);
  });

  test('are none in an empty text', async () => {
    expect(await split()).toEqual([]);
    expect(await split('', '\n')).toEqual([]);
  });
});
