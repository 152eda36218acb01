import type { ServiceId } from '../catalog/model.ts';
import { compareText } from './precedence.ts';

/** The keys that people may choose from, in order. Bounded, however many there are. */
export interface Listing {
  readonly previews: readonly ListedKey[];
  /** How many keys are not listed. */
  readonly more: number;
}

export interface ListedKey {
  readonly key: string;
  /** Baselines that have a preview of this key. */
  readonly services: readonly ServiceId[];
  /** How many of them are not listed. */
  readonly more: number;
}

/** A page that is sent to every Envoy whenever a preview comes or goes has to stay small; longer lists nobody reads. */
const MOST_KEYS = 100;
const MOST_SERVICES = 10;

/** Keeps account of which keys there are, and of which baselines they have previews. */
export class KeyListing {
  readonly #services = new Map<string, Set<ServiceId>>();
  /** Sorted. */
  readonly #keys: string[] = [];

  /**
   * @param before the keys that this baseline has had.
   * @param after those that it has now.
   * @returns whether they differ.
   */
  replace(baseline: ServiceId, before: readonly string[], after: readonly string[]): boolean {
    const [had, has] = [new Set(before), new Set(after)];
    const gone = before.filter((key) => !has.has(key));
    const come = after.filter((key) => !had.has(key));
    for (const key of gone) this.#remove(key, baseline);
    for (const key of come) this.#add(key, baseline);
    return gone.length + come.length > 0;
  }

  /** The first keys, and how many there are besides. */
  listing(): Listing {
    const previews = this.#keys.slice(0, MOST_KEYS).map((key) => {
      const services = [...this.#services.get(key)!].sort(compareText);
      return { key, services: services.slice(0, MOST_SERVICES), more: Math.max(0, services.length - MOST_SERVICES) };
    });
    return { previews, more: this.#keys.length - previews.length };
  }

  #add(key: string, baseline: ServiceId): void {
    const services = this.#services.get(key);
    if (services !== undefined) services.add(baseline);
    else {
      this.#services.set(key, new Set([baseline]));
      this.#keys.splice(this.#placeOf(key), 0, key);
    }
  }

  #remove(key: string, baseline: ServiceId): void {
    const services = this.#services.get(key)!;
    services.delete(baseline);
    if (services.size > 0) return;
    this.#services.delete(key);
    this.#keys.splice(this.#placeOf(key), 1);
  }

  /** Where the key stands, or would stand. */
  #placeOf(key: string): number {
    let [low, high] = [0, this.#keys.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareText(this.#keys[middle]!, key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
