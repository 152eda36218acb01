import { typeUrls } from '../../../src/protos/index.ts';
import type { Resource } from '../../../src/resources/index.ts';
import type { DeltaRequest, Refusal, Respond, SotwRequest, Variant } from '../../../src/xds/protocol.ts';

const { cluster, loadAssignment, listener, routeConfiguration } = typeUrls;

/** The types that the model client asks for, in the order in which an Envoy does. */
export const modelTypes = [cluster, loadAssignment, listener, routeConfiguration] as const;
const wildcardTypes: readonly string[] = [cluster, listener];
const fullStateTypes = wildcardTypes;

/** Whether a client of the model refuses a resource: its content says so. */
export function isBad(resource: Resource): boolean {
  return contentOf(resource).endsWith('!');
}

/** The name that a resource refers to: a listener's routes, or the cluster of these. */
export function referenceOf(resource: Resource): string {
  return contentOf(resource).split('>')[1]?.replace('!', '') ?? '';
}

function contentOf({ name, body }: Resource): string {
  return Buffer.from(body)
    .toString()
    .slice(name.length + 1);
}

/** What clients do differently. */
export interface Habits {
  /** Whether it takes the good resources of a response that it refuses. */
  readonly takesGood: boolean;
  /** Whether it says nothing of clusters while one of them warms, as an Envoy that has started: no ACK, no first request. */
  readonly holdsAnswers: boolean;
}

/**
 * What an Envoy does, as far as the protocol sees it: it takes all clusters and listeners, asks for the endpoints of the
 * clusters that it has and for the routes that its listeners name, forgets what it no longer asks for, and refuses
 * responses with a bad resource in them.
 */
export class ModelClient {
  readonly variant: Variant;
  readonly #habits: Habits;
  readonly held = new Map<string, Map<string, Resource>>();
  /** Clusters that are new or changed and have not been sent their endpoints since. */
  readonly warming = new Set<string>();
  /** Endpoints that somebody else in the client wants, or not. */
  readonly extra = new Set<string>();
  readonly #asked = new Map<string, Set<string>>();
  readonly #nonces = new Map<string, string>();
  readonly #versions = new Map<string, string>();
  /** Types of which it gave up names on this stream: responses may have crossed that. */
  readonly #gaveUp = new Set<string>();
  #outbox: (SotwRequest & DeltaRequest)[] = [];
  /** What it will say of clusters when none of them keeps it silent. */
  #heldBack: Reply | undefined;
  /** Clusters that warm, unless endpoints were refused since: no Envoy waits for more then. */
  readonly #awaiting = new Set<string>();
  #tookPart = false;

  constructor(variant: Variant, habits: Habits) {
    this.variant = variant;
    this.#habits = habits;
    for (const type of modelTypes) this.held.set(type, new Map());
    this.connect();
  }

  /** The names that it wants; undefined for everything. */
  wanted(type: string): ReadonlySet<string> | undefined {
    if (wildcardTypes.includes(type)) return undefined;
    if (type === loadAssignment) return new Set([...this.held.get(cluster)!.keys(), ...this.extra]);
    return new Set([...this.held.get(listener)!.values()].map(referenceOf));
  }

  /** Whether it says nothing of clusters, as one of them warms. */
  get isSilent(): boolean {
    return this.#heldBack !== undefined;
  }

  /** Whether it has ever taken a part of what it refused: it goes on stating the version before. */
  get tookPart(): boolean {
    return this.#tookPart;
  }

