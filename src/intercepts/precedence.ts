import type { Identity } from '../catalog/model.ts';

/**
 * The one order of conflicts, the same on every replica and the Gateway API's for HTTPRoute: the older object first,
 * where both tell their age; else by namespace and name.
 */
export function byPrecedence(a: Identity, b: Identity): number {
  if (a.createdAt !== undefined && b.createdAt !== undefined && a.createdAt !== b.createdAt) {
    return a.createdAt - b.createdAt;
  }
  return compareText(a.id, b.id);
}

/** By code units: a locale would make replicas disagree. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
