import type { Resource, View } from '../resources/index.ts';
import { Interest, type InterestChange } from './interest.ts';
import type { DiscoveryRequest, NamedVersion, Refusal } from './protocol.ts';
import type { Progress, Standing } from './standing.ts';
import { rulesOf, type TypeRules } from './types.ts';

/** What the order among types allows at this moment. */
export interface Gate {
  readonly updates: boolean;
  readonly removals: boolean;
}

/** Resources by name, or undefined where the name is to be removed or has no resource. */
export type Items = ReadonlyMap<string, Resource | undefined>;

/** What a response says: all of `resources`, of which `items` are new to the client or were asked for. */
export interface Content {
  readonly version: string;
  readonly resources: readonly Resource[];
  readonly removed: readonly string[];
}

/**
 * What the types that refer to one were told on its stream before it was first asked for: nothing, since they are not
 * asked for here or have streams of their own; nothing new; or something.
 */
export type Referrers = 'absent' | 'elsewhere' | 'unchanged' | 'changed';

/** How a client answered the response that was in flight. */
export interface Answer {
  readonly changes: readonly NamedVersion[];
  readonly refused?: { readonly error: Refusal; readonly again: boolean };
}

/** What the client holds under a name. */
interface Held {
  readonly version: string;
}

interface InFlight {
  readonly nonce: string;
  readonly items: Items;
  /** Sequence number of the oldest change in it. */
  readonly since: number;
}

/** A part of a refused response, to be sent by itself. */
interface Part {
  readonly names: readonly string[];
  readonly since: number;
}

/** Stands for the absence of a resource where versions are compared. No content has this version. */
const ABSENT = '';

/**
 * One type on one stream: what the client wants of it, what it holds, and what is yet to be sent. At most one response
 * is unanswered; what changes meanwhile is a set of names, of which the latest state is sent next. So a slow client
 * costs no more than the names it asked for (rules 3 and 14), and a change costs what it names.
 *
 * What differs between state of the world and delta is left to the two subclasses.
 */
export abstract class Subscription<Request extends DiscoveryRequest> {
  readonly typeUrl: string;
  readonly rules: TypeRules;
  protected readonly view: View;
  protected readonly interest: Interest;
  /** What the client has accepted, or said that it had when it came. */
  protected readonly held: Map<string, Held> = new Map();
  /** An answer is due even if there is nothing to say in it. */
  protected answerDue = false;
  /** Of the latest response, answered or not. */
  protected lastNonce = '';
  /** To be answered in any case, the client has asked: with the sequence number at which it became due. */
  readonly #owed = new Map<string, number>();
  /** Resources that differ from what the client holds: with the sequence number at which they first did. */
  readonly #updates = new Map<string, number>();
  /** Names that the client holds, and of which the resource is gone. */
  readonly #removals = new Set<string>();
  /** What the client refused, by name: not sent again until it has another version (rule 2). */
  readonly #refused = new Map<string, { readonly version: string; readonly error: Refusal }>();
  /** Names of which the client refused something, so that nobody can tell what it holds: maybe that, if it was not alone. */
  readonly #uncertain = new Set<string>();
  /** Names that the client needs, by what it was sent of another type, and was not answered yet. */
  readonly #expected = new Set<string>();
  #parts: Part[] = [];
  #inFlight: InFlight | undefined;
  #changedAt = 0;

  constructor(typeUrl: string, view: View) {
    this.typeUrl = typeUrl;
    this.rules = rulesOf(typeUrl);
    this.view = view;
    this.interest = new Interest(this.rules.wildcard);
  }

  /**
   * Takes the stream's first request of this type.
   * @param untouched whether nothing was sent on this stream yet that may refer to resources of this type.
   * @returns the resources that the client came with and that are still as they were.
   */
  abstract begin(request: Request, referrers: Referrers): readonly Resource[];

  /**
   * Takes what a later request changes in the client's interest.
   * @returns false if it may not be answered.
   */
  abstract amend(request: Request): boolean;

  /** All that has to go with these items as news to the client. */
  protected abstract complete(items: Items): Items;

  protected abstract compose(items: Items): Content;

  /** Whether a response can carry this: in state of the world, most types have no words for what does not exist. */
  protected abstract canSay(resource: Resource | undefined): boolean;

  /** What stands for a resource that does not exist, where the client waits for one and there is no word for none. */
  protected abstract standIn(name: string): Resource | undefined;

  /** Whether there is nothing left to do: no difference, no response in flight, nothing refused. */
  get settled(): boolean {
    return (
      this.#inFlight === undefined &&
      this.#updates.size === 0 &&
      this.#removals.size === 0 &&
      this.#parts.length === 0 &&
      this.#refused.size === 0
    );
  }

