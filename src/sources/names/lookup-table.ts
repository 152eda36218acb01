import { NameLookup } from './name-lookup.ts';
import type { Resolver } from './resolver.ts';

/** One lookup for each name (or chain of names), however many objects need it. */
export class LookupTable {
  readonly #resolver: Resolver;
  readonly #changed: (users: Iterable<string>) => void;
  readonly #lookups = new Map<string, { readonly lookup: NameLookup; readonly users: Set<string> }>();

  readonly #keysByUser = new Map<string, ReadonlySet<string>>();

  /** @param changed told whose names have news. */
  constructor(resolver: Resolver, changed: (users: Iterable<string>) => void) {
    this.#resolver = resolver;
    this.#changed = changed;
  }

  /** True while a name has not been tried yet. */
  get busy(): boolean {
    return [...this.#lookups.values()].some(({ lookup }) => !lookup.attempted);
  }

  /** The lookups of all chains that the user needs now; those that nobody needs any more end. */
  use(user: string, chains: readonly (readonly string[])[]): readonly NameLookup[] {
    const before = this.#keysByUser.get(user);
    const needed = new Set(chains.map(keyOf));
    if (needed.size === 0) this.#keysByUser.delete(user);
    else this.#keysByUser.set(user, needed);
    const lookups = chains.map((names) => this.#acquire(user, names));
    for (const key of before ?? []) if (!needed.has(key)) this.#release(user, key);
    return lookups;
  }

  stop(): void {
    for (const { lookup } of this.#lookups.values()) lookup.stop();
    this.#lookups.clear();
    this.#keysByUser.clear();
  }

  #acquire(user: string, names: readonly string[]): NameLookup {
    const key = keyOf(names);
    const known = this.#lookups.get(key);
    if (known !== undefined) {
      known.users.add(user);
      return known.lookup;
    }
    const users = new Set([user]);
    const lookup = new NameLookup(names, this.#resolver, () => this.#changed([...users]));
    this.#lookups.set(key, { lookup, users });
    return lookup;
  }

  #release(user: string, key: string): void {
    const { lookup, users } = this.#lookups.get(key)!;
    users.delete(user);
    if (users.size > 0) return;
    lookup.stop();
    this.#lookups.delete(key);
  }
}

function keyOf(names: readonly string[]): string {
  return names.join(' ');
}
