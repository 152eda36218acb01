import { describe, expect, it } from 'vitest';
import { readMode } from '../../../src/catalog/mode.ts';

const mirror = (percentage?: string) =>
  readMode({ 'shunt.dev/mode': 'mirror', ...(percentage === undefined ? {} : { 'shunt.dev/percentage': percentage }) });
const messages = (annotations: Record<string, string>) => readMode(annotations).wrong.map(({ message }) => message);

describe('the mode of a preview', () => {
  it('is to have requests redirected to it, unless it says otherwise', () => {
    expect(readMode({})).toEqual({ wrong: [] });
    expect(readMode({ 'shunt.dev/mode': ' redirect ' })).toEqual({ wrong: [] });
    expect(mirror()).toEqual({ mirror: { perMillion: 1_000_000 }, wrong: [] });
  });

  it.each([
    ['5', 50_000],
    ['0.5%', 5_000],
    ['100', 1_000_000],
    ['100.0000 %', 1_000_000],
    ['0.0001', 1],
    [' 33.3% ', 333_000],
  ])('may be to get copies of a percentage of them: %s', (text, perMillion) => {
    expect(mirror(text)).toEqual({ mirror: { perMillion }, wrong: [] });
  });

  it.each(['', '0', '0.00001', '100.1', '-5', '5%%', '1e2', 'half', '0,5', '.5'])(
    'is wrong with the percentage %j',
    (text) => {
      expect(mirror(text).wrong).toMatchObject([{ code: 'percentage-invalid' }]);
      expect(mirror(text).wrong[0]!.message).toContain(`is ${JSON.stringify(text)}, which is no percentage.`);
    },
  );

  it('is wrong with another word, and with what belongs to the other mode', () => {
    expect(messages({ 'shunt.dev/mode': 'copy' })).toEqual(['the annotation shunt.dev/mode is "copy".']);
    expect(messages({ 'shunt.dev/percentage': '5' })).toEqual([
      'the annotation shunt.dev/percentage is of no use in a preview that requests are redirected to.',
    ]);
    expect(messages({ 'shunt.dev/mode': 'mirror', 'shunt.dev/when-unready': 'deny' })).toEqual([
      'the annotation shunt.dev/when-unready is of no use in a preview that gets copies only.',
    ]);
  });
});
