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

/** The resources that intercepts of one baseline are made of. */
export interface Carriers {
  /** The Clusters and ClusterLoadAssignments of the baseline, which every preview is part of. */
  readonly own: readonly ResourceName[];
  /** What stands for previews of another protocol. */
  readonly bridges: readonly ResourceName[];
  /** The Clusters and ClusterLoadAssignments of mirrors. */
  readonly mirrors: readonly ResourceName[];
  /** The RouteConfigurations, which say rules and mirrors. */
  readonly routes: readonly ResourceName[];
}

/** The intercepts of one baseline, those that redirect before those that copy. */
export function ridingOn(
  { intercepts, ports }: BaselineIntercepts,
  { own, bridges, mirrors, routes }: Carriers,
): readonly Riding[] {
  const keys = (...resources: (readonly ResourceName[])[]) => resources.flat().map(keyOf);
  const byTitle = new Lists<string, string>();
  const bridged = new Lists<Preview, string>();
  const mirrored = new Lists<Preview, string>();
  for (const { port, ...each } of ports) {
    const on = ({ address, port: number }: { address: string; port: number }) => `${port.port}=${address}:${number}`;
    for (const entry of each.entries) for (const title of entry.titles) byTitle.add(title, on(entry));
    for (const { preview, endpoints } of each.bridges) bridged.add(preview, ...endpoints.map(on));
    for (const { preview, endpoints } of each.mirrors) mirrored.add(preview, ...endpoints.map(on));
  }
  const redirecting = intercepts.map(({ preview, subsets, rule }): Riding => {
    const addresses = [...byTitle.of(titleOf(preview)), ...bridged.of(preview)];
    const resources = keys(own, bridged.has(preview) ? bridges : [], rule === undefined ? [] : routes);
    const content = JSON.stringify([subsets, rule, preview.whenUnready, addresses]);
    return { preview, endpoints: addresses.length, resources, content };
  });
  const copying = mirrored.entries().map(([preview, addresses]): Riding => {
    const content = JSON.stringify([preview.key, preview.match, preview.mirror, addresses]);
    return { preview, endpoints: addresses.length, resources: keys(own, mirrors, routes), content };
  });
  return [...redirecting, ...copying];
}

/** Lists by what they belong to. */
class Lists<Key, Item> {
  readonly #lists = new Map<Key, Item[]>();

  add(key: Key, ...items: readonly Item[]): void {
    const list = this.#lists.get(key) ?? [];
    this.#lists.set(key, list);
    list.push(...items);
  }

  has(key: Key): boolean {
    return this.#lists.has(key);
  }

  of(key: Key): readonly Item[] {
    return this.#lists.get(key) ?? [];
  }

  entries(): readonly (readonly [Key, readonly Item[]])[] {
    return [...this.#lists];
  }
}
