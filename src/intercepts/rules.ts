import type { Condition, Match, PathCondition, Preview, ValueTest } from '../catalog/model.ts';
import type { Intercept, Rule } from './intercept.ts';
import { byRulePrecedence } from './precedence.ts';

/**
 * Of one baseline. Each request to it may have to be compared with every one of them; keys, of which there may be any
 * number, cost it nothing.
 */
export const MOST_RULES = 50;

export interface OrderedRules {
  readonly rules: readonly Rule[];
  /** Rules that no request comes to, each with one that takes all of its requests. */
  readonly hidden: readonly { readonly earlier: Preview; readonly later: Preview }[];
}

/** The rules of a baseline's previews, in order of precedence. */
export function orderRules(intercepts: readonly Intercept[]): OrderedRules {
  const ruled = intercepts
    .flatMap(({ preview, rule }) => (rule === undefined ? [] : [{ preview, rule, match: rule.match }]))
    .sort(byRulePrecedence);
  const hidden = ruled.flatMap((later, index) => {
    const earlier = ruled.slice(0, index).find(({ match }) => covers(match, later.match));
    return earlier === undefined ? [] : [{ earlier: earlier.preview, later: later.preview }];
  });
  return { rules: Object.freeze(ruled.map(({ rule }) => rule)), hidden };
}

/**
 * Whether all that the second matches the first does too, as far as their conditions show one by one. Expressions are
 * compared as texts only.
 */
export function covers(wide: Match, narrow: Match): boolean {
  if (wide.method !== undefined && wide.method !== narrow.method) return false;
  if (wide.path !== undefined && !coversPath(wide.path, narrow.path)) return false;
  return wide.conditions.every((each) => narrow.conditions.some((other) => follows(each, other)));
}

function coversPath(wide: PathCondition, narrow: PathCondition | undefined): boolean {
  if (wide.kind === 'prefix' && wide.value === '/') return true;
  if (narrow === undefined) return false;
  if (wide.kind === narrow.kind && wide.value === narrow.value) return true;
  return wide.kind === 'prefix' && narrow.kind !== 'regex' && isUnder(wide.value, narrow.value);
}

/** Whether a path is the other or lies under it, by whole segments. */
export function isUnder(prefix: string, path: string): boolean {
  return prefix === '/' || path === prefix || path.startsWith(`${prefix}/`);
}

/** Whether the one holds wherever the other does. */
function follows(one: Condition, other: Condition): boolean {
  return one.source === other.source && one.name === other.name && testFollows(one.test, other.test);
}

function testFollows(one: ValueTest, other: ValueTest): boolean {
  if (!('value' in one)) return one.kind === other.kind || (one.kind === 'present' && 'value' in other);
  if (!('value' in other)) return false;
  if (other.ignoreCase && !one.ignoreCase) return false;
  if (one.kind === 'regex' || other.kind === 'regex') return one.kind === other.kind && one.value === other.value;
  const fold = (text: string) => (one.ignoreCase ? text.toLowerCase() : text);
  const [value, known] = [fold(one.value), fold(other.value)];
  const same = other.kind === 'exact' || other.kind === one.kind;
  switch (one.kind) {
    case 'exact':
      return other.kind === 'exact' && known === value;
    case 'prefix':
      return same && known.startsWith(value);
    case 'suffix':
      return same && known.endsWith(value);
    case 'contains':
      return known.includes(value);
    default:
      return one.kind satisfies never;
  }
}
