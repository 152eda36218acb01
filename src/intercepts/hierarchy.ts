import type { CatalogView } from '../catalog/catalog.ts';
import { ancestorsOf } from '../catalog/names.ts';
import { compareText } from './precedence.ts';

/**
 * How many keys one preview may inherit. Each is named on each of its endpoints, and who declares keys need have no part in
 * the Service.
 */
export const MOST_INHERITED = 500;

/**
 * The keys that a preview answers to besides its own, where it is a fallback: the declared keys below its key of which
 * the Service has no nearer preview. So `checkout` serves `checkout.alice` in each Service that `checkout.alice` does not
 * copy. A key that nobody declared is in no list, and its requests reach the baseline.
 *
 * @param keys those of all previews that the Service has.
 */
export function inheritedKeys(key: string, keys: ReadonlySet<string>, catalog: DeclaredKeys): InheritedKeys {
  const all = [...catalog.declaredBelow(key)].filter((each) => {
    if (keys.has(each)) return false;
    return ancestorsOf(each).find((ancestor) => keys.has(ancestor)) === key;
  });
  if (all.length <= MOST_INHERITED) return { taken: all.sort(compareText), leftOut: [] };
  const ages = new Map(all.map((each) => [each, catalog.declaredAt(each)]));
  all.sort((a, b) => ages.get(a)! - ages.get(b)! || compareText(a, b));
  return { taken: all.slice(0, MOST_INHERITED).sort(compareText), leftOut: all.slice(MOST_INHERITED) };
}

export interface InheritedKeys {
  /** In the order of their text, whatever the order in which they were declared: replicas have to agree. */
  readonly taken: readonly string[];
  /** What is beyond the bound, the younger ones: their requests reach the baseline. */
  readonly leftOut: readonly string[];
}

type DeclaredKeys = Pick<CatalogView, 'declaredBelow' | 'declaredAt'>;