  /**
   * Sequence number of the oldest addition or change that the client has not answered; Infinity if there is none. Parts
   * of a refused response need no look: while there are any, one of them is in flight.
   */
  get pendingSince(): number {
    return Math.min(this.#inFlight?.since ?? Number.POSITIVE_INFINITY, first(this.#owed), first(this.#updates));
  }

  /** Sequence number of the newest change that is to be sent. */
  get changedAt(): number {
    return this.#changedAt;
  }

  /** Whether anything of this type was sent on this stream. */
  get hasSent(): boolean {
    return this.lastNonce !== '';
  }

  /** Whether the client came with the present state, and was believed. */
  get isUpToDate(): boolean {
    return this.held.size > 0 && !this.hasSent;
  }

  /** How many names the client asks for one by one. */
  get nameCount(): number {
    return this.interest.names.size;
  }

  /** What the client refused and would be sent otherwise. */
  get refusals(): readonly (NamedVersion & { readonly error: Refusal })[] {
    return [...this.#refused].map(([name, { version, error }]) => ({ name, version: version || undefined, error }));
  }

  /** How the client stands to all that it wants, and to what is on its way out. */
  standings(): readonly Standing[] {
    const { names, wildcard } = this.interest;
    const existing = wildcard ? this.view.names(this.typeUrl) : [];
    const leaving = [...this.held.keys(), ...this.#removals, ...(this.#inFlight?.items.keys() ?? [])];
    const wanted = new Set([...names, ...existing, ...leaving.filter((name) => this.wants(name))]);
    return Array.from(wanted, (name) => {
      const latest = this.view.get(this.typeUrl, name);
      const held = this.held.get(name);
      const accepted = held && { version: held.version, resource: this.#contentOf(held, latest) };
      return { name, latest, accepted, progress: this.#progress(name, latest) };
    });
  }

  wants(name: string): boolean {
    return this.interest.includes(name);
  }

  /** Puts what the client has, or will have, beside the world. To be called for each name that may differ. */
  compare(name: string): void {
    if (!this.wants(name)) return;
    const resource = this.view.get(this.typeUrl, name);
    const version = resource?.version ?? ABSENT;
    if (this.#refused.get(name)?.version !== version) this.#refused.delete(name);
    const differs = version !== this.#expectedVersion(name) && !this.#refused.has(name);
    if (!differs || resource === undefined) this.#updates.delete(name);
    if (!differs || resource !== undefined) this.#removals.delete(name);
    if (!differs) return;
    if (resource === undefined) {
      this.#removals.add(name);
    } else {
      this.#changedAt = this.view.sequence;
      if (!this.#updates.has(name)) this.#updates.set(name, this.view.sequence);
    }
  }

  /** Has a name answered even if the client holds its latest version (rules 7, 8, 9 and 11). */
  owe(name: string): void {
    if (!this.#owed.has(name)) this.#owed.set(name, this.view.sequence);
  }

  /** Notes that the client was sent something that makes it wait for this name, whether or not it exists (rule 11). */
  expect(name: string): void {
    this.#expected.add(name);
  }

  /** The next response, if there is anything that may be said now; from then on it is in flight under this nonce. */
  next(gate: Gate, nonce: string): { readonly items: Items; readonly content: Content } | undefined {
    if (this.#inFlight !== undefined) return undefined;
    const chosen = new Map<string, Resource | undefined>();
    let since = Number.POSITIVE_INFINITY;
    const take = (names: Iterable<readonly [name: string, since: number]>, standIns = false) => {
      for (const [name, changedAt] of names) {
        const resource = this.view.get(this.typeUrl, name) ?? (standIns ? this.#standIn(name) : undefined);
        if (!this.canSay(resource)) continue;
        chosen.set(name, resource);
        since = Math.min(since, changedAt);
      }
    };

    take(this.#owed, true);
    this.#owed.clear();
    const part = this.#nextPart();
    if (part !== undefined) {
      take(part.names.map((name) => [name, part.since]));
    } else {
      if (gate.updates) take(this.#updates);
      if (gate.removals) take([...this.#removals].map((name) => [name, Number.POSITIVE_INFINITY]));
    }
    if (chosen.size === 0 && !this.answerDue) return undefined;

    const items = this.complete(chosen);
    const content = this.compose(items);
    this.#inFlight = { nonce, items, since };
    this.lastNonce = nonce;
    this.answerDue = false;
    for (const name of items.keys()) {
      this.#expected.delete(name);
      this.#updates.delete(name);
      this.#removals.delete(name);
    }
    return { items, content };
  }

  /** Takes an ACK or a NACK. @returns undefined if the nonce is not that of the response in flight. */
  answer(nonce: string, error: Refusal | undefined): Answer | undefined {
    if (this.#inFlight === undefined || this.#inFlight.nonce !== nonce) return undefined;
    const { items, since } = this.#inFlight;
    this.#inFlight = undefined;
    const changes = [...items].map(([name, resource]) => ({ name, version: resource?.version }));
    if (error === undefined) {
      this.accept(items);
      return { changes };
    }
    return { changes, refused: { error, again: this.refuse(items, since, error) } };
  }

  protected accept(items: Items): void {
    for (const [name, resource] of items) {
      if (!this.wants(name)) continue;
      if (resource === undefined) this.release(name);
      else this.hold(name, resource);
      this.#uncertain.delete(name);
      this.compare(name);
    }
  }

  /**
   * One refused resource can take good ones of the same response with it, so more than one are sent again in halves until
   * the one at fault stands alone.
   * @returns whether anything is sent again.
   */
  protected refuse(items: Items, since: number, error: Refusal): boolean {
    if (items.size === 1) {
      for (const [name, resource] of items) {
        if (!this.wants(name)) continue;
        this.#refused.set(name, { version: resource?.version ?? ABSENT, error });
        // It asked and has nothing: if the resource goes, that is the answer.
        if (!this.held.has(name) && this.canSay(undefined)) this.#uncertain.add(name);
        this.compare(name);
      }
      return false;
    }
    const again: string[] = [];
    for (const [name, resource] of items) {
      if (!this.wants(name)) continue;
      const version = resource?.version ?? ABSENT;
      if (version !== this.#expectedVersion(name)) this.#uncertain.add(name);
      if (version === this.#versionInWorld(name)) again.push(name);
      else this.compare(name);
    }
    const middle = Math.ceil(again.length / 2);
    const halves = [again.slice(0, middle), again.slice(middle)].filter((names) => names.length > 0);
    this.#parts.unshift(...halves.map((names) => ({ names, since })));
    return halves.length > 0;
  }

  /** Follows a change of interest on a stream that is under way. */
  protected follow({ asked, dropped, wildcard }: InterestChange): void {
    for (const name of dropped) if (!this.wants(name)) this.#forget(name);
    if (wildcard === 'ended') this.#forgetUnwanted();
    if (wildcard === 'begun' || wildcard === 'asked again') {
      for (const name of this.view.names(this.typeUrl)) {
        if (wildcard === 'asked again' || !this.held.has(name)) this.owe(name);
      }
      this.answerDue = true;
    }
    for (const name of asked) this.owe(name);
  }

  protected hold(name: string, held: Held): void {
    this.held.set(name, held);
  }

  protected release(name: string): void {
    this.held.delete(name);
  }

  #forget(name: string): void {
    this.release(name);
    this.#owed.delete(name);
    this.#updates.delete(name);
    this.#removals.delete(name);
    this.#refused.delete(name);
    this.#uncertain.delete(name);
  }

  #forgetUnwanted(): void {
    for (const names of [this.held, this.#owed, this.#updates, this.#removals, this.#refused, this.#uncertain]) {
      for (const name of names.keys()) if (!this.wants(name)) this.#forget(name);
    }
  }

  /** The next part of a refused response of which anything is still to be tried: what changed since goes its own way. */
  #nextPart(): Part | undefined {
    for (let part = this.#parts.shift(); part !== undefined; part = this.#parts.shift()) {
      const names = part.names.filter(
        (name) => this.wants(name) && !this.#updates.has(name) && !this.#removals.has(name),
      );
      if (names.length > 0) return { names, since: part.since };
    }
    return undefined;
  }

  #contentOf(held: Held | Resource, latest: Resource | undefined): Resource | undefined {
    if ('body' in held) return held;
    return held.version === latest?.version ? latest : undefined;
  }

  #progress(name: string, latest: Resource | undefined): Progress {
    if (this.#refused.has(name)) return 'refused';
    const held = this.held.get(name);
    const items = this.#inFlight?.items;
    if (items?.has(name) && (held === undefined || items.get(name)?.version !== held.version)) return 'sent';
    if (held !== undefined && latest?.version === held.version && !this.#uncertain.has(name)) return 'accepted';
    if (!this.canSay(latest)) return 'untold';
    const pending = [this.#uncertain, this.#updates, this.#removals, this.#owed];
    return pending.some((names) => names.has(name)) ? 'waiting' : 'accepted';
  }

  #versionInWorld(name: string): string {
    return this.view.get(this.typeUrl, name)?.version ?? ABSENT;
  }

  #standIn(name: string): Resource | undefined {
    return this.#expected.has(name) ? this.standIn(name) : undefined;
  }

  /** The version that the client will hold once it has accepted what is in flight; undefined if nobody can tell. */
  #expectedVersion(name: string): string | undefined {
    const items = this.#inFlight?.items;
    if (items?.has(name)) return items.get(name)?.version ?? ABSENT;
    return this.#uncertain.has(name) ? undefined : (this.held.get(name)?.version ?? ABSENT);
  }
}

/** The first value: the smallest, where values are sequence numbers. */
function first(numbers: ReadonlyMap<string, number>): number {
  for (const number of numbers.values()) return number;
  return Number.POSITIVE_INFINITY;
}
