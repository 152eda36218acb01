import type { ServiceId } from './model.ts';
import { ancestorsOf } from './names.ts';

/** Which keys previews have, whatever they intercept, and how the keys stand to each other. */
export class KeyIndex {
  /** How many previews of each Service have a key. */
  readonly #holders = new Map<string, Map<ServiceId, number>>();
  readonly #below = new Map<string, Set<string>>();

  isDeclared(key: string): boolean {
    return this.#holders.has(key);
  }

  /** The declared keys below this one, at any depth. */
  declaredBelow(key: string): Iterable<string> {
    return this.#below.get(key) ?? [];
  }

  /** The Services that have a preview under an ancestor of the key: it is they whose previews may inherit it. */
  heirsOf(key: string): readonly ServiceId[] {
    return ancestorsOf(key).flatMap((ancestor) => [...(this.#holders.get(ancestor)?.keys() ?? [])]);
  }

  add(key: string, baseline: ServiceId): void {
    const holders = this.#holders.get(key) ?? new Map<ServiceId, number>();
    this.#holders.set(key, holders.set(baseline, (holders.get(baseline) ?? 0) + 1));
    for (const ancestor of ancestorsOf(key)) {
      this.#below.set(ancestor, (this.#below.get(ancestor) ?? new Set()).add(key));
    }
  }

  remove(key: string, baseline: ServiceId): void {
    const holders = this.#holders.get(key);
    if (holders === undefined) return;
    const left = (holders.get(baseline) ?? 0) - 1;
    if (left > 0) holders.set(baseline, left);
    else holders.delete(baseline);
    if (holders.size > 0) return;
    this.#holders.delete(key);
    for (const ancestor of ancestorsOf(key)) {
      const below = this.#below.get(ancestor);
      below?.delete(key);
      if (below?.size === 0) this.#below.delete(ancestor);
    }
  }
}