  /** Begins a stream: nothing of an earlier one is left but what it holds. */
  connect(): void {
    this.#outbox = [];
    this.#asked.clear();
    this.#nonces.clear();
    this.#gaveUp.clear();
    this.#heldBack = undefined;
    // A stream that breaks between a cluster and its endpoints leaves a client that states both versions: nobody can tell,
    // unless it says nothing of its clusters until it has the endpoints.
    if (!this.#habits.holdsAnswers) this.#awaiting.clear();
    for (const name of this.warming) if (!this.#awaiting.has(name)) this.warming.delete(name);
    for (const type of modelTypes) {
      const wanted = this.wanted(type);
      if (wanted?.size !== 0) this.#request(type, wanted, {});
    }
  }

  /** Requests that it sends, in order. */
  takeRequests(): readonly (SotwRequest & DeltaRequest)[] {
    const requests = this.#outbox;
    this.#outbox = [];
    return requests;
  }

  /** Begins or ceases to want endpoints by name. */
  toggle(name: string): void {
    if (!this.extra.delete(name)) this.extra.add(name);
    this.#follow();
  }

  receive(response: Respond): void {
    const { typeUrl, nonce, version, resources, removed } = response;
    this.#nonces.set(typeUrl, nonce);
    const refused = resources.some(isBad);
    if (!refused || this.#habits.takesGood) {
      const good = resources.filter((resource) => !isBad(resource));
      const absent =
        this.variant === 'sotw' && fullStateTypes.includes(typeUrl)
          ? [...this.held.get(typeUrl)!.keys()].filter((name) => !resources.some((resource) => resource.name === name))
          : removed;
      this.#take(typeUrl, good, absent);
      this.#tookPart ||= refused;
    }
    if (refused && typeUrl === loadAssignment) this.#stopWaiting(resources);
    const wanted = this.wanted(typeUrl);
    const isWhole = !this.#gaveUp.has(typeUrl) && resources.every(({ name }) => wanted?.has(name) ?? true);
    if (!refused) this.#versions.set(typeUrl, isWhole ? version : UNTRUE);
    const error = refused ? { code: 3, message: 'bad' } : undefined;
    // Envoy asks for what a response made it want before it answers the response.
    this.#follow(typeUrl);
    this.#request(typeUrl, this.wanted(typeUrl), { nonce, error });
    this.#follow();
    if (this.#heldBack !== undefined && this.#awaiting.size === 0) this.#request(cluster, undefined, this.#heldBack);
  }

  #take(typeUrl: string, resources: readonly Resource[], absent: readonly string[]): void {
    const held = this.held.get(typeUrl)!;
    for (const name of absent) {
      held.delete(name);
      if (typeUrl === cluster || typeUrl === loadAssignment) this.#warm(name, false);
    }
    for (const resource of resources) {
      const wanted = this.wanted(typeUrl);
      if (wanted !== undefined && !wanted.has(resource.name)) continue;
      if (typeUrl === cluster && held.get(resource.name)?.version !== resource.version) this.#warm(resource.name, true);
      if (typeUrl === loadAssignment) this.#warm(resource.name, false);
      held.set(resource.name, resource);
    }
  }

  #warm(name: string, begins: boolean): void {
    for (const names of [this.warming, this.#awaiting]) {
      if (begins) names.add(name);
      else names.delete(name);
    }
  }

  /**
   * Once endpoints are refused it waits for none any more. Its clusters are without any then; those that had some still need
   * these.
   */
  #stopWaiting(refused: readonly Resource[]): void {
    this.#awaiting.clear();
    const held = this.held.get(loadAssignment)!;
    for (const name of this.warming) {
      if (!held.has(name) || !refused.some((resource) => resource.name === name)) this.warming.delete(name);
    }
  }

  /** Asks for what it has come to want, and forgets what it no longer wants. */
  #follow(except?: string): void {
    for (const type of modelTypes) {
      const wanted = this.wanted(type);
      if (wanted === undefined || type === except) continue;
      const asked = this.#asked.get(type) ?? new Set();
      if (wanted.size === asked.size && [...wanted].every((name) => asked.has(name))) continue;
      this.#request(type, wanted, {});
    }
  }

  #request(type: string, wanted: ReadonlySet<string> | undefined, answer: Reply): void {
    if (type === cluster) {
      this.#heldBack = this.#habits.holdsAnswers && this.#awaiting.size > 0 ? answer : undefined;
      if (this.#heldBack !== undefined) return;
    }
    const before = this.#asked.get(type);
    const names = wanted ?? new Set<string>();
    this.#asked.set(type, new Set(names));
    const unsubscribe = [...(before ?? [])].filter((name) => !names.has(name));
    const held = this.held.get(type)!;
    for (const name of unsubscribe) {
      held.delete(name);
      this.#gaveUp.add(type);
      if (this.#versions.has(type)) this.#versions.set(type, UNTRUE);
    }
    const first = before === undefined;
    this.#outbox.push({
      typeUrl: type,
      nonce: answer.nonce ?? (this.variant === 'sotw' ? (this.#nonces.get(type) ?? '') : ''),
      error: answer.error,
      version: this.#versions.get(type) ?? '',
      names: [...names],
      subscribe: first && wanted === undefined ? ['*'] : [...names].filter((name) => !before?.has(name)),
      unsubscribe,
      initialVersions: new Map(first ? [...held.values()].map(({ name, version }) => [name, version]) : []),
    });
  }
}

/**
 * The version of more than a client holds: it gave a part up, or did not want it any more when it came. An Envoy goes on
 * stating the version itself, and no server can tell it from one that has it all: see rule 2.7 of the protocol page.
 */
const UNTRUE = 'of more than it holds';

/** The part of a request that answers a response. */
interface Reply {
  readonly nonce?: string;
  readonly error?: Refusal | undefined;
}
