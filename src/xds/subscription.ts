import type { Resource, View } from '../resources/index.ts';
import { ABSENT, Account } from './account.ts';
import type { Due } from './backlog.ts';
import type { Answer, Content, Items, Referrers } from './exchange.ts';
import type { Expected } from './followers.ts';
import type { InterestChange } from './interest.ts';
import type { Order } from './order.ts';
import type { DiscoveryRequest, Refusal } from './protocol.ts';

const NEVER = Number.POSITIVE_INFINITY;

/**
 * One type on one stream: what the client wants of it, what it holds, and what is yet to be sent. At most one response
 * is unanswered; what changes meanwhile is a set of names, of which the latest state is sent next. So a slow client
 * costs no more than the names it asked for (rules 3 and 14), and a change costs what it names.
 *
 * What differs between state of the world and delta is left to the two subclasses.
 */
export abstract class Subscription<Request extends DiscoveryRequest> extends Account {
  /** An answer is due even if there is nothing to say in it. */
  protected answerDue = false;
  readonly #expected: Expected;
  /** The turns at which the order among types was last asked; at the same ones it would say the same. */
  #askedAt = { updates: Number.NaN, removals: Number.NaN };

  /** @param expected what the client needs of this type by what it was sent of others. */
  constructor(typeUrl: string, view: View, expected: Expected) {
    super(typeUrl, view);
    this.#expected = expected;
  }

  /**
   * Takes the stream's first request of this type.
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

  /** What stands for a resource that does not exist, where the client waits for one and there is no word for none. */
  protected abstract standIn(name: string): Resource | undefined;

