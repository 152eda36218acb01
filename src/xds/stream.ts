import type { ChangedNames, Resource, ResourceName, View } from '../resources/index.ts';
import { DeltaSubscription } from './delta.ts';
import type { Referrers } from './exchange.ts';
import { Expected } from './followers.ts';
import { Order } from './order.ts';
import type { Action, DeltaRequest, DiscoveryRequest, SotwRequest } from './protocol.ts';
import { SotwSubscription } from './sotw.ts';
import type { Subscription } from './subscription.ts';
import { rankOf } from './types.ts';

export interface StreamOptions {
  /** Tells this stream's nonces from those of any other. */
  readonly id: string;
  /** The world as this client is to see it. What changes in it is told by `worldChanged`. */
  readonly view: View;
  /** The one type of the stream, unless it carries all of them (ADS). */
  readonly typeUrl?: string | undefined;
}

/**
 * The server's side of one discovery stream: a state machine that takes events and returns what is to be done. It knows
 * neither sockets nor clocks. All state is by stream and type and ends with the stream (rule 1).
 */
export class Stream<Request extends DiscoveryRequest> {
  readonly #options: StreamOptions;
  readonly #open: (typeUrl: string, view: View, expected: Expected) => Subscription<Request>;
  readonly #order: Order;
  /** In the order in which types are sent. */
  #subscriptions: readonly Subscription<Request>[] = [];
  readonly #expected = new Map<string, Expected>();
  #hasPrompted = false;
  #responses = 0;
  #failed = false;

  constructor(
    options: StreamOptions,
    open: (typeUrl: string, view: View, expected: Expected) => Subscription<Request>,
  ) {
    this.#options = options;
    this.#open = open;
    this.#order = new Order((typeUrl) => this.#find(typeUrl), options.typeUrl !== undefined);
  }

