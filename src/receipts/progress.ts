import type { Changes, ResourceName, ResourceStore, View } from '../resources/index.ts';
import type { NamedVersion, Variant, XdsEvent } from '../xds/index.ts';
import { SlotSet, Slots } from './slots.ts';

/** A connected Envoy, as far as receipts go. */
export interface Gateway {
  /** The node's id. */
  readonly node: string;
  /** Of the stream, unique in this process. */
  readonly stream: string;
  readonly variant: Variant;
  /** Milliseconds since the epoch. */
  readonly connectedAt: number;
}

/** How an Envoy stands to a state of some resources. */
export type Standing =
  /** It has acknowledged all of them in that state, or in a later one. */
  | 'current'
  /** It has not, yet. */
  | 'behind'
  /** It does not ask for all of them. */
  | 'uninvolved';

export interface ProgressOptions {
  readonly store: ResourceStore;
  /** Tells Envoys from other clients by the groups that they are in. */
  readonly isGateway: (groups: readonly string[]) => boolean;
  /** Told of each resource, by `keyOf`, that an Envoy has come to have in its latest state or a later one than before. */
  readonly caught: (gateway: Gateway, resource: string) => void;
}

/**
 * How far each Envoy is with each resource, by the sequence numbers of the store's changes. What is remembered of an Envoy
 * that has everything is one bit for each resource.
 */
export class Progress {
  readonly #options: ProgressOptions;
  readonly #clients = new Map<string, Client>();
  readonly #resources = new Map<string, Tracked>();
  readonly #slots = new Slots();

  constructor(options: ProgressOptions) {
    this.#options = options;
  }

  gateways(): readonly Gateway[] {
    return [...this.#clients.values()];
  }

  /** A change of the store, told before anybody is sent it. */
  changed(changes: Changes): void {
    for (const client of this.#clients.values()) {
      for (const [typeUrl, names] of changes.of(...client.groups)) {
        for (const name of names) this.#changedFor(client, { typeUrl, name }, changes.sequence);
      }
    }
  }

  event(event: XdsEvent): void {
    if (event.type === 'connected') {
      this.#greet(event);
      return;
    }
    const client = this.#clients.get(event.stream);
    if (client === undefined) return;
    switch (event.type) {
      case 'pushed':
        this.#pushed(client, event);
        break;
      case 'acknowledged': {
        const sequence = event.nonce === '' ? this.#options.store.sequence : client.open.get(responseKey(event));
        client.open.delete(responseKey(event));
        if (sequence !== undefined) this.#acknowledged(client, event.typeUrl, event.changes, sequence);
        this.#settle(client);
        break;
      }
      case 'refused':
        client.open.delete(responseKey(event));
        this.#settle(client);
        break;
      case 'disconnected':
        this.#forget(client);
        break;
      default:
        event satisfies never;
    }
  }

  /**
   * How an Envoy stands to these resources as they were after a change, or later.
   *
   * @param resources by `keyOf`.
   * @param sequence of the change.
   */
  standing({ stream }: Gateway, resources: readonly string[], sequence: number): Standing {
    const client = this.#clients.get(stream);
    if (client === undefined) return 'uninvolved';
    let standing: Standing = 'current';
    for (const resource of resources) {
      const tracked = this.#resources.get(resource);
      const lack = tracked?.behind.get(client);
      if (lack !== undefined) {
        if (lack.since <= sequence) standing = 'behind';
      } else if (tracked?.known.has(client.slot) !== true) {
        if (client.types.get(typeOf(resource)) !== 'arriving') return 'uninvolved';
        standing = 'behind';
      }
    }
    return standing;
  }

  #greet({ node, groups, stream, variant, at }: XdsEvent & { type: 'connected' }): void {
    const { isGateway, store } = this.#options;
    if (!isGateway(groups)) return;
    this.#clients.set(stream, {
      ...{ node, stream, variant, connectedAt: at, groups, view: store.view(...groups) },
      ...{ slot: this.#slots.take(), types: new Map(), open: new Map(), doubtful: new Set() },
    });
  }

  #changedFor(client: Client, resource: ResourceName, sequence: number): void {
    const key = keyOf(resource);
    const version = client.view.get(resource.typeUrl, resource.name)?.version;
    const tracked = this.#tracked(key);
    if (version === undefined) {
      // Nobody asks for the standing to what is gone.
      tracked.known.delete(client.slot);
      tracked.behind.delete(client);
      if (tracked.isIdle) this.#resources.delete(key);
      return;
    }
    tracked.note(sequence, version);
    const lack = tracked.behind.get(client);
    if (lack === undefined) {
      if (tracked.known.has(client.slot)) tracked.behind.set(client, { since: sequence, held: tracked.versionBefore });
    } else if (lack.held === version) {
      // Back to what it has before it was sent anything else, perhaps: then it will not be sent anything.
      client.doubtful.add(key);
    }
    this.#settle(client);
  }

  #pushed(client: Client, event: XdsEvent & { type: 'pushed' }): void {
    const { typeUrl, changes, sequence } = event;
    client.open.set(responseKey(event), sequence);
    if (!client.types.has(typeUrl)) client.types.set(typeUrl, 'arriving');
    if (client.types.get(typeUrl) === 'arriving') return;
    for (const { name, version } of changes) {
      if (version === undefined) continue;
      const tracked = this.#tracked(keyOf({ typeUrl, name }));
      if (tracked.known.has(client.slot) || tracked.behind.has(client)) continue;
      tracked.behind.set(client, { since: 0, held: undefined });
    }
  }

  #acknowledged(client: Client, typeUrl: string, changes: readonly NamedVersion[], sequence: number): void {
    client.types.set(typeUrl, 'arrived');
    for (const { name, version } of changes) {
      if (version === undefined) continue;
      const key = keyOf({ typeUrl, name });
      const tracked = this.#tracked(key);
      tracked.known.add(client.slot);
      const since = tracked.firstAfter(sequence);
      if (since === undefined) {
        tracked.behind.delete(client);
        tracked.version = version;
      } else {
        tracked.behind.set(client, { since, held: version });
        if (client.view.get(typeUrl, name)?.version === version) client.doubtful.add(key);
      }
      this.#options.caught(client, key);
    }
  }

  /** Resources that changed back to what a client has are its own again once nothing else is on its way. */
  #settle(client: Client): void {
    if (client.doubtful.size === 0 || client.open.size > 0) return;
    for (const key of client.doubtful) {
      const tracked = this.#resources.get(key);
      const lack = tracked?.behind.get(client);
      if (lack === undefined || lack.held !== client.view.get(typeOf(key), nameOf(key))?.version) continue;
      tracked!.behind.delete(client);
      this.#options.caught(client, key);
    }
    client.doubtful.clear();
  }

  #forget(client: Client): void {
    this.#clients.delete(client.stream);
    for (const [key, tracked] of this.#resources) {
      tracked.known.delete(client.slot);
      tracked.behind.delete(client);
      if (this.#clients.size === 0) this.#resources.delete(key);
    }
    this.#slots.release(client.slot);
  }

  #tracked(key: string): Tracked {
    let tracked = this.#resources.get(key);
    if (tracked === undefined) {
      tracked = new Tracked();
      this.#resources.set(key, tracked);
    }
    return tracked;
  }
}

