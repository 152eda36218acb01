import type { Identity } from '../catalog/model.ts';

/**
 * The one order of conflicts, the same on every replica and the Gateway API's for HTTPRoute: the older object first, then
 * by namespace and name. An object that does not tell its age, as in a file written by hand, comes after those that do.
 */
export function byPrecedence(a: Identity, b: Identity): number {
  const [ageOfA, ageOfB] = [a.createdAt ?? Number.MAX_VALUE, b.createdAt ?? Number.MAX_VALUE];
  return ageOfA - ageOfB || compareText(a.id, b.id);
}

/** By code units: a locale would make replicas disagree. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
