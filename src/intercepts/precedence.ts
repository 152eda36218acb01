import type { Identity, Match, PathCondition } from '../catalog/model.ts';

/**
 * The one order of conflicts, the same on every replica and the Gateway API's for HTTPRoute: the older object first, then
 * by namespace and name. An object that does not tell its age, as in a file written by hand, comes after those that do.
 */
export function byPrecedence(a: Identity, b: Identity): number {
  const [ageOfA, ageOfB] = [a.createdAt ?? Number.MAX_VALUE, b.createdAt ?? Number.MAX_VALUE];
  return ageOfA - ageOfB || compareText(a.id, b.id);
}

/**
 * The order of the rules of one baseline, the Gateway API's for HTTPRoute: the more specific first. An exact path, then an
 * expression, then a prefix, of two alike the longer; then a method; then more conditions on headers, which cookies and
 * baggage are; then more on the query. Between equals the objects decide.
 */
export function byRulePrecedence(a: Ruled, b: Ruled): number {
  const [ranksOfA, ranksOfB] = [ranks(a.match), ranks(b.match)];
  const difference = ranksOfA.map((rank, index) => ranksOfB[index]! - rank).find((each) => each !== 0);
  return difference ?? byPrecedence(a.preview, b.preview);
}

export interface Ruled {
  readonly preview: Identity;
  readonly match: Match;
}

/** The greater the more specific. */
function ranks({ path = EVERY_PATH, method, conditions }: Match): readonly number[] {
  const onQuery = conditions.filter(({ source }) => source === 'query').length;
  const kind = PATH_KINDS.indexOf(path.kind);
  return [kind, path.value.length, Number(method !== undefined), conditions.length - onQuery, onQuery];
}

const EVERY_PATH: PathCondition = { kind: 'prefix', value: '/' };
const PATH_KINDS: readonly PathCondition['kind'][] = ['prefix', 'regex', 'exact'];

/** By code units: a locale would make replicas disagree. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
