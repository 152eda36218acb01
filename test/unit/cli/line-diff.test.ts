import fc from 'fast-check';
import { expect, it } from 'vitest';
import { lineDiff } from '../../../src/cli/line-diff.ts';

const shown = (before: string, after: string) => lineDiff(before, after).map(({ sign, text }) => sign + text);

it('shows what went and what came, with three lines around, and marks where lines are left out', () => {
  const lines = [...'abcdefghijklm'];
  const after = lines.toSpliced(6, 1, 'G', 'G2');
  expect(shown(`${lines.join('\n')}\n`, `${after.join('\n')}\n`)).toEqual([
    '…',
    ' d',
    ' e',
    ' f',
    '-g',
    '+G',
    '+G2',
    ' h',
    ' i',
    ' j',
    '…',
  ]);
});

it('shows nothing of what is the same', () => {
  expect(shown('a\nb\n', 'a\nb\n')).toEqual(['…']);
  expect(shown('', '')).toEqual([]);
});

it('shows texts that come or go whole', () => {
  expect(shown('', 'a\nb\n')).toEqual(['+a', '+b']);
  expect(shown('a\nb\n', '')).toEqual(['-a', '-b']);
});

it('takes as few lines as there are, and leads from the one text to the other', () => {
  const text = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 6 });
  fc.assert(
    fc.property(text, text, (a, b) => {
      const lines = lineDiff(a.join('\n'), b.join('\n'));
      const whole = lines.every(({ sign }) => sign !== '…');
      const kept = lines.filter(({ sign }) => sign === ' ').length;
      const side = (sign: string) =>
        lines.flatMap((line) => (line.sign === sign || line.sign === ' ' ? line.text : []));
      if (whole) expect([side('-'), side('+')]).toEqual([a, b]);
      const changed = lines.filter(({ sign }) => sign === '-' || sign === '+').length;
      expect(changed).toBe(a.length + b.length - 2 * longestCommon(a, b));
      expect(kept).toBeLessThanOrEqual(longestCommon(a, b));
    }),
  );
});

it('gives up finding the fewest where two long texts have little in common', () => {
  const text = (word: string) => Array.from({ length: 3000 }, (_, index) => `${word}${index}`).join('\n');
  expect(lineDiff(text('a'), text('b'))).toHaveLength(6000);
});

function longestCommon(a: readonly string[], b: readonly string[]): number {
  if (a.length === 0 || b.length === 0) return 0;
  if (a[0] === b[0]) return 1 + longestCommon(a.slice(1), b.slice(1));
  return Math.max(longestCommon(a.slice(1), b), longestCommon(a, b.slice(1)));
}
