import type { Resource } from './resource.ts';
import { type ByName, Table, type TableUpdate } from './table.ts';

/** One atomic step from a consistent world to the next. */
export interface ResourceUpdate extends TableUpdate {
  /** For the nodes of one group instead of what everybody gets, by the group's name. */
  readonly groups?: ReadonlyMap<string, TableUpdate>;
}

/** The world as the nodes of one group see it, always at its latest state. */
export interface View {
  /** Of the step that led to this state: grows with each change of anything, by one. */
  readonly sequence: number;
  get(typeUrl: string, name: string): Resource | undefined;
  /** No name twice. */
  names(typeUrl: string): Iterable<string>;
}

/** Names whose resource came, went or has another version, by type URL. */
export type ChangedNames = ReadonlyMap<string, readonly string[]>;

/** What one step changed. */
export interface Changes {
  readonly sequence: number;
  /** What the nodes of a group see changed: empty if they see nothing of it. */
  of(group: string): ChangedNames;
}

/**
 * The resources that Envoys are to have. A resource belongs to everybody, or to one group of nodes, for which it stands
 * in place of everybody's resource of the same type and name.
 *
 * The store is empty and `synced` is false until the first update, which is the whole world, even if that is empty:
 * before it nothing may be served, since a client would take the missing for the deleted.
 */
export class ResourceStore {
  readonly #common = new Table();
  readonly #groups = new Map<string, Table>();
  readonly #listeners = new Set<(changes: Changes) => void>();
  #sequence = 0;

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
    const common = this.#common.apply(update);
    const everybody: ChangedNames = new Map([...common].map(([typeUrl, names]) => [typeUrl, [...names.keys()]]));
    const groups = new Map<string, ChangedNames>();
    for (const group of new Set([...this.#groups.keys(), ...(update.groups?.keys() ?? [])])) {
      const table = this.#groups.get(group) ?? new Table();
      const own = table.apply(update.groups?.get(group) ?? NOTHING);
      groups.set(group, this.#seenBy(table, common, own));
      if (table.isEmpty) this.#groups.delete(group);
      else this.#groups.set(group, table);
    }
    const news = !this.synced || everybody.size > 0 || [...groups.values()].some((names) => names.size > 0);
    if (news) this.#sequence += 1;
    const changes = Object.freeze({
      sequence: this.#sequence,
      of: (group: string): ChangedNames => groups.get(group) ?? everybody,
    });
    if (news) for (const listener of [...this.#listeners]) listener(changes);
    return changes;
  }

  view(group: string): View {
    const store = this;
    return {
      get sequence() {
        return store.#sequence;
      },
      get: (typeUrl, name) => store.#groups.get(group)?.get(typeUrl, name) ?? store.#common.get(typeUrl, name),
      names: (typeUrl) => {
        const own = store.#groups.get(group);
        if (own?.has(typeUrl) !== true) return store.#common.names(typeUrl);
        return new Set([...store.#common.names(typeUrl), ...own.names(typeUrl)]);
      },
    };
  }

  /** @returns ends the subscription. */
  subscribe(listener: (changes: Changes) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** What a group sees of a change: everybody's where it has nothing of its own, and its own. */
  #seenBy(table: Table, common: ByName, own: ByName): ChangedNames {
    const seen = new Map<string, string[]>();
    const add = (typeUrl: string, name: string) => {
      const names = seen.get(typeUrl);
      if (names === undefined) seen.set(typeUrl, [name]);
      else names.push(name);
    };
    for (const [typeUrl, names] of common) {
      for (const name of names.keys()) {
        if (!own.get(typeUrl)?.has(name) && table.get(typeUrl, name) === undefined) add(typeUrl, name);
      }
    }
    for (const [typeUrl, names] of own) {
      for (const [name, ownBefore] of names) {
        const current = this.#common.get(typeUrl, name);
        const commonBefore = common.get(typeUrl)?.has(name) ? common.get(typeUrl)?.get(name) : current;
        const before = ownBefore ?? commonBefore;
        const after = table.get(typeUrl, name) ?? current;
        if (before?.version !== after?.version) add(typeUrl, name);
      }
    }
    return seen;
  }
}

const NOTHING: TableUpdate = { set: [], remove: [] };
