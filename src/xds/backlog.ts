/** A resource that the client is to be sent. */
export interface Update {
  /** Sequence number at which it first differed from what the client holds. */
  readonly since: number;
  /** Sequence number of its latest change. */
  changedAt: number;
}

/** When what is sent became due. */
export interface Due {
  /** Sequence number at which it was asked for or, as an addition or change, first differed; Infinity for a removal. */
  readonly since: number;
  /** Sequence number since which the client is behind, or at which it asked. */
  readonly behindSince: number;
}

/** What a client is yet to be told of one type: names, and since when, of which the latest state is sent one day. */
export class Backlog {
  readonly #owed = new Map<string, number>();
  readonly #updates = new Map<string, Update>();
  readonly #removals = new Map<string, number>();
  readonly #behind = new Map<string, number>();

  /** To be answered in any case, the client has asked: with the sequence number at which it did. */
  get owed(): ReadonlyMap<string, number> {
    return this.#owed;
  }

  /** Resources that differ from what the client holds. */
  get updates(): ReadonlyMap<string, Update> {
    return this.#updates;
  }

  /** Names that the client holds, and of which the resource is gone: with the sequence number of its going. */
  get removals(): ReadonlyMap<string, number> {
    return this.#removals;
  }

  /** All updates and removals: with the sequence number since which the client has something else than the world. */
  get behind(): ReadonlyMap<string, number> {
    return this.#behind;
  }

  /** Sequence number of the oldest question, addition or change; Infinity if there is none. */
  get since(): number {
    return Math.min(
      first(this.#owed.values()),
      first(this.#updates.values(), ({ since }) => since),
    );
  }

  /** Sequence number of the oldest question, addition, change or removal; Infinity if there is none. */
  get behindSince(): number {
    return Math.min(first(this.#owed.values()), first(this.#behind.values()));
  }

  /** @param sequence no smaller than at any earlier call, here and below. */
  owe(name: string, sequence: number): void {
    if (!this.#owed.has(name)) this.#owed.set(name, sequence);
  }

  /** @param since the sequence number at which the client fell behind, if it had not before. */
  update(name: string, sequence: number, since: number): void {
    this.#removals.delete(name);
    if (!this.#behind.has(name)) this.#behind.set(name, since);
    const update = this.#updates.get(name);
    if (update === undefined) this.#updates.set(name, { since, changedAt: sequence });
    else update.changedAt = sequence;
  }

  remove(name: string, sequence: number, since: number): void {
    this.#updates.delete(name);
    if (!this.#behind.has(name)) this.#behind.set(name, since);
    this.#removals.set(name, sequence);
  }

  /** The client has, or will have, what it is to have. */
  settle(name: string): void {
    this.#updates.delete(name);
    this.#removals.delete(name);
    this.#behind.delete(name);
  }

  answer(name: string): void {
    this.#owed.delete(name);
  }

  /** Takes out a name that is being sent. */
  take(name: string): Due {
    const owed = this.#owed.get(name) ?? Number.POSITIVE_INFINITY;
    const due = {
      since: Math.min(owed, this.#updates.get(name)?.since ?? Number.POSITIVE_INFINITY),
      behindSince: Math.min(owed, this.#behind.get(name) ?? Number.POSITIVE_INFINITY),
    };
    this.forget(name);
    return due;
  }

  forget(name: string): void {
    this.answer(name);
    this.settle(name);
  }
}

/** The first number: the smallest, since they are entered in order. */
function first<T = number>(values: Iterable<T>, numberOf: (value: T) => number = Number): number {
  for (const value of values) return numberOf(value);
  return Number.POSITIVE_INFINITY;
}
