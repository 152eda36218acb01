import type { Condition, Match, PathCondition, Preview, ValueTest } from '../catalog/model.ts';
import type { Intercept, Rule } from './intercept.ts';
import { commonRequest, type Example } from './overlap.ts';
import { isUnder } from './paths.ts';
import { byRulePrecedence } from './precedence.ts';

/**
 * Of one baseline. Each request to it may have to be compared with every one of them; keys, of which there may be any
 * number, cost it nothing.
 */
export const MOST_RULES = 50;

export interface OrderedRules {
  readonly rules: readonly Rule[];
  /** Rules that no request comes to, each with one that takes all of its requests. */
  readonly hidden: readonly Pair[];
  /** Other rules that lose requests to an earlier one, each with such a request. */
  readonly overlapping: readonly (Pair & { readonly example: Example })[];
}

interface Pair {
  readonly earlier: Preview;
  readonly later: Preview;
}

/** The rules of a baseline's previews, in order of precedence. */
export function orderRules(intercepts: readonly Intercept[]): OrderedRules {
  const ruled = intercepts
    .flatMap(({ preview, rule }) => (rule === undefined ? [] : [{ preview, rule, match: rule.match }]))
    .sort(byRulePrecedence);
  const hidden: Pair[] = [];
  const overlapping: (Pair & { example: Example })[] = [];
  const received: typeof ruled = [];
  for (const later of ruled) {
    const before = received.map((earlier) => ({
      pair: { earlier: earlier.preview, later: later.preview },
      relation: relationOf(earlier.match, later.match),
    }));
    const all = before.find(({ relation }) => relation === 'covers');
    if (all !== undefined) {
      hidden.push(all.pair);
      continue;
    }
    received.push(later);
    for (const { pair, relation } of before) {
      if (typeof relation === 'object') overlapping.push({ ...pair, example: relation });
    }
  }
  return { rules: Object.freeze(ruled.map(({ rule }) => rule)), hidden, overlapping };
}

/** That of a rule to a later one: it takes all of its requests, or some, such as this one, or none that are known. */
type Relation = 'covers' | Example | 'none';

/** Rules are few and stay, while the endpoints beside them are decided again at each of their changes. */
const relations = new WeakMap<Match, WeakMap<Match, Relation>>();

function relationOf(earlier: Match, later: Match): Relation {
  const known = relations.get(earlier) ?? new WeakMap<Match, Relation>();
  relations.set(earlier, known);
  const relation = known.get(later) ?? (covers(earlier, later) ? 'covers' : (commonRequest(earlier, later) ?? 'none'));
  known.set(later, relation);
  return relation;
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
