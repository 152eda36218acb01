import type { Resource } from '../resources/index.ts';
import { ABSENT } from './account.ts';
import type { Content, Items, Referrers } from './exchange.ts';
import type { DeltaRequest } from './protocol.ts';
import { Subscription } from './subscription.ts';

/** Incremental xDS: responses carry what changed, requests carry what changes in the client's interest. */
export class DeltaSubscription extends Subscription<DeltaRequest> {
  /**
   * A client that comes back states the versions it holds: equal ones are not sent again, vanished ones are removed
   * (rule 10), and the others are updates like any other, which the order among types may hold back. Whatever it asks for
   * without having it is answered at once.
   */
  override begin({ subscribe, unsubscribe, initialVersions }: DeltaRequest, referrers: Referrers): readonly Resource[] {
    this.interest.amend(subscribe, unsubscribe);
    for (const [name, version] of initialVersions) {
      // It was told that there is no such resource.
      if (version === ABSENT) continue;
      const latest = this.latest(name);
      if (this.wants(name)) this.hold(name, latest?.version === version ? latest : { version });
    }
    const comesBack = this.held.size > 0;

    const { names, wildcard } = this.interest;
    for (const name of new Set([...names, ...this.held.keys()])) {
      // What is old may have been so for long.
      if (this.held.has(name)) this.compare(name, 0);
      else this.owe(name);
      // It comes for endpoints and not for clusters: a cluster that changed before the stream broke may still wait for them.
      if (referrers === 'absent' && this.rules.warmsReferrers) this.owe(name);
    }
    if (wildcard) {
      for (const name of this.view.names(this.typeUrl)) {
        if (comesBack) this.compare(name, 0);
        else this.owe(name);
      }
      // A client that starts waits for a first answer, even if there is nothing to tell.
      this.answerDue = !comesBack;
    }
    return [...this.resources()];
  }

  /** Changes of interest count whatever the nonce says (rule 4). */
  override amend({ subscribe, unsubscribe }: DeltaRequest): boolean {
    const change = this.interest.amend(subscribe, unsubscribe);
    this.follow(change);
    // Dropped by name, yet still wanted: the client does not know whether `*` covers it (rule 9).
    for (const name of change.dropped) if (this.wants(name)) this.owe(name);
    return true;
  }

  #awaitsEntry(name: string): boolean {
    return this.rules.onDemand === true && this.interest.names.has(name) && !this.held.has(name);
  }

  /** What does not exist is said to be removed, or to be unknown (rule 8). */
  protected override standIn(): undefined {
    return undefined;
  }

  protected override canSay(): boolean {
    return true;
  }

  protected override complete(items: Items): Items {
    return items;
  }

  protected override compose(items: Items): Content {
    const resources: Resource[] = [];
    const removed: string[] = [];
    const unknown: string[] = [];
    for (const [name, resource] of items) {
      if (resource !== undefined) resources.push(resource);
      // Whoever has it is to remove it; a name cannot be in a response twice.
      else if (this.#awaitsEntry(name)) unknown.push(name);
      else removed.push(name);
    }
    // For people who debug; each resource has a version of its own.
    return { version: String(this.view.sequence), resources, removed, unknown, reverted: [] };
  }
}
