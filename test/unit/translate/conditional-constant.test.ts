import { describe, expect, test } from 'vitest';
import { decode } from '../../../src/protos/index.ts';
import { constant, substitution } from '../../../src/translate/conditional-constant.ts';

const TEXTS = { 'cache-control': 'private, no-store', vary: 'x-preview, cookie' };

const decoded = (text: string) => decode('google.protobuf.Value', Buffer.from(text, 'base64')).structValue!.fields!;
const letters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'];

describe('texts for header_to_metadata', () => {
  test('are a Struct in base64', () => {
    expect(decoded(constant(TEXTS))).toMatchObject({ vary: { stringValue: 'x-preview, cookie' } });
  });

  test.each(letters)('can be made to depend on a group that holds %s', (letter) => {
    const pattern = substitution(TEXTS);
    expect(decoded(pattern.replace('\\1', letter))).toMatchObject({
      'cache-control': { stringValue: 'private, no-store' },
      vary: { stringValue: 'x-preview, cookie' },
    });
    // No base64 is of this length, with padding or without.
    expect(pattern.replace('\\1', '').length % 4).toBe(1);
  });

  test.each([0, 1, 2, 3, 4, 5])('can be, whatever their length (%i)', (length) => {
    const pattern = substitution({ text: 'x'.repeat(length) });
    expect(decoded(pattern.replace('\\1', 'q'))).toMatchObject({ text: { stringValue: 'x'.repeat(length) } });
    expect(pattern.replace('\\1', '').length % 4).toBe(1);
  });
});
