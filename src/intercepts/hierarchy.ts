import { ancestorsOf } from '../catalog/names.ts';

/**
 * The keys that a preview answers to besides its own, where it is a fallback: the declared keys below its key of which
 * the Service has no nearer preview. So `checkout` serves `checkout.alice` in each Service that `checkout.alice` does not
 * copy. A key that nobody declared is in no list, and its requests reach the baseline.
 *
 * @param keys those of all previews that the Service has.
 * @param declaredBelow the declared keys below `key`, at any depth.
 */
export function inheritedKeys(
  key: string,
  keys: ReadonlySet<string>,
  declaredBelow: Iterable<string>,
): readonly string[] {
  return [...declaredBelow].filter((each) => {
    if (keys.has(each)) return false;
    return ancestorsOf(each).find((ancestor) => keys.has(ancestor)) === key;
  });
}
