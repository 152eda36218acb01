import type { Collection } from './collection.ts';

/**
 * Decides when the world of a source can be delivered for the first time: as soon as each collection has been listed, or may
 * not be, of which what an earlier run knew then stands in. An Envoy must lose nothing because rights are missing, so
 * a world in which no namespace has both its Services and their endpoints is not delivered.
 */
export class FirstSync {
  readonly #unsettled: Set<Collection>;
  readonly #known = new Set<Collection>();

  constructor(collections: readonly Collection[]) {
    this.#unsettled = new Set(collections);
  }

  /** @param known whether what it holds is known, now or from an earlier run. */
  settle(collection: Collection, known: boolean): void {
    this.#unsettled.delete(collection);
    if (known) this.#known.add(collection);
  }

  get due(): boolean {
    if (this.#unsettled.size > 0) return false;
    const known = [...this.#known];
    const scopesOf = (kind: Collection['kind']) =>
      known.filter((each) => each.kind === kind).map(({ namespace }) => namespace);
    const withEndpoints = scopesOf('EndpointSlice');
    return scopesOf('Service').some((namespace) => withEndpoints.includes(namespace));
  }
}