  request(request: Request): readonly Action[] {
    if (this.#failed) return [];
    const typeUrl = request.typeUrl || this.#options.typeUrl || '';
    const mistake = this.#mistakeIn(typeUrl);
    if (mistake !== undefined) {
      this.#failed = true;
      return [{ type: 'fail', message: mistake }];
    }
    const subscription = this.#find(typeUrl);
    if (subscription === undefined) return this.#begin(typeUrl, request);

    const actions: Action[] = [];
    const answer = subscription.answer(request.nonce, request.error);
    if (answer !== undefined) {
      const { changes, refused } = answer;
      const answered = { typeUrl, nonce: request.nonce, changes };
      actions.push(
        refused === undefined ? { type: 'acknowledged', ...answered } : { type: 'refused', ...answered, ...refused },
      );
    }
    const mayAnswer = subscription.amend(request);
    return [...actions, ...this.#advance(mayAnswer ? undefined : subscription)];
  }

  /** To be called when the view has changed, before any other event. */
  worldChanged(changed: ChangedNames): readonly Action[] {
    if (this.#failed) return [];
    for (const subscription of this.#subscriptions) {
      for (const name of changed.get(subscription.typeUrl) ?? []) subscription.compare(name);
    }
    return this.#advance();
  }

  /**
   * A client that comes back asks for its types in a burst. Until it is over nobody can tell which of them will refer to
   * what is to be removed, so removals wait for this event (rule 12). One that asks for endpoints and still not for clusters
   * may be an Envoy that warms a cluster, and says nothing of clusters before it has endpoints (rule 11): it is given them,
   * and the same time once more.
   *
   * @returns what is to be done, and whether it was the last such event.
   */
  introduced(): { readonly actions: readonly Action[]; readonly isLast: boolean } {
    const silent = this.#subscriptions.filter(({ typeUrl }) => this.#order.seesNoReferrersOf(typeUrl));
    const isLast = this.#hasPrompted || !silent.map((subscription) => subscription.awaitAll()).includes(true);
    this.#hasPrompted = true;
    this.#order.introduced = isLast;
    return { actions: this.#failed ? [] : this.#advance(), isLast };
  }

  /** The types that the client asks for, and how it stands to each. */
  types(): readonly Pick<Subscription<Request>, 'typeUrl' | 'wanted' | 'refusals' | 'wants' | 'standings'>[] {
    return this.#subscriptions;
  }

  #begin(typeUrl: string, request: Request): readonly Action[] {
    const expected = this.#expectedOf(typeUrl);
    const subscription = this.#open(typeUrl, this.#options.view, expected);
    this.#subscriptions = [...this.#subscriptions, subscription].sort((a, b) => rankOf(a.typeUrl) - rankOf(b.typeUrl));
    const upToDate = subscription.begin(request, this.#referrersOf(subscription));
    for (const name of expected.names()) if (subscription.wants(name)) subscription.owe(name);
    if (this.#order.seesNoReferrersOf(typeUrl)) subscription.expectAll();

    const changes = upToDate.map(({ name, version }) => ({ name, version }));
    const actions: readonly Action[] =
      changes.length > 0 ? [{ type: 'acknowledged', typeUrl, nonce: '', changes }] : [];
    return [...actions, ...this.#advance()];
  }

  /** What the types that refer to this one were told on this stream, before its first request. */
  #referrersOf({ rules }: Subscription<Request>): Referrers {
    if (this.#options.typeUrl !== undefined) return 'elsewhere';
    const referrers = rules.removalsAfter.flatMap((type) => this.#find(type) ?? []);
    if (referrers.length === 0) return 'absent';
    return referrers.every(({ isUpToDate }) => isUpToDate) ? 'unchanged' : 'changed';
  }

  /** Sends whatever may be sent. A type's followers come after it in the order, so one pass is enough. */
  #advance(except?: Subscription<Request>): readonly Action[] {
    const actions: Action[] = [];
    for (const subscription of this.#subscriptions) {
      if (subscription === except) continue;
      const nonce = `${this.#options.id}.${this.#responses + 1}`;
      const response = subscription.next(this.#order, nonce);
      if (response === undefined) continue;
      this.#responses += 1;
      const { items } = response;
      const { reverted, ...content } = response.content;
      const changes = [...items].map(([name, resource]) => ({ name, version: resource?.version }));
      actions.push({ type: 'respond', typeUrl: subscription.typeUrl, nonce, ...content, changes });
      this.#oweFollowers(items.values());
      this.#oweFollowers(reverted);
    }
    return actions;
  }

  #oweFollowers(resources: Iterable<Resource | undefined>): void {
    // On a stream of one type there is nothing to follow with.
    if (this.#options.typeUrl !== undefined) return;
    for (const resource of resources) if (resource?.follower !== undefined) this.#oweFollower(resource.follower);
  }

  #oweFollower({ typeUrl, name }: ResourceName): void {
    this.#expectedOf(typeUrl).add(name, () => this.#resources());
    const subscription = this.#find(typeUrl);
    if (subscription?.wants(name)) subscription.owe(name);
  }

  #expectedOf(typeUrl: string): Expected {
    let expected = this.#expected.get(typeUrl);
    if (expected === undefined) {
      expected = new Expected(typeUrl);
      this.#expected.set(typeUrl, expected);
    }
    return expected;
  }

  *#resources(): Iterable<Resource> {
    for (const subscription of this.#subscriptions) yield* subscription.resources();
  }

  #find(typeUrl: string): Subscription<Request> | undefined {
    return this.#subscriptions.find((subscription) => subscription.typeUrl === typeUrl);
  }

  #mistakeIn(typeUrl: string): string | undefined {
    const own = this.#options.typeUrl;
    if (typeUrl === '') return 'A discovery request on an aggregated stream must say its type_url.';
    if (own !== undefined && typeUrl !== own)
      return `This stream carries ${own} only, and the request asks for ${typeUrl}.`;
    return undefined;
  }
}

export function sotwStream(options: StreamOptions): Stream<SotwRequest> {
  return new Stream(options, (typeUrl, view, expected) => new SotwSubscription(typeUrl, view, expected));
}

export function deltaStream(options: StreamOptions): Stream<DeltaRequest> {
  return new Stream(options, (typeUrl, view, expected) => new DeltaSubscription(typeUrl, view, expected));
}
