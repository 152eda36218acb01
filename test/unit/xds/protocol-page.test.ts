import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const page = readFileSync(join(root, 'docs/xds-protocol.md'), 'utf8');

/** A rule of the page, and what stands below it. */
interface Rule {
  readonly section: number;
  readonly number: string;
  readonly proofs: readonly { readonly file: string; readonly title: string }[];
  readonly reasons: readonly string[];
}

const REASON = /^Not (?:for a server|used|offered)[.:]/;
const rules = page
  .split(/^## (?=\d)/m)
  .slice(1)
  .flatMap(rulesOf);

function rulesOf(text: string): readonly Rule[] {
  const section = Number.parseInt(text, 10);
  return text
    .split(/^- (?=\*\*)/m)
    .slice(1)
    .map((entry) => {
      const below = [...entry.matchAll(/^ {2}- (.*)$/gm)].map(([, line]) => line!);
      return {
        section,
        number: /^\*\*([\d.]+)\*\* \S/.exec(entry)?.[1] ?? entry,
        proofs: below.flatMap((line) => {
          const [, file, title] = /^`(test\/[^`]+)`: (.+)$/.exec(line) ?? [];
          return file === undefined || title === undefined ? [] : [{ file, title }];
        }),
        reasons: below.filter((line) => !line.startsWith('`test/')),
      };
    });
}

/** The names of the tests in a file, each after that of its group: what stands in quotes between one `describe` and the next. */
function testsIn(file: string): ReadonlySet<string> {
  const groups = readFileSync(join(root, file), 'utf8')
    .split(/^describe/m)
    .slice(1);
  return new Set(
    groups.flatMap((group) => {
      const quoted = group.matchAll(/(?<=[\s(])(?:'((?:[^'\\\n]|\\.)+)'|"((?:[^"\\\n]|\\.)+)")(?=[,:])/g);
      const titles = Array.from(quoted, ([, single, double]) => (single ?? double)!.replace(/\\(.)/g, '$1'));
      const name = /\((['"])(.*)\1, (?:async )?\(/.exec(group)?.[2];
      return titles.map((title) => `${name} > ${title}`);
    }),
  );
}

function isTest(file: string, fullName: string): boolean {
  return existsSync(join(root, file)) && testsIn(file).has(fullName);
}

describe('the protocol page', () => {
  it('numbers its rules one after the other', () => {
    const sections = Map.groupBy(rules, ({ section }) => section);
    expect([...sections.keys()]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    for (const [section, { length }] of sections) {
      const numbers = Array.from({ length }, (_, index) => `${section}.${index + 1}`);
      expect(sections.get(section)!.map(({ number }) => number)).toEqual(numbers);
    }
  });

  it.each(rules)('proves rule $number by a test, or says why it need not', ({ proofs, reasons }) => {
    expect(proofs.length + reasons.length).toBeGreaterThan(0);
    expect(reasons.filter((reason) => !REASON.test(reason))).toEqual([]);
  });

  it.each(rules.filter(({ proofs }) => proofs.length > 0))('names tests for rule $number that exist', ({ proofs }) => {
    expect(proofs.filter(({ file, title }) => !isTest(file, title))).toEqual([]);
  });

  it('would notice a test that is gone, or in another group', () => {
    const file = 'test/unit/xds/rules.test.ts';
    const title = 'a first request that only gives up names is no wildcard';
    expect(isTest(file, `rules of subscription, in delta > ${title}`)).toBe(true);
    for (const other of ['rules of order', 'rules of subscription, in state of the world'])
      expect(isTest(file, `${other} > ${title}`)).toBe(false);
    expect(isTest(file, `rules of subscription, in delta > ${title} at all`)).toBe(false);
    expect(isTest('test/unit/xds/gone.test.ts', `rules of subscription, in delta > ${title}`)).toBe(false);
  });

  it('explains each rule that code and tests cite by number', () => {
    const short = page.split('## In short')[1]!.split(/^## 1 /m)[0]!;
    expect([...short.matchAll(/^(\d+)\. /gm)].map(([, number]) => Number(number))).toEqual(
      Array.from({ length: 15 }, (_, index) => index + 1),
    );
  });
});