interface Client extends Gateway {
  readonly groups: readonly string[];
  readonly view: View;
  readonly slot: number;
  /** `arriving` from the first response of a type until one is acknowledged: of what there is, it has nothing yet. */
  readonly types: Map<string, 'arriving' | 'arrived'>;
  /** Responses that are not answered, and the sequence of the state that they told. */
  readonly open: Map<string, number>;
  /** Resources that may be what the client has though it is counted as behind. */
  readonly doubtful: Set<string>;
}

/** What a client lacks of a resource. */
interface Lack {
  /** The sequence of the first change that it lacks. */
  readonly since: number;
  /** The version that it has. */
  readonly held: string | undefined;
}

class Tracked {
  /** The clients that have acknowledged it in some state, by slot. */
  readonly known = new SlotSet();
  readonly behind = new Map<Client, Lack>();
  /** The version that clients have who lack nothing, and who lack the last change only. */
  version: string | undefined;
  versionBefore: string | undefined;
  /** The sequences of the changes that somebody may lack, and of the last one, in order. */
  #changes: number[] = [];

  get isIdle(): boolean {
    return this.known.isEmpty && this.behind.size === 0;
  }

  /** Each of several clients may tell of the same change. */
  note(sequence: number, version: string): void {
    if (this.#changes.at(-1) === sequence) return;
    this.versionBefore = this.version;
    this.version = version;
    this.#changes.push(sequence);
    if (this.#changes.length < PRUNED_FROM) return;
    let oldest = sequence;
    for (const { since } of this.behind.values()) oldest = Math.min(oldest, since);
    this.#changes = this.#changes.filter((change) => change >= oldest);
    // A client that is so far behind is sent the latest state, which is after all of them.
    if (this.#changes.length >= MOST_CHANGES) this.#changes = this.#changes.slice(-PRUNED_FROM);
  }

  /** The first change after the one of this sequence. */
  firstAfter(sequence: number): number | undefined {
    return this.#changes.find((change) => change > sequence);
  }
}

/** Below this it is not worth the work. */
const PRUNED_FROM = 32;
const MOST_CHANGES = 1024;

/** A resource's type and name as one text. */
export function keyOf({ typeUrl, name }: ResourceName): string {
  return `${typeUrl} ${name}`;
}

function typeOf(key: string): string {
  return key.slice(0, key.indexOf(' '));
}

function nameOf(key: string): string {
  return key.slice(key.indexOf(' ') + 1);
}

/** Nonces are unique on a stream. */
function responseKey({ typeUrl, nonce }: { readonly typeUrl: string; readonly nonce: string }): string {
  return `${typeUrl} ${nonce}`;
}
