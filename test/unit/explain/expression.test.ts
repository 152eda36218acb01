import { expect, it } from 'vitest';
import { matchesWhole, replaceMatches } from '../../../src/explain/envoy/expression.ts';

it('an expression sees bytes, as in Envoy', () => {
  expect(matchesWhole('..', 'é')).toBe(true);
  expect(matchesWhole('.', 'é')).toBe(false);
  expect(replaceMatches('^a(.*)$|^.*$', '\\1', 'aé')).toBe('é');
});

it('a substitution takes what groups matched, and nothing for those that did not', () => {
  expect(replaceMatches('^(?:(a)|(b))c$|^.*$', '<\\1\\2>', 'bc')).toBe('<b>');
  expect(replaceMatches('^(a)$|^.*$', '\\1', 'other')).toBe('');
  expect(replaceMatches('x', '-', 'axbx')).toBe('a-b-');
});

it('no expression keeps it busy', () => {
  expect(matchesWhole('(?:(?:a+)+)+b', 'a'.repeat(20_000))).toBe(false);
});
