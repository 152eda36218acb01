import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { formatted } from '../../../src/cli/output.ts';
import { paintFor } from '../../../src/cli/paint.ts';
import { ago, span } from '../../../src/cli/since.ts';
import { table } from '../../../src/cli/table.ts';
import { printable } from '../../../src/cli/terminal-text.ts';

const plain = (_: string, text: string) => text;

/** Everything that a terminal may obey, or that changes how the text around it is read. */
const HOSTILE = [
  '\u001b[2J',
  '\u009b31m',
  '\u0007',
  '\r',
  '\b',
  '\u007f',
  '\u202e',
  '\u2066',
  '\u200b',
  '\u2028',
  '\ufeff',
  '\ud800',
];

const unsafe = /[^\P{C}\n]|\p{Zl}|\p{Zp}/u;

describe('text of unknown origin', () => {
  it.each(HOSTILE)('%j is shown as an escape', (hostile) => {
    expect(printable(`a${hostile}b`)).toMatch(/^a\\u\{[0-9a-f]+\}.*b$/);
    expect(printable(`a${hostile}b`)).not.toMatch(unsafe);
  });

  it('is cut where it is too long, between whole characters', () => {
    expect(printable('x'.repeat(10), 10)).toBe('x'.repeat(10));
    expect(printable('x'.repeat(11), 10)).toBe(`${'x'.repeat(9)}…`);
    expect(printable('🚦'.repeat(11), 10)).toBe(`${'🚦'.repeat(9)}…`);
    expect(printable('x'.repeat(50_000_000), 10)).toHaveLength(10);
  });

  it('is otherwise left as it is', () => {
    expect(printable('Grüße, 世界 🚦')).toBe('Grüße, 世界 🚦');
  });

  it.each(['json', 'yaml'] as const)('means in %s what it meant, and holds nothing that a terminal obeys', (output) => {
    const answer = {
      plain: 'a',
      texts: HOSTILE.filter((text) => text.isWellFormed()),
      [`k${HOSTILE[0]}`]: 'two\nlines',
    };
    const text = formatted(output, answer, () => '');
    expect(text).not.toMatch(unsafe);
    expect(parse(text)).toEqual(answer);
  });
});

describe('a table', () => {
  it('has its columns under each other, whatever is coloured, and a dash for nothing', () => {
    const rows = [
      ['long-name', { text: 'live', colour: 'green' as const }, '1'],
      ['a', undefined, '\u001b[31m'],
    ];
    expect(table(['NAME', 'STATE', 'N'], rows, plain)).toBe(
      ['NAME        STATE   N', 'long-name   live    1', 'a           -       \\u{1b}[31m', ''].join('\n'),
    );
    const coloured = table(['NAME', 'STATE', 'N'], rows, (_, text) => `<${text}>`);
    expect(coloured.replaceAll(/[<>]/g, '')).toBe(table(['NAME', 'STATE', 'N'], rows, plain));
  });
});

describe('colours', () => {
  const stream = (isTTY: boolean) => Object.assign(new Writable(), { isTTY });
  const red = (isTTY: boolean, env = {}) => paintFor(stream(isTTY), env)('red', 'x');

  it('are for terminals', () => {
    expect(red(true)).toBe('\u001b[31mx\u001b[0m');
    expect(red(false)).toBe('x');
  });

  it('are left out for NO_COLOR, unless it is empty, and for a dumb terminal', () => {
    expect(red(true, { NO_COLOR: '1' })).toBe('x');
    expect(red(true, { NO_COLOR: '' })).not.toBe('x');
    expect(red(true, { TERM: 'dumb' })).toBe('x');
  });
});

describe('an age', () => {
  it.each([
    [0, '0s'],
    [119_999, '119s'],
    [120_000, '2m'],
    [7_199_000, '119m'],
    [7_200_000, '2h'],
    [172_800_000, '2d'],
    [-5, '0s'],
  ])('of %d ms is %s', (milliseconds, text) => {
    expect(span(milliseconds)).toBe(text);
  });

  it('of what is to come says so', () => {
    expect(ago('2030-01-01T00:01:00Z', Date.parse('2030-01-01T00:00:00Z'))).toBe('in 60s');
    expect(ago(undefined, 0)).toBeUndefined();
  });
});
