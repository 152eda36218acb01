import type { Resource, View } from '../resources/index.ts';
import { Backlog, type Due } from './backlog.ts';
import type { Held, Items } from './exchange.ts';
import { Interest } from './interest.ts';
import { type Ordered, referencesOf } from './order.ts';
import type { NamedVersion, Refusal } from './protocol.ts';
import { Refusals } from './refusals.ts';
import type { Progress, Standing } from './standing.ts';
import { rulesOf, type TypeRules } from './types.ts';

/** A response that the client has not answered. */
interface InFlight extends Due {
  readonly nonce: string;
  readonly items: Items;
  /** Names in it that the client needs by what it was sent of other types. */
  readonly expected: readonly string[];
}

/** Stands for the absence of a resource where versions are compared. No content has this version. */
export const ABSENT = '';

const NEVER = Number.POSITIVE_INFINITY;

/** How a client stands to one type on one stream: what it wants, what it holds, and what it is yet to be told. */
export abstract class Account implements Ordered {
  readonly typeUrl: string;
  readonly rules: TypeRules;
  protected readonly view: View;
  protected readonly interest: Interest;
  /** What the client has accepted, or said that it had when it came. */
  protected readonly held: Map<string, Held> = new Map();
  protected readonly backlog: Backlog = new Backlog();
  protected readonly refused: Refusals = new Refusals();
  protected inFlight: InFlight | undefined;
  /** Of the latest response, answered or not. */
  protected lastNonce = '';
  /** Grows with each comparison, of which something new may come. */
  protected comparisons = 0;
  #turn = 0;

  constructor(typeUrl: string, view: View) {
    this.typeUrl = typeUrl;
    this.rules = rulesOf(typeUrl);
    this.view = view;
    this.interest = new Interest(this.rules.wildcard);
  }

  /** Whether a response can carry this: in state of the world, most types have no words for what does not exist. */
  protected abstract canSay(resource: Resource | undefined): boolean;

