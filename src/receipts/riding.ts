import type { Preview } from '../catalog/model.ts';
import { type BaselineIntercepts, titleOf } from '../intercepts/intercept.ts';
import type { ResourceName } from '../resources/index.ts';
import { keyOf } from './progress.ts';

/** An intercept and what has to be acknowledged for it to be in force. */
export interface Riding {
  readonly preview: Preview;
  /** How many addresses requests may be sent to now, of all ports. */
  readonly endpoints: number;
  /** By `keyOf`. */
  readonly resources: readonly string[];
  /** Differs whenever what the preview itself is differs: what it takes, and where that goes. */
  readonly content: string;
}

/**
 * The intercepts of one baseline.
 *
 * @param carrying the Clusters and ClusterLoadAssignments of the baseline.
 * @param routes the RouteConfigurations, which previews with rules are part of.
 */
export function ridingOn(
  { intercepts, ports }: BaselineIntercepts,
  carrying: readonly ResourceName[],
  routes: readonly ResourceName[],
): readonly Riding[] {
  const byTitle = new Map<string, string[]>();
  for (const { port, entries } of ports) {
    for (const { titles, address, port: number } of entries) {
      for (const title of titles) {
        const addresses = byTitle.get(title) ?? [];
        byTitle.set(title, addresses);
        addresses.push(`${port.port}=${address}:${number}`);
      }
    }
  }
  const keys = carrying.map(keyOf);
  const withRoutes = [...keys, ...routes.map(keyOf)];
  return intercepts.map(({ preview, subsets, rule }) => {
    const addresses = byTitle.get(titleOf(preview)) ?? [];
    return {
      preview,
      endpoints: addresses.length,
      resources: rule === undefined ? keys : withRoutes,
      content: JSON.stringify([subsets, rule, preview.whenUnready, addresses]),
    };
  });
}
