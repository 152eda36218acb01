import { typeUrls } from '../protos/index.ts';
import { Digest, type Resource, resourceOf } from '../resources/index.ts';
import type { Due } from './backlog.ts';
import type { Content, Items, Referrers } from './exchange.ts';
import type { Refusal, SotwRequest } from './protocol.ts';
import { Subscription } from './subscription.ts';

/**
 * What the server knows of the state that its responses add to: that it is empty, as the client said; that it is the present
 * one, as the client said; that the client accepted it; nothing; or that the client refused some of it.
 */
type Basis = 'empty' | 'claimed' | 'accepted' | 'unknown' | 'doubtful';

/**
 * State of the world: a request names all that the client wants, and a response's version stands for all that the client
 * then holds of the type.
 */
export class SotwSubscription extends Subscription<SotwRequest> {
  /** Always whole resources: nobody states versions of single ones in this variant. */
  declare protected readonly held: Map<string, Resource>;
  #digest = Digest.empty;
  #basis: Basis = 'empty';

  /**
   * A version is a digest of names and versions, so a client that comes back with that of the present state holds exactly
   * this state. Unless it gave up a name since, for that changes no version: so names are believed only where they follow
   * from what the client holds of the types that refer to them, and that was believed. A client that comes back with another
   * version holds what nobody here remembers.
   */
  override begin({ version, names }: SotwRequest, referrers: Referrers): readonly Resource[] {
    this.interest.replace(names);
    const state = this.#present();
    const isWildcard = this.interest.wildcard && this.interest.names.size === 0;
    const credible = this.rules.wildcard ? isWildcard : referrers === 'unchanged';
    if (credible && version !== '' && version === Digest.of(state).toString()) {
      this.#basis = 'claimed';
      for (const resource of state) this.hold(resource.name, resource);
      return state;
    }
    this.#basis = version === '' ? 'empty' : 'unknown';
    if (version !== '') this.#recall(referrers);
    // What nobody here remembers may be old, and refer to what has long been gone.
    const since = version === '' ? this.view.sequence : 0;
    if (version === '' || this.rules.fullState) {
      for (const { name } of state) this.owe(name, since);
    } else {
      for (const name of this.interest.names) {
        if (this.rules.updatesAfter.length > 0) this.refused.doubt(name, since);
        this.compare(name, since);
      }
    }
    this.answerDue = this.rules.fullState;
    return [];
  }

  /**
   * Absence deletes at once, and a client that was away while a resource went may still refer to it. So what went lately
   * is sent once more, as if the client had it, until nothing refers to it any more (rule 12).
   */
  #recall(referrers: Referrers): void {
    if (!this.rules.fullState || this.rules.removalsAfter.length === 0 || referrers === 'elsewhere') return;
    for (const name of this.view.departedNames(this.typeUrl)) {
      const resource = this.view.departed(this.typeUrl, name);
      if (resource === undefined || !this.wants(name)) continue;
      this.hold(name, resource);
      this.refused.doubt(name, 0);
      this.compare(name, 0);
    }
  }

  /**
   * A request that answers an older response is not itself answered, and another follows it; yet what it says of the
   * client's interest holds, or a name given up and asked for again in between would be lost (rule 3).
   */
  override amend({ nonce, names }: SotwRequest): boolean {
    this.follow(this.interest.replace(names));
    return nonce === '' || nonce === this.lastNonce;
  }

  override get behindSince(): number {
    return this.#basis === 'doubtful' ? 0 : super.behindSince;
  }

  override keeps(name: string, goneSince: number): boolean {
    return this.#basis === 'doubtful' || super.keeps(name, goneSince);
  }

  protected override accept(items: Items): void {
    super.accept(items);
    this.#basis = 'accepted';
  }

  /**
   * Where absence deletes, a smaller response takes from a client what it had before, if that is unknown here. Then nothing
   * is tried out: clients take the good resources of a refused state where they can, and the state goes out again, whole,
   * with the next change.
   */
  protected override refuse(items: Items, due: Due, error: Refusal): boolean {
    const known = this.#basis !== 'unknown' && this.#basis !== 'doubtful';
    if (!this.rules.fullState || known) return super.refuse(items, due, error);
    super.accept(items);
    this.#basis = 'doubtful';
    return false;
  }

  /**
   * An Envoy takes no other cluster before the one that it warms has an assignment: the last that there was, or an empty one.
   */
  protected override standIn(name: string): Resource | undefined {
    if (this.typeUrl !== typeUrls.loadAssignment) return undefined;
    const empty = resourceOf('envoy.config.endpoint.v3.ClusterLoadAssignment', { cluster_name: name });
    const refused = this.refused.refused(name);
    if (refused === undefined) return this.view.departed(this.typeUrl, name) ?? empty;
    return refused.version === empty.version ? undefined : empty;
  }

  protected override canSay(resource: Resource | undefined): boolean {
    return resource !== undefined || this.rules.fullState;
  }

  /** After a refused state, all of the next one is news: the client may have none of it yet. */
  protected override complete(items: Items): Items {
    return this.#basis === 'doubtful' ? new Map([...this.held, ...items]) : items;
  }

  protected override compose(items: Items): Content {
    let digest = this.#digest;
    for (const [name, resource] of items) digest = digest.replace(this.held.get(name), resource);
    const changed = [...items.values()].filter((resource) => resource !== undefined);
    const kept = this.rules.fullState ? [...this.held.values()].filter(({ name }) => !items.has(name)) : [];
    // A client that took a part of what it refused claims the version before that.
    const isDoubted = ({ name }: Resource) => this.#basis === 'claimed' || this.refused.isUncertain(name);
    const reverted = this.#basis !== 'claimed' && this.refused.size === 0 ? [] : kept.filter(isDoubted);
    return { version: digest.toString(), resources: [...kept, ...changed], removed: [], unknown: [], reverted };
  }

  protected override hold(name: string, resource: Resource): void {
    this.#digest = this.#digest.replace(this.held.get(name), resource);
    super.hold(name, resource);
  }

  protected override release(name: string): void {
    this.#digest = this.#digest.replace(this.held.get(name), undefined);
    super.release(name);
  }

  /** All that the client wants and that exists. */
  #present(): readonly Resource[] {
    const { names, wildcard } = this.interest;
    const wanted = wildcard ? new Set([...names, ...this.view.names(this.typeUrl)]) : names;
    return [...wanted].flatMap((name) => this.latest(name) ?? []);
  }
}