  get since(): number {
    let since = Math.min(this.inFlight?.since ?? NEVER, this.backlog.since);
    for (const name of this.refused.keys()) if (this.#isTried(name)) since = Math.min(since, this.refused.since(name));
    return since;
  }

  get behindSince(): number {
    return Math.min(this.inFlight?.behindSince ?? NEVER, this.backlog.behindSince, this.refused.oldest);
  }

  get turn(): number {
    return this.#turn;
  }

  /** Whether the client came with the present state, and was believed. */
  get isUpToDate(): boolean {
    return this.held.size > 0 && this.lastNonce === '';
  }

  /** What the client asks for. */
  get wanted(): Pick<Interest, 'names' | 'wildcard'> {
    return this.interest;
  }

  /** What the client refused and would be sent otherwise. */
  get refusals(): readonly (NamedVersion & { readonly error: Refusal })[] {
    return this.refused.all().map(({ name, version, error }) => ({ name, version: version || undefined, error }));
  }

  /** How the client stands to all that it wants, and to what is on its way out. */
  standings(): readonly Standing[] {
    const { names, wildcard } = this.interest;
    const existing = wildcard ? this.view.names(this.typeUrl) : [];
    const leaving = [...this.held.keys(), ...this.backlog.behind.keys(), ...(this.inFlight?.items.keys() ?? [])];
    const wanted = new Set([...names, ...existing, ...leaving.filter((name) => this.wants(name))]);
    return Array.from(wanted, (name) => {
      const latest = this.latest(name);
      const held = this.held.get(name);
      return { name, latest, accepted: held && acceptedOf(held, latest), progress: this.#progress(name, latest) };
    });
  }

  wants(name: string): boolean {
    return this.interest.includes(name);
  }

  /** What the client has, as far as that is known by more than its version, and what it is being sent. */
  *resources(): Iterable<Resource> {
    for (const held of this.held.values()) if ('body' in held) yield held;
    for (const resource of this.inFlight?.items.values() ?? []) if (resource !== undefined) yield resource;
  }

  /**
   * Puts what the client has, or will have, beside the world. To be called for each name that may differ.
   *
   * @param since when it began to differ, if it did not before: 0 if nobody can tell.
   */
  compare(name: string, since: number = this.view.sequence): void {
    if (!this.wants(name)) return;
    this.comparisons += 1;
    const resource = this.view.get(this.typeUrl, name);
    const version = resource?.version ?? ABSENT;
    // Where there is no word for what is gone, what was refused last stays so.
    const isRefused = this.canSay(resource)
      ? this.refused.compare(name, version)
      : this.refused.refused(name) !== undefined;
    const differs = !isRefused && version !== this.expectedVersion(name);
    if (differs && resource !== undefined) {
      this.backlog.update(name, this.view.sequence, since);
      return;
    }
    if (differs) this.backlog.remove(name, this.view.sequence, since);
    else this.backlog.settle(name);
    if (!differs && !isRefused && !this.inFlight?.items.has(name)) this.refused.clear(name);
    this.relax();
  }

  /** Has a name answered even if the client holds its latest version (rules 7, 8, 9 and 11). */
  owe(name: string, since: number = this.view.sequence): void {
    this.backlog.owe(name, since);
  }

  holdsBack(names: ReadonlySet<string>, known: ReadonlySet<string> | undefined, changedAt: number): boolean {
    const { owed, updates } = this.backlog;
    const inFlight = this.inFlight?.items ?? NOTHING;
    const isAwaited = (name: string) => {
      if (!this.wants(name)) return false;
      const since = Math.min(
        inFlight.has(name) ? this.inFlight!.since : NEVER,
        owed.get(name) ?? NEVER,
        updates.get(name)?.since ?? NEVER,
        this.#isTried(name) ? this.refused.since(name) : NEVER,
      );
      if (since <= changedAt) return true;
      // With its predecessor it goes on as before; without one, what needs it would fail.
      if (this.held.has(name) || this.latest(name) === undefined) return false;
      const isRefused = this.refused.refused(name) !== undefined;
      return isRefused ? !known?.has(name) : since < NEVER;
    };
    const unsettled = [inFlight, owed, updates, this.refused];
    const size = unsettled.reduce((sum, part) => sum + part.size, 0);
    if (names.size <= size) return some(names, isAwaited);
    return unsettled.some((part) => some(part.keys(), (name) => names.has(name) && isAwaited(name)));
  }

  /** Whether it was refused beside others, and has yet to be answered by itself. */
  #isTried(name: string): boolean {
    if (!this.refused.isUncertain(name) || this.refused.refused(name) !== undefined) return false;
    return this.wants(name) && this.latest(name) !== undefined;
  }

  keeps(name: string, goneSince: number): boolean {
    const { owed, behind } = this.backlog;
    // What is on its way will be answered soon.
    if ((this.inFlight?.behindSince ?? NEVER) <= goneSince) return true;
    if (some(owed.values(), (since) => since <= goneSince)) return true;
    const mayRefer = (holder: string) => {
      if (this.refused.isUncertain(holder)) return true;
      const held = this.held.get(holder);
      return held !== undefined && (referencesOf(held)?.has(name) ?? true);
    };
    return (
      some(behind, ([holder, since]) => since <= goneSince && mayRefer(holder)) ||
      some(this.refused.keys(), (holder) => this.refused.since(holder) <= goneSince && mayRefer(holder))
    );
  }

  /** What waits for this type may wait no longer. */
  protected relax(): void {
    this.#turn += 1;
  }

  protected hold(name: string, held: Held): void {
    this.held.set(name, held);
  }

  protected release(name: string): void {
    this.held.delete(name);
  }

  protected forget(name: string): void {
    this.relax();
    this.release(name);
    this.backlog.forget(name);
    this.refused.clear(name);
  }

  protected forgetUnwanted(): void {
    const { owed, behind } = this.backlog;
    for (const names of [this.held, owed, behind, this.refused]) {
      for (const name of names.keys()) if (!this.wants(name)) this.forget(name);
    }
  }

  #progress(name: string, latest: Resource | undefined): Progress {
    if (this.refused.refused(name) !== undefined) return 'refused';
    const held = this.held.get(name);
    const items = this.inFlight?.items;
    if (items?.has(name) && (held === undefined || items.get(name)?.version !== held.version)) return 'sent';
    const isUncertain = this.refused.isUncertain(name);
    if (held !== undefined && latest?.version === held.version && !isUncertain) return 'accepted';
    if (!this.canSay(latest)) return 'untold';
    return isUncertain || this.backlog.behind.has(name) || this.backlog.owed.has(name) ? 'waiting' : 'accepted';
  }

  protected latest(name: string): Resource | undefined {
    return this.view.get(this.typeUrl, name);
  }

  /** The version that the client will hold once it has accepted what is in flight; undefined if nobody can tell. */
  protected expectedVersion(name: string): string | undefined {
    const items = this.inFlight?.items;
    if (items?.has(name)) return items.get(name)?.version ?? ABSENT;
    return this.refused.isUncertain(name) ? undefined : (this.held.get(name)?.version ?? ABSENT);
  }
}

const NOTHING: Items = new Map();

function some<T>(values: Iterable<T>, predicate: (value: T) => boolean): boolean {
  for (const value of values) if (predicate(value)) return true;
  return false;
}

function acceptedOf(held: Held, latest: Resource | undefined): Standing['accepted'] {
  const { version } = held;
  if ('body' in held) return { version, resource: held };
  return { version, resource: version === latest?.version ? latest : undefined };
}
