import type { Refusal } from './protocol.ts';

/** A part of a refused response, to be sent by itself. */
export interface Part {
  readonly names: readonly string[];
  /** Sequence number of the oldest change in the response. */
  readonly since: number;
}

/** A name of which the client has refused something, and accepted nothing since. */
interface Doubt {
  /** Sequence number since which the client has something else than the world. */
  since: number;
  /** Whether nobody can tell what it holds: maybe what it refused, if that was not alone. */
  uncertain: boolean;
  /** What it refused by itself: not sent again until there is another version (rule 2). */
  refused?: { readonly version: string; readonly error: Refusal } | undefined;
}

/** What a client refused of one type. */
export class Refusals {
  readonly #doubts = new Map<string, Doubt>();
  #parts: Part[] = [];

  /** How many names the client has refused something of. */
  get size(): number {
    return this.#doubts.size;
  }

  keys(): Iterable<string> {
    return this.#doubts.keys();
  }

  /** What was refused by itself, and is not to be sent again. */
  all(): readonly { readonly name: string; readonly version: string; readonly error: Refusal }[] {
    return [...this.#doubts].flatMap(([name, { refused }]) => (refused === undefined ? [] : { name, ...refused }));
  }

  /** What the client refused of a name by itself. */
  refused(name: string): { readonly version: string; readonly error: Refusal } | undefined {
    return this.#doubts.get(name)?.refused;
  }

  isUncertain(name: string): boolean {
    return this.#doubts.get(name)?.uncertain ?? false;
  }

  /** Sequence number since which the client has something else than the world under this name; Infinity if it is not here. */
  since(name: string): number {
    return this.#doubts.get(name)?.since ?? Number.POSITIVE_INFINITY;
  }

  /** The smallest of these numbers. */
  get oldest(): number {
    let oldest = Number.POSITIVE_INFINITY;
    for (const { since } of this.#doubts.values()) oldest = Math.min(oldest, since);
    return oldest;
  }

  /** @param since see `since`. */
  refuse(name: string, version: string, error: Refusal, since: number): void {
    this.#doubt(name, since).refused = { version, error };
  }

  /** Nobody can tell any more what the client holds under this name. */
  doubt(name: string, since: number): void {
    this.#doubt(name, since).uncertain = true;
  }

  /** Notes the version of now: another than the refused one may be sent. @returns whether it is the refused one. */
  compare(name: string, version: string): boolean {
    const doubt = this.#doubts.get(name);
    if (doubt?.refused === undefined) return false;
    if (doubt.refused.version === version) return true;
    doubt.refused = undefined;
    return false;
  }

  /** It is certain again what the client holds, and that is not what it refused by itself. */
  ascertain(name: string): void {
    const doubt = this.#doubts.get(name);
    if (doubt !== undefined) doubt.uncertain = false;
  }

  /** The client holds what it is to have, or has given the name up. */
  clear(name: string): void {
    this.#doubts.delete(name);
  }

  /** Has names sent again in halves, before whatever else is to be tried. @returns whether there are any. */
  split(names: readonly string[], since: number): boolean {
    const middle = Math.ceil(names.length / 2);
    const halves = [names.slice(0, middle), names.slice(middle)].filter((half) => half.length > 0);
    this.#parts.unshift(...halves.map((half) => ({ names: half, since })));
    return halves.length > 0;
  }

  /** Takes the next part of which anything is to be tried. */
  nextPart(isToBeTried: (name: string) => boolean): Part | undefined {
    for (let part = this.#parts.shift(); part !== undefined; part = this.#parts.shift()) {
      const names = part.names.filter(isToBeTried);
      if (names.length > 0) return { names, since: part.since };
    }
    return undefined;
  }

  #doubt(name: string, since: number): Doubt {
    let doubt = this.#doubts.get(name);
    if (doubt === undefined) {
      doubt = { since, uncertain: false };
      this.#doubts.set(name, doubt);
    }
    doubt.since = Math.min(doubt.since, since);
    return doubt;
  }
}
