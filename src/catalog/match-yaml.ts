import { parseDocument } from 'yaml';
import { nearest } from '../nearest.ts';
import { MatchRefusal, PATH_KINDS, readMethod, readName, readPath, readTest, TEST_KINDS } from './match-values.ts';
import type { Condition, ConditionSource, PathCondition } from './model.ts';

export interface WrittenMatch {
  readonly path?: PathCondition | undefined;
  readonly method?: string | undefined;
  readonly conditions: readonly Condition[];
}

const SECTIONS: Readonly<Record<string, ConditionSource>> = {
  headers: 'header',
  cookies: 'cookie',
  baggage: 'baggage',
  query: 'query',
};
const FIELDS = ['method', 'path', ...Object.keys(SECTIONS)];
const FLAGS = ['present', 'absent', 'ignore-case'];

type Mapping = ReadonlyMap<string, unknown>;

/**
 * Reads the YAML form of a match. Scalars are text, whatever they look like: `v: 2` and `v: "2"` are the same.
 *
 * @throws MatchRefusal
 */
export function readYamlMatch(text: string): WrittenMatch {
  const fields = mappingOf('it', parse(text), FIELDS);
  const path = fields.has('path') ? readPathField(fields.get('path')) : undefined;
  const method = fields.has('method') ? readMethod(textOf('method', fields.get('method'))) : undefined;
  const conditions = Object.entries(SECTIONS).flatMap(([field, source]) =>
    fields.has(field) ? readSection(field, source, fields.get(field)) : [],
  );
  return { path, method, conditions };
}

function parse(text: string): unknown {
  try {
    const document = parseDocument(text, { schema: 'failsafe', stringKeys: true, prettyErrors: false });
    const [fault] = [...document.errors, ...document.warnings];
    if (fault === undefined) return document.toJS({ mapAsMap: true, maxAliasCount: 0 });
    throw unreadable(fault.message);
  } catch (error) {
    if (error instanceof MatchRefusal) throw error;
    // An alias, or brackets so deep that the parser gives up.
    throw unreadable((error as Error).message);
  }
}

function unreadable(why: string): MatchRefusal {
  return new MatchRefusal(
    `it cannot be read as YAML: ${why.split('\n')[0]!.replace(/\.$/, '')}.`,
    'Write name=value, or a mapping such as "headers: { x-user: alice }", without anchors and tags.',
  );
}

function mappingOf(field: string, value: unknown, known?: readonly string[]): Mapping {
  if (!(value instanceof Map)) {
    throw new MatchRefusal(
      `${field} is ${quoted(value)} and no mapping.`,
      known === undefined ? 'Write { NAME: VALUE }.' : `Write a mapping of ${known.join(', ')}.`,
    );
  }
  for (const name of value.keys() as Iterable<string>) {
    if (known === undefined || known.includes(name)) continue;
    const near = nearest(name, known);
    throw new MatchRefusal(
      `${field} has ${JSON.stringify(name)}, which is unknown.`,
      near === undefined ? `Known are ${known.join(', ')}.` : `Did you mean ${near}?`,
    );
  }
  if (value.size === 0) throw new MatchRefusal(`${field} is empty.`, 'Write a condition, or remove it.');
  return value;
}

function textOf(field: string, value: unknown): string {
  if (typeof value === 'string') return value;
  throw new MatchRefusal(`${field} is ${quoted(value)} and no text.`, 'Write one value.');
}

function quoted(value: unknown): string {
  return value instanceof Map ? 'a mapping' : Array.isArray(value) ? 'a list' : JSON.stringify(value);
}

function readPathField(value: unknown): PathCondition {
  if (typeof value === 'string') return readPath('exact', value);
  const [[kind, text], ...others] = [...mappingOf('path', value, PATH_KINDS)] as [[string, unknown]];
  if (others.length > 0)
    throw new MatchRefusal('path has several conditions.', `Write one of ${PATH_KINDS.join(', ')}.`);
  return readPath(kind as PathCondition['kind'], textOf(`path.${kind}`, text));
}

function readSection(field: string, source: ConditionSource, value: unknown): readonly Condition[] {
  return [...mappingOf(field, value)].flatMap(([written, tests]) => {
    const name = readName(source, written);
    return readTests(`${field}.${written}`, source, tests).map((test) => Object.freeze({ source, name, test }));
  });
}

/** Each of the tests on one value: `alice` for short, or `{ prefix: gold, ignore-case: true }`. */
function readTests(field: string, source: ConditionSource, value: unknown): readonly Condition['test'][] {
  if (typeof value === 'string') return [readTest(source, 'exact', value, false)];
  const tests = mappingOf(field, value, [...TEST_KINDS, ...FLAGS]);
  for (const flag of FLAGS) {
    if (!tests.has(flag) || tests.get(flag) === 'true') continue;
    throw new MatchRefusal(
      `${field}.${flag} is ${quoted(tests.get(flag))}.`,
      flag === 'present' ? 'Write present: true, or absent: true.' : `Write ${flag}: true, or remove it.`,
    );
  }
  const ignoreCase = tests.has('ignore-case');
  const found: Condition['test'][] = TEST_KINDS.filter((kind) => tests.has(kind)).map((kind) =>
    readTest(source, kind, textOf(`${field}.${kind}`, tests.get(kind)), ignoreCase),
  );
  if (ignoreCase && found.length === 0) {
    throw new MatchRefusal(`${field} has ignore-case and nothing to compare.`, `Add one of ${TEST_KINDS.join(', ')}.`);
  }
  if (tests.has('absent') && tests.size > 1) {
    throw new MatchRefusal(`${field} is to be absent and more.`, 'Write absent: true alone.');
  }
  if (tests.has('absent')) return [Object.freeze({ kind: 'absent' })];
  return tests.has('present') ? [...found, Object.freeze({ kind: 'present' })] : found;
}