  /** What the client waits for is answered though it is gone, what the client had before, or refused. */
  override compare(name: string, since?: number): void {
    super.compare(name, since);
    if (!this.#expected.has(name) || !this.wants(name)) return;
    const isGone = this.latest(name) === undefined;
    const isDue = isGone
      ? this.backlog.removals.has(name) || this.standIn(name) !== undefined
      : !this.#isRefused(name) || this.#fallback(name) !== undefined;
    if (isDue) this.owe(name);
  }

  /** The client may be waiting for any name that it asks for. */
  expectAll(): void {
    for (const name of this.interest.names) if (this.latest(name) !== undefined) this.#expected.restore(name);
  }

  /**
   * The client still may be waiting, and even for names that do not exist.
   * @returns whether there is any of these that it can be helped with.
   */
  awaitAll(): boolean {
    let helps = false;
    for (const name of this.interest.names) {
      if (this.latest(name) !== undefined || this.standIn(name) === undefined) continue;
      this.#expected.restore(name);
      this.owe(name);
      helps = true;
    }
    return helps;
  }

  /** The next response, if there is anything that may be said now; from then on it is in flight under this nonce. */
  next(order: Order, nonce: string): { readonly items: Items; readonly content: Content } | undefined {
    if (this.inFlight !== undefined) return undefined;
    const chosen = new Map<string, Resource | undefined>();
    const due = { since: NEVER, behindSince: NEVER };
    const choose = (name: string, resource: Resource | undefined, triedSince = NEVER) => {
      chosen.set(name, resource);
      const { since, behindSince } = this.backlog.take(name);
      due.since = Math.min(due.since, triedSince, since);
      due.behindSince = Math.min(due.behindSince, triedSince, behindSince, this.refused.since(name));
    };

    for (const name of this.backlog.owed.keys()) {
      const resource = this.#answerTo(name);
      if (this.canSay(resource)) choose(name, resource);
      else this.backlog.answer(name);
    }
    const part = this.refused.nextPart((name) => this.#isToBeTried(name));
    if (part !== undefined) {
      for (const name of part.names) {
        choose(name, this.#answerTo(name), part.since);
      }
    } else {
      for (const name of this.#allowedUpdates(order)) choose(name, this.latest(name));
      for (const name of this.#allowedRemovals(order)) choose(name, undefined);
    }
    if (chosen.size === 0 && !this.answerDue) return undefined;

    const items = this.complete(chosen);
    const content = this.compose(items);
    const expected = [...items.keys()].filter((name) => this.#expected.answer(name));
    this.inFlight = { nonce, items, expected, ...due };
    this.lastNonce = nonce;
    this.answerDue = false;
    return { items, content };
  }

  /** Takes an ACK or a NACK. @returns undefined if the nonce is not that of the response in flight. */
  answer(nonce: string, error: Refusal | undefined): Answer | undefined {
    if (this.inFlight === undefined || this.inFlight.nonce !== nonce) return undefined;
    const { items, expected, ...due } = this.inFlight;
    this.inFlight = undefined;
    this.relax();
    const changes = [...items].map(([name, resource]) => ({ name, version: resource?.version }));
    if (error === undefined) {
      this.accept(items);
      return { changes };
    }
    for (const name of expected) this.#expected.restore(name);
    return { changes, refused: { error, again: this.refuse(items, due, error) } };
  }

  protected accept(items: Items): void {
    for (const [name, resource] of items) {
      if (!this.wants(name)) continue;
      if (resource === undefined) this.release(name);
      else this.hold(name, resource);
      if (this.#isRefused(name) && resource !== this.latest(name)) this.refused.ascertain(name);
      else this.refused.clear(name);
      this.compare(name);
    }
  }

  /**
   * One refused resource can take good ones of the same response with it, so more than one are sent again in halves until
   * the one at fault stands alone.
   * @returns whether anything is sent again.
   */
  protected refuse(items: Items, { since, behindSince }: Due, error: Refusal): boolean {
    const again: string[] = [];
    for (const [name, resource] of items) {
      if (!this.wants(name)) continue;
      const version = resource?.version ?? ABSENT;
      if (items.size === 1) {
        // It refuses even what it had: there is nothing else to try.
        if (this.#isRefused(name) && resource === this.#fallback(name)) this.#expected.answer(name);
        else this.refused.refuse(name, version, error, behindSince);
        // It asked and has nothing: if the resource goes, that is the answer.
        if (!this.held.has(name) && this.canSay(undefined)) this.refused.doubt(name, behindSince);
        this.compare(name);
        continue;
      }
      if (version !== this.expectedVersion(name)) this.refused.doubt(name, behindSince);
      if (version === (this.#answerTo(name)?.version ?? ABSENT)) again.push(name);
      else this.compare(name);
    }
    return this.refused.split(again, since);
  }

  /** Follows a change of interest on a stream that is under way. */
  protected follow({ asked, dropped, wildcard }: InterestChange): void {
    for (const name of dropped) if (!this.wants(name)) this.forget(name);
    if (wildcard === 'ended') this.forgetUnwanted();
    if (wildcard === 'begun' || wildcard === 'asked again') {
      for (const name of this.view.names(this.typeUrl)) {
        if (wildcard === 'asked again' || !this.held.has(name)) this.owe(name);
      }
      this.answerDue = true;
    }
    for (const name of asked) this.owe(name);
  }

  /** Whether a part of a refused response still has to say something of a name: what changed since goes its own way. */
  #isToBeTried(name: string): boolean {
    const { updates, removals } = this.backlog;
    const hasChanged = updates.has(name) || (removals.has(name) && this.canSay(undefined));
    return this.wants(name) && !hasChanged && this.canSay(this.#answerTo(name));
  }

  #answerTo(name: string): Resource | undefined {
    const latest = this.latest(name);
    if (!this.#expected.has(name)) return latest;
    if (latest === undefined) return this.standIn(name);
    return (this.#isRefused(name) ? this.#fallback(name) : undefined) ?? latest;
  }

  /** Whether the client refused what it is to have, by itself. */
  #isRefused(name: string): boolean {
    const version = this.refused.refused(name)?.version;
    return version !== undefined && version === this.latest(name)?.version;
  }

  /** What a client that warms with something better than nothing gets: what it accepted last. */
  #fallback(name: string): Resource | undefined {
    const held = this.held.get(name);
    return held !== undefined && 'body' in held ? held : undefined;
  }

  /** The order is asked once for all that waits, and again only when that might change its answer. */
  #allowedUpdates(order: Order): readonly string[] {
    const { updates } = this.backlog;
    if (updates.size === 0) return [];
    const turn = order.turnOfUpdates(this.rules) + this.comparisons;
    if (turn === this.#askedAt.updates) return [];
    this.#askedAt.updates = turn;
    const mayGo = order.updates(this.rules);
    const allowed = [...updates].filter(([name, { changedAt }]) => {
      const resource = this.latest(name);
      return resource !== undefined && mayGo(resource, this.held.get(name), changedAt);
    });
    return allowed.map(([name]) => name);
  }

  #allowedRemovals(order: Order): readonly string[] {
    const { removals } = this.backlog;
    if (removals.size === 0 || !this.canSay(undefined)) return [];
    const turn = order.turnOfRemovals(this.rules) + this.comparisons;
    if (turn === this.#askedAt.removals) return [];
    this.#askedAt.removals = turn;
    const mayGo = order.removals(this.rules);
    return [...removals].filter(([name, goneSince]) => mayGo(name, goneSince)).map(([name]) => name);
  }
}
