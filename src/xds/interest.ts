/** What a request changed in what a client wants. */
export interface InterestChange {
  /** Names that are to be answered, whether or not the client has them. */
  readonly asked: readonly string[];
  /** Names that were asked for one by one and no longer are. */
  readonly dropped: readonly string[];
  readonly wildcard: 'begun' | 'asked again' | 'ended' | 'as before';
}

export const WILDCARD = '*';

/** Names, and how long they are together. */
export class NameSet extends Set<string> {
  #length = 0;

  constructor(names: Iterable<string> = []) {
    super();
    for (const name of names) this.add(name);
  }

  /** In UTF-16 code units, of which each takes one or two bytes. */
  get length(): number {
    return this.#length;
  }

  override add(name: string): this {
    if (!this.has(name)) this.#length += name.length;
    return super.add(name);
  }

  override delete(name: string): boolean {
    const deleted = super.delete(name);
    if (deleted) this.#length -= name.length;
    return deleted;
  }
}

/**
 * What a client wants of one type: names, everything, or both. Everything is `*`, or legacy: no name ever given for this
 * type on this stream; once a name was given, no names means nothing. (xDS protocol page, "How the client specifies what
 * resources to return".)
 */
export class Interest {
  readonly #knowsWildcard: boolean;
  #names = new NameSet();
  #wildcard = false;
  #everNamed = false;

  /** @param knowsWildcard whether the type has one; otherwise `*` is a name like any other. */
  constructor(knowsWildcard: boolean) {
    this.#knowsWildcard = knowsWildcard;
  }

  /** Names asked for one by one. */
  get names(): ReadonlySet<string> & Pick<NameSet, 'length'> {
    return this.#names;
  }

  get wildcard(): boolean {
    return this.#wildcard;
  }

  includes(name: string): boolean {
    return this.#wildcard || this.#names.has(name);
  }

  /** State of the world: each request says all that the client wants. */
  replace(requested: readonly string[]): InterestChange {
    const before = { names: this.#names, wildcard: this.#wildcard };
    this.#everNamed ||= requested.length > 0;
    const names = new NameSet(requested);
    this.#wildcard = this.#knowsWildcard && (this.#everNamed ? names.delete(WILDCARD) : true);
    this.#names = names;
    return {
      asked: [...names].filter((name) => !before.names.has(name)),
      dropped: [...before.names].filter((name) => !names.has(name)),
      wildcard: this.#wildcard === before.wildcard ? 'as before' : this.#wildcard ? 'begun' : 'ended',
    };
  }

  /** Delta: each request says what comes and goes. A name in both lists stays: the client is to be sent it once more. */
  amend(subscribe: readonly string[], unsubscribe: readonly string[]): InterestChange {
    const before = this.#wildcard;
    const legacy = before && !this.#everNamed;
    const asked = new Set(subscribe);
    const gone = new Set(unsubscribe);
    const starAsked = this.#knowsWildcard && asked.delete(WILDCARD);
    const starGone = this.#knowsWildcard && gone.delete(WILDCARD);

    if (starAsked) this.#wildcard = true;
    else if (starGone) this.#wildcard = false;
    else if (!this.#everNamed && subscribe.length === 0 && unsubscribe.length === 0)
      this.#wildcard = this.#knowsWildcard;
    this.#everNamed ||= subscribe.length > 0 || starGone;

    const dropped = [...gone].filter((name) => !asked.has(name) && this.#names.delete(name));
    for (const name of asked) this.#names.add(name);
    return {
      asked: [...asked],
      dropped,
      wildcard:
        this.#wildcard !== before ? (before ? 'ended' : 'begun') : starAsked && !legacy ? 'asked again' : 'as before',
    };
  }
}
