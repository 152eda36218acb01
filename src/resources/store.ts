import { Departed } from './departed.ts';
import type { Resource } from './resource.ts';
import { type ByName, Table, type TableUpdate } from './table.ts';

/** One atomic step from a consistent world to the next. */
export interface ResourceUpdate extends TableUpdate {
  /** For the nodes of one group instead of what everybody gets, by the group's name. */
  readonly groups?: ReadonlyMap<string, TableUpdate>;
}

/** The world as the nodes of some groups see it, always at its latest state. */
export interface View {
  /** Of the step that led to this state: grows with each change of anything, by one. */
  readonly sequence: number;
  get(typeUrl: string, name: string): Resource | undefined;
  /** No name twice. */
  names(typeUrl: string): Iterable<string>;
  /** What stood under a name until a short while ago, if nothing does now. */
  departed(typeUrl: string, name: string): Resource | undefined;
  /** No name twice. */
  departedNames(typeUrl: string): Iterable<string>;
}

/** Names whose resource came, went or has another version, by type URL. */
export type ChangedNames = ReadonlyMap<string, readonly string[]>;

/** What one step changed. */
export interface Changes {
  readonly sequence: number;
  /** What the nodes of these groups see changed: empty if they see nothing of it. To be asked before the next step. */
  of(...groups: readonly string[]): ChangedNames;
}

/**
 * The resources that clients are to have. A resource belongs to everybody, to one group of nodes or, where each node is a
 * group of its own, to one node. A node may be in several groups: the first that has a resource of a type and name stands
 * in place of the following ones, and of everybody's.
 *
 * The store is empty and `synced` is false until the first update, which is the whole world, even if that is empty:
 * before it nothing may be served, since a client would take the missing for the deleted.
 */
export class ResourceStore {
  readonly #common = new Table();
  readonly #groups = new Map<string, Table>();
  readonly #listeners = new Set<(changes: Changes) => void>();
  readonly #departed: Departed;
  #sequence = 0;

  /** @param now milliseconds since whenever: what is gone is remembered for a while. */
  constructor(now: () => number = () => performance.now()) {
    this.#departed = new Departed(now);
  }

  /** Whether the first update has come. */
  get synced(): boolean {
    return this.#sequence > 0;
  }

  /** Of the latest change: 0 before the first update. */
  get sequence(): number {
    return this.#sequence;
  }

  /** Listeners are told before this returns, if anything differs; of the first update in any case. */
  apply(update: ResourceUpdate): Changes {
    const common = this.#applyTo(this.#common, undefined, update);
    const groups = new Map<string, Layer>();
    for (const [group, groupUpdate] of update.groups ?? []) {
      const table = this.#groups.get(group) ?? new Table();
      groups.set(group, this.#applyTo(table, group, groupUpdate));
      if (table.isEmpty) this.#groups.delete(group);
      else this.#groups.set(group, table);
    }
    const news = !this.synced || [common, ...groups.values()].some(({ replaced }) => replaced.size > 0);
    if (news) this.#sequence += 1;
    const layerOf = (group: string): Layer | undefined => {
      const table = this.#groups.get(group);
      return groups.get(group) ?? (table === undefined ? undefined : { table, replaced: UNCHANGED });
    };
    const changes = new Step(this.#sequence, common, layerOf);
    if (news) for (const listener of [...this.#listeners]) listener(changes);
    return changes;
  }

  #applyTo(table: Table, group: string | undefined, update: TableUpdate): Layer {
    const replaced = table.apply(update);
    this.#departed.note(group, replaced, (typeUrl, name) => table.get(typeUrl, name) !== undefined);
    return { table, replaced };
  }

  /** @param groups those that its nodes are in, the first before the others. */
  view(...groups: readonly string[]): View {
    const store = this;
    const own = () => groups.flatMap((group) => store.#groups.get(group) ?? []);
    const layers = [...groups, undefined];
    const get = (typeUrl: string, name: string): Resource | undefined => {
      for (const group of groups) {
        const resource = store.#groups.get(group)?.get(typeUrl, name);
        if (resource !== undefined) return resource;
      }
      return store.#common.get(typeUrl, name);
    };
    return {
      get sequence() {
        return store.#sequence;
      },
      get,
      names: (typeUrl) => {
        const tables = own().filter((table) => table.has(typeUrl));
        if (tables.length === 0) return store.#common.names(typeUrl);
        return new Set([store.#common, ...tables].flatMap((table) => [...table.names(typeUrl)]));
      },
      departed: (typeUrl, name) =>
        get(typeUrl, name) === undefined ? store.#departed.get(typeUrl, name, layers) : undefined,
      departedNames: (typeUrl) =>
        new Set([...store.#departed.names(typeUrl, layers)].filter((name) => get(typeUrl, name) === undefined)),
    };
  }

  /** @returns ends the subscription. */
  subscribe(listener: (changes: Changes) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

/** A table after a step, and what stood in it before where it differs. */
interface Layer {
  readonly table: Table;
  readonly replaced: ByName;
}

const UNCHANGED: ByName = new Map();

class Step implements Changes {
  readonly sequence: number;
  readonly #common: Layer;
  readonly #layerOf: (group: string) => Layer | undefined;
  /** Most nodes are in the same groups. */
  readonly #seen = new Map<string, ChangedNames>();

  constructor(sequence: number, common: Layer, layerOf: (group: string) => Layer | undefined) {
    this.sequence = sequence;
    this.#common = common;
    this.#layerOf = layerOf;
  }

  of(...groups: readonly string[]): ChangedNames {
    const key = JSON.stringify(groups);
    let seen = this.#seen.get(key);
    if (seen === undefined) {
      seen = differences([...groups.flatMap((group) => this.#layerOf(group) ?? []), this.#common]);
      this.#seen.set(key, seen);
    }
    return seen;
  }
}

/** Names whose topmost resource has another version than before. */
function differences(layers: readonly Layer[]): ChangedNames {
  const changed = new Map<string, Set<string>>();
  for (const { replaced } of layers) {
    for (const [typeUrl, names] of replaced) {
      for (const name of names.keys()) {
        if (before(layers, typeUrl, name)?.version === after(layers, typeUrl, name)?.version) continue;
        const set = changed.get(typeUrl) ?? new Set();
        changed.set(typeUrl, set.add(name));
      }
    }
  }
  return new Map([...changed].map(([typeUrl, names]) => [typeUrl, [...names]]));
}

function before(layers: readonly Layer[], typeUrl: string, name: string): Resource | undefined {
  for (const { table, replaced } of layers) {
    const names = replaced.get(typeUrl);
    const resource = names?.has(name) ? names.get(name) : table.get(typeUrl, name);
    if (resource !== undefined) return resource;
  }
  return undefined;
}

function after(layers: readonly Layer[], typeUrl: string, name: string): Resource | undefined {
  for (const { table } of layers) {
    const resource = table.get(typeUrl, name);
    if (resource !== undefined) return resource;
  }
  return undefined;
}
