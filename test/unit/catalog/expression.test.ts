import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readExpression } from '../../../src/catalog/expression.ts';

function read(text: string, excluded = ''): string {
  const reading = readExpression(text, excluded);
  return 'expression' in reading ? reading.expression : `refused: ${reading.wrong}`;
}

describe('an expression', () => {
  it.each([
    'pr-[0-9]+',
    'a|b|',
    '(a|(?:b))*?',
    '[^a-z_]{2,5}',
    'a{3,}b{2}c??',
    '\\d\\w\\s\\D\\.\\\\\\[',
    '[\\d\\]\\-a]',
    'a\\$',
  ])('is taken: %s', (text) => {
    expect(read(text)).toBe(text.replace('\\D', '[^\\d]'));
  });

  it.each([
    ['^a$', 'a'],
    ['^a|b$', 'a|b'],
    ['a\\\\$', 'a\\\\'],
  ])('stands for the whole value anyway: %s is %s', (text, same) => {
    expect(read(text)).toBe(same);
  });

  it.each([
    ['a.b*', 'a[^,;]b*'],
    ['[^a]+', '[^a,;]+'],
    ['\\S\\W', '[^\\s,;][^\\w,;]'],
    ['[^a-][^-a][-a]', '[^a\\-,;][^\\-a,;][\\-a]'],
  ])('of a member never reaches beyond it: %s becomes %s', (text, narrow) => {
    expect(read(text, ',;')).toBe(narrow);
  });

  it.each([
    ['(?=a)', '(?= is a lookaround'],
    ['(?!a)', '(?! is a lookaround'],
    ['(?i)a', '(?i is a lookaround, a flag'],
    ['(?P<n>a)', '(?P is a lookaround, a flag or a name'],
    ['(a)\\1', '\\1 is a backreference, which RE2 has not'],
    ['\\bа', 'not made of printable ASCII'],
    ['\\ba', '\\b is not accepted'],
    ['a\\', '\\ is not accepted'],
    ['a^b', '^ stands in the middle'],
    ['a$b', '$ stands in the middle'],
    ['*a', '* has nothing to repeat'],
    ['a|+', '+ has nothing to repeat'],
    ['a**', '** repeats a repetition'],
    ['a{2}{3}', '{2}{ repeats a repetition'],
    ['a{', '{ has nothing to repeat, or is no repetition'],
    ['a{51}', '{51} repeats more than 50 times'],
    ['a{1,51}', '{1,51} repeats more than 50 times'],
    ['a{3,2}', '{3,2} repeats from more to fewer times'],
    ['(a', 'it has a ( without its )'],
    ['a)', 'it has a ) without its ('],
    ['[a', 'it has a [ without its ]'],
    ['a]', 'it has a ] without its beginning'],
    ['[]', 'it has an empty class'],
    ['[^]', 'it has an empty class'],
    ['[z-a]', 'it has a range that is none'],
    ['[\\d-z]', 'it has a range that is none'],
    ['[a-c-e]', '- in the middle of a class'],
    ['[[:alpha:]]', '[ in a class has to be written \\['],
    ['[\\S]', '\\S is not accepted in a class'],
    ['(a{50}){50}', 'it is too large, repetitions counted'],
    ['((((.{9}){9}){9}){9})', 'it is too large, repetitions counted'],
    ['a'.repeat(201), 'it is longer than 200 characters'],
    ['', 'not made of printable ASCII'],
    ['^$', 'it is empty'],
    ['$', 'it is empty'],
    ['^', 'it is empty'],
  ])('is refused: %s', (text, sentence) => {
    expect(read(text)).toMatch(/^refused: /);
    expect(read(text)).toContain(sentence);
  });

  it.each(['a,b', 'a\\,b', '[a,]', '[+-9]'])('of a member is refused that asks for what ends one: %s', (text) => {
    expect(read(text, ',;')).toBe('refused: no such value contains ","');
  });

  it('that is taken is one to JavaScript too, and of a member matches no more than its own value', () => {
    const piece = fc.constantFrom(...'ab.,;|()[]^$*+?{}-\\0129dwsDWS', '(?:', '[^', '{1,2}', '\\d');
    let taken = 0;
    fc.assert(
      fc.property(
        fc.array(piece, { minLength: 1, maxLength: 8 }),
        fc.string({ unit: fc.constantFrom(...'ab,;') }),
        (pieces, value) => {
          const reading = readExpression(pieces.join(''), ',;');
          if ('wrong' in reading) return;
          taken++;
          const matches = new RegExp(`^(?:${reading.expression})$`).test(value);
          expect(matches && /[,;]/.test(value)).toBe(false);
        },
      ),
      { numRuns: 5000 },
    );
    expect(taken).toBeGreaterThan(500);
  });
});
