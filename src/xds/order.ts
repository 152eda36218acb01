import type { Resource } from '../resources/index.ts';
import type { Held } from './exchange.ts';
import { rulesOf, type TypeRules } from './types.ts';

/** What the order among types asks of each of them. Sequence numbers are those of the world's changes. */
export interface Ordered {
  /** Of the oldest addition, change or question that the client has not answered; Infinity if there is none. */
  readonly since: number;
  /** Since when the client may hold something else than the world; Infinity if it does not. */
  readonly behindSince: number;
  /** Grows whenever what waits for this type may wait no longer. */
  readonly turn: number;
  /**
   * Whether something that changed at a sequence number, and refers to these names, has to wait.
   *
   * @param known what its predecessor refers to, as far as one can tell: that much the client takes without any of this.
   */
  holdsBack(names: ReadonlySet<string>, known: ReadonlySet<string> | undefined, changedAt: number): boolean;
  /** Whether the client may hold something that refers to this name, which is gone since a sequence number. */
  keeps(name: string, goneSince: number): boolean;
}

/**
 * The order among the types of one stream: make before break, and break after (rule 12). Types that the stream does not
 * carry hold nothing back.
 *
 * A resource that says what it refers to waits for just that: until it is answered or, where the client has none of it
 * yet, accepted. Any other waits until all that changed before it is answered. What is gone is removed when the client
 * has nothing any more that may refer to it.
 */
export class Order {
  readonly #find: (typeUrl: string) => Ordered | undefined;
  /** Whether the client has had the time to name all types that it wants: before, any may be missing that matters. */
  introduced: boolean;

  constructor(find: (typeUrl: string) => Ordered | undefined, introduced: boolean) {
    this.#find = find;
    this.introduced = introduced;
  }

  /** Another number whenever updates that had to wait may go now. */
  turnOfUpdates({ updatesAfter }: TypeRules): number {
    return this.#turn(updatesAfter);
  }

  /** Tells of each update whether it may go: by what it is, what the client holds, and when it changed last. */
  updates({ updatesAfter }: TypeRules): (resource: Resource, held: Held | undefined, changedAt: number) => boolean {
    if (!this.introduced && updatesAfter.some((type) => this.seesNoReferrersOf(type))) return () => false;
    const before = this.#all(updatesAfter);
    // Only older changes hold an update back, or steady changes of endpoints would do so for ever.
    const oldest = Math.min(...before.map(({ since }) => since));
    return ({ references }, held, changedAt) => {
      if (references === undefined) return changedAt < oldest;
      return !before.some((type) => type.holdsBack(references, referencesOf(held), changedAt));
    };
  }

  /** Another number whenever removals that had to wait may go now. */
  turnOfRemovals({ removalsAfter }: TypeRules): number {
    return this.#turn(removalsAfter);
  }

  /** Tells of each removal whether it may go: by its name, and since when there is no such resource. */
  removals({ removalsAfter }: TypeRules): (name: string, goneSince: number) => boolean {
    if (removalsAfter.length > 0 && !this.introduced) return () => false;
    // What the client was sent since, and has accepted or not, never knew what was gone before.
    const referrers = this.#all(removalsAfter).map((type) => ({ type, since: type.behindSince }));
    return (name, goneSince) => !referrers.some(({ type, since }) => since <= goneSince && type.keeps(name, goneSince));
  }

  /**
   * Whether the client asks for what others warm with, endpoints, and not for these: it may be an Envoy in which a cluster
   * warms since an earlier stream, which says nothing of clusters meanwhile.
   */
  seesNoReferrersOf(typeUrl: string): boolean {
    const { warmsReferrers, removalsAfter } = rulesOf(typeUrl);
    return warmsReferrers === true && this.#find(typeUrl) !== undefined && this.#all(removalsAfter).length === 0;
  }

  #turn(types: readonly string[]): number {
    let turn = Number(this.introduced);
    // One that comes new may be what is waited for, so it counts.
    for (const type of types) turn += 1 + (this.#find(type)?.turn ?? -1);
    return turn;
  }

  #all(types: readonly string[]): readonly Ordered[] {
    return types.flatMap((type) => this.#find(type) ?? []);
  }
}

/** What a resource that the client holds refers to; undefined if nobody can tell. */
export function referencesOf(held: Held | undefined): ReadonlySet<string> | undefined {
  return held !== undefined && 'references' in held ? held.references : undefined;
}
