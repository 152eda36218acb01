import type { Resource, ResourceName } from './resource.ts';

export interface TableUpdate {
  readonly set: readonly Resource[];
  readonly remove: readonly ResourceName[];
}

/** A resource or its absence, by type URL, then by name. */
export type ByName = ReadonlyMap<string, ReadonlyMap<string, Resource | undefined>>;

/** Resources by type and name. */
export class Table {
  readonly #types = new Map<string, Map<string, Resource>>();

  get(typeUrl: string, name: string): Resource | undefined {
    return this.#types.get(typeUrl)?.get(name);
  }

  names(typeUrl: string): Iterable<string> {
    return this.#types.get(typeUrl)?.keys() ?? [];
  }

  has(typeUrl: string): boolean {
    return this.#types.has(typeUrl);
  }

  get isEmpty(): boolean {
    return this.#types.size === 0;
  }

  /**
   * A name that is both removed and set is set. A resource of the same version stays, with all that is cached for it.
   * @returns what stood here before, for each name that differs now.
   */
  apply(update: TableUpdate): ByName {
    const replaced = new Map<string, Map<string, Resource | undefined>>();
    for (const [typeUrl, names] of wanted(update)) {
      for (const [name, resource] of names) {
        const before = this.get(typeUrl, name);
        if (before?.version === resource?.version) continue;
        innerMap(replaced, typeUrl).set(name, before);
        if (resource === undefined) this.#types.get(typeUrl)?.delete(name);
        else innerMap(this.#types, typeUrl).set(name, resource);
      }
      if (this.#types.get(typeUrl)?.size === 0) this.#types.delete(typeUrl);
    }
    return replaced;
  }
}

function wanted({ set, remove }: TableUpdate): ByName {
  const wanted = new Map<string, Map<string, Resource | undefined>>();
  for (const { typeUrl, name } of remove) innerMap(wanted, typeUrl).set(name, undefined);
  for (const resource of set) innerMap(wanted, resource.typeUrl).set(resource.name, resource);
  return wanted;
}

function innerMap<V>(outer: Map<string, Map<string, V>>, key: string): Map<string, V> {
  let inner = outer.get(key);
  if (inner === undefined) {
    inner = new Map();
    outer.set(key, inner);
  }
  return inner;
}
