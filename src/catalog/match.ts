import { MatchRefusal, readName, readTest } from './match-values.ts';
import { readYamlMatch, type WrittenMatch } from './match-yaml.ts';
import type { Condition, Match } from './model.ts';
import { ANNOTATIONS } from './names.ts';

export type MatchReading = { readonly match: Match } | { readonly wrong: string; readonly advice: string } | undefined;

/** Far above any match that is meant to be read by a person. */
const LONGEST = 4096;

/** What one rule may cost each request, and each of its baseline's resources. */
export const MOST_CONDITIONS = 8;

/**
 * Reads `shunt.dev/match`: `name=value` for one header and its whole value, which may contain `=`; or YAML (see
 * `readYamlMatch`). Spaces around name and value do not count.
 */
export function readMatch(text: string | undefined): MatchReading {
  if (text === undefined) return undefined;
  const quoted = `the annotation ${ANNOTATIONS.match} is ${JSON.stringify(text.slice(0, 80))}${text.length > 80 ? '…' : ''}`;
  try {
    if (text.length > LONGEST) {
      throw new MatchRefusal(`it is longer than ${LONGEST} characters.`, 'Use fewer conditions, or shorter ones.');
    }
    return { match: complete(isYaml(text) ? readYamlMatch(text) : readShort(text)) };
  } catch (error) {
    if (!(error instanceof MatchRefusal)) throw error;
    return { wrong: `${quoted}: ${error.message}`, advice: error.advice };
  }
}

/** A name of a header has no `:`, and a value only one line. */
function isYaml(text: string): boolean {
  const trimmed = text.trim();
  return /^[{[#]|\n/.test(trimmed) || /^[^=]*:(\s|$)/.test(trimmed);
}

function readShort(text: string): WrittenMatch {
  const equals = text.indexOf('=');
  if (equals === -1) {
    throw new MatchRefusal(
      'it has no =.',
      'Write NAME=VALUE with the name of a header and its whole value, such as x-user=alice, or YAML.',
    );
  }
  const name = readName('header', text.slice(0, equals).trim());
  return {
    conditions: [{ source: 'header', name, test: readTest('header', 'exact', text.slice(equals + 1).trim(), false) }],
  };
}

function complete({ path, method, conditions }: WrittenMatch): Match {
  const byText = new Map(conditions.map((condition) => [conditionText(condition), Object.freeze(condition)]));
  if (byText.size > MOST_CONDITIONS) {
    throw new MatchRefusal(
      `it has ${byText.size} conditions on headers, cookies, baggage and query.`,
      `A rule has at most ${MOST_CONDITIONS}.`,
    );
  }
  const sorted = [...byText].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, condition]) => condition);
  return Object.freeze({ path, method, conditions: Object.freeze(sorted) });
}

/** A match as messages call it; equal matches have equal texts. */
export function matchText({ path, method, conditions }: Match): string {
  const parts = conditions.map(conditionText);
  if (path !== undefined) parts.unshift(`path ${path.kind} ${JSON.stringify(path.value)}`);
  if (method !== undefined) parts.unshift(`method ${method}`);
  return parts.join(' and ');
}

/** What must all hold, each as a match of its own. */
export function matchParts({ path, method, conditions }: Match): readonly Match[] {
  return [
    ...(method === undefined ? [] : [{ method, conditions: [] }]),
    ...(path === undefined ? [] : [{ path, conditions: [] }]),
    ...conditions.map((condition) => ({ conditions: [condition] })),
  ];
}

function conditionText({ source, name, test }: Condition): string {
  const what = `${source} ${name}`;
  if (!('value' in test)) return `${what} ${test.kind}`;
  const value = `${JSON.stringify(test.value)}${test.ignoreCase ? ' in any case' : ''}`;
  return test.kind === 'exact' ? `${what}=${value}` : `${what} ${test.kind} ${value}`;
}
