import { expect, it } from 'vitest';
import { Answers } from '../../../src/xds/answers.ts';

const error = { code: 3, message: 'no good' };
const named = (...names: string[]) => names.map((name) => ({ name, version: '1' }));

it('what came with the first answer was accepted then, and what came later, later', () => {
  const answers = new Answers(() => true);
  expect(answers.acceptedAt('a')).toBeUndefined();
  answers.accept(named('a', 'b'), 10);
  answers.accept(named('b', 'c'), 20);
  expect(['a', 'b', 'c'].map((name) => answers.acceptedAt(name))).toEqual([10, 20, 20]);
});

it('what is accepted again after its removal was accepted anew', () => {
  const answers = new Answers(() => true);
  answers.accept(named('a'), 10);
  answers.accept([{ name: 'a', version: undefined }], 20);
  answers.accept(named('a'), 30);
  expect(answers.acceptedAt('a')).toBe(30);
});

it('a refusal lasts until the next update is accepted', () => {
  const answers = new Answers(() => true);
  answers.refuse(named('a', 'b'), error, 10);
  answers.refuse([{ name: 'a', version: '2' }], error, 20);
  answers.accept(named('b'), 30);
  expect(answers.refused('a')).toEqual({ version: '2', error, at: 20 });
  expect(answers.refused('b')).toBeUndefined();
});

it('names that come and go leave nothing behind', () => {
  const wanted = new Set<string>();
  const answers = new Answers((name) => wanted.has(name));
  answers.accept([], 0);
  let kept = 0;
  for (let turn = 1; turn <= 100_000; turn++) {
    wanted.clear();
    wanted.add(`a${turn}`).add(`b${turn}`);
    answers.accept(named(`a${turn}`), turn);
    answers.refuse(named(`b${turn}`), error, turn);
  }
  expect(answers.acceptedAt('a100000')).toBe(100_000);
  expect(answers.refused('b100000')?.at).toBe(100_000);
  for (let turn = 1; turn <= 100_000; turn++) if (answers.refused(`b${turn}`) !== undefined) kept += 1;
  expect(kept).toBeLessThan(2_000);
});
