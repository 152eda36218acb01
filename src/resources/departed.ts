import type { Resource } from './resource.ts';
import type { ByName } from './table.ts';

/** How many of a type are remembered, the latest. A client that is sent all of them costs no more than so many. */
const REMEMBERED = 1_000;

/** How long, in milliseconds: clients come back within seconds, and those that were cut off for longer have other worries. */
const REMEMBERED_MS = 600_000;

interface Departure {
  readonly layer: string | undefined;
  readonly resource: Resource;
  readonly at: number;
}

/** Resources that are gone since a short while: a client that comes back may still depend on them. */
export class Departed {
  readonly #now: () => number;
  /** By type, then by layer and name; the oldest first. */
  readonly #types = new Map<string, Map<string, Departure>>();

  /** @param now milliseconds since whenever. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /**
   * @param layer the group whose resources they are; undefined for everybody's.
   * @param replaced what stood there before a step.
   * @param isThere whether something of the type and name stands there after it.
   */
  note(layer: string | undefined, replaced: ByName, isThere: (typeUrl: string, name: string) => boolean): void {
    for (const [typeUrl, names] of replaced) {
      const departures = this.#types.get(typeUrl) ?? new Map<string, Departure>();
      for (const [name, resource] of names) {
        departures.delete(keyOf(layer, name));
        if (resource === undefined || isThere(typeUrl, name)) continue;
        departures.set(keyOf(layer, name), { layer, resource, at: this.#now() });
      }
      for (const key of departures.keys()) {
        if (departures.size <= REMEMBERED) break;
        departures.delete(key);
      }
      if (departures.size > 0) this.#types.set(typeUrl, departures);
      else this.#types.delete(typeUrl);
    }
  }

  get(typeUrl: string, name: string, layers: readonly (string | undefined)[]): Resource | undefined {
    for (const layer of layers) {
      const departure = this.#types.get(typeUrl)?.get(keyOf(layer, name));
      if (departure !== undefined && this.#isRecent(departure)) return departure.resource;
    }
    return undefined;
  }

  /** No name is left out; one that stood in several layers comes several times. */
  *names(typeUrl: string, layers: readonly (string | undefined)[]): Iterable<string> {
    for (const departure of this.#types.get(typeUrl)?.values() ?? []) {
      if (layers.includes(departure.layer) && this.#isRecent(departure)) yield departure.resource.name;
    }
  }

  #isRecent({ at }: Departure): boolean {
    return this.#now() - at <= REMEMBERED_MS;
  }
}

function keyOf(layer: string | undefined, name: string): string {
  return JSON.stringify([layer ?? null, name]);
}
