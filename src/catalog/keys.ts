import type { Preview, ServiceId } from './model.ts';
import { ancestorsOf } from './names.ts';

/** Which keys previews have, whatever they intercept, and how the keys stand to each other. */
export class KeyIndex {
  /** The previews that have a key, by their ids. */
  readonly #holders = new Map<string, Map<string, Preview>>();
  readonly #below = new Map<string, Set<string>>();

  isDeclared(key: string): boolean {
    return this.#holders.has(key);
  }

  /** The declared keys below this one, at any depth. */
  declaredBelow(key: string): Iterable<string> {
    return this.#below.get(key) ?? [];
  }

  /** When the oldest preview of a declared key was created, of those that tell; milliseconds since the epoch. */
  declaredAt(key: string): number {
    const ages = [...(this.#holders.get(key)?.values() ?? [])].map(({ createdAt }) => createdAt ?? Number.MAX_VALUE);
    return ages.reduce((oldest, age) => Math.min(oldest, age), Number.MAX_VALUE);
  }

  /** The Services that have a preview under an ancestor of the key: it is they whose previews may inherit it. */
  heirsOf(key: string): readonly ServiceId[] {
    return ancestorsOf(key).flatMap((ancestor) =>
      [...(this.#holders.get(ancestor)?.values() ?? [])].map(({ baseline }) => baseline),
    );
  }

  add(key: string, preview: Preview): void {
    const holders = this.#holders.get(key) ?? new Map<string, Preview>();
    this.#holders.set(key, holders.set(preview.id, preview));
    for (const ancestor of ancestorsOf(key)) {
      this.#below.set(ancestor, (this.#below.get(ancestor) ?? new Set()).add(key));
    }
  }

  remove(key: string, { id }: Preview): void {
    const holders = this.#holders.get(key);
    holders?.delete(id);
    if (holders === undefined || holders.size > 0) return;
    this.#holders.delete(key);
    for (const ancestor of ancestorsOf(key)) {
      const below = this.#below.get(ancestor);
      below?.delete(key);
      if (below?.size === 0) this.#below.delete(ancestor);
    }
  }
}
