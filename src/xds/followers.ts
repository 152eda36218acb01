import type { Resource } from '../resources/index.ts';

/** So many names are kept before it is asked which of them still matter. */
const ROOM = 1024;

/**
 * What a client needs of one type, by what it was sent of another, and was not answered yet: whether or not it exists, and
 * whether or not the client has asked for it.
 */
export class Expected {
  readonly #typeUrl: string;
  readonly #names = new Set<string>();
  #room = ROOM;

  constructor(typeUrl: string) {
    this.#typeUrl = typeUrl;
  }

  has(name: string): boolean {
    return this.#names.has(name);
  }

  names(): Iterable<string> {
    return this.#names;
  }

  /** @param leaders all that the client has or is being sent: what none of them is followed by is forgotten sooner or later. */
  add(name: string, leaders: () => Iterable<Resource>): void {
    this.#names.add(name);
    if (this.#names.size > this.#room) this.#tidy(leaders());
  }

  /** @returns whether it was expected. */
  answer(name: string): boolean {
    return this.#names.delete(name);
  }

  /** The answer was no good. */
  restore(name: string): void {
    this.#names.add(name);
  }

  #tidy(leaders: Iterable<Resource>): void {
    const followers = new Set<string>();
    for (const { follower } of leaders) if (follower?.typeUrl === this.#typeUrl) followers.add(follower.name);
    for (const name of this.#names) if (!followers.has(name)) this.#names.delete(name);
    this.#room = Math.max(ROOM, 2 * this.#names.size);
  }
}
