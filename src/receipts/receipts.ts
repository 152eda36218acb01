import type { Preview, ServiceId } from '../catalog/model.ts';
import type { Changes, ResourceStore } from '../resources/index.ts';
import type { XdsEvent } from '../xds/index.ts';
import { type Gateway, Progress } from './progress.ts';
import type { Riding } from './riding.ts';

/** The proof that an intercept is in force: which Envoys have acknowledged it, and how long that took. */
export interface Receipt {
  readonly preview: Preview;
  /** How many addresses requests may be sent to now, of all ports. */
  readonly endpoints: number;
  /** Of the store's change that made it what it is now. */
  readonly sequence: number;
  /** When that change was seen here, milliseconds since the epoch. */
  readonly changedAt: number;
  /** The Envoys that have acknowledged it. */
  readonly current: readonly Gateway[];
  /** Those that have not, yet. */
  readonly behind: readonly Gateway[];
  /**
   * How long it took from then until all Envoys that were connected had acknowledged it, in milliseconds. Absent until they
   * have, and if none was connected.
   */
  readonly tookMs?: number | undefined;
}

export interface ReceiptsOptions {
  readonly store: ResourceStore;
  /** Tells Envoys from other clients by the groups that they are in. */
  readonly isGateway: (groups: readonly string[]) => boolean;
  /** Told of an intercept once for each form that it takes, when all Envoys that are connected have acknowledged that. */
  readonly onComplete?: ((receipt: Receipt) => void) | undefined;
  /** Milliseconds since the epoch. Default: the system's clock. */
  readonly now?: (() => number) | undefined;
}

/** What became of the intercepts of some baselines. */
export interface InterceptsChange {
  /** Of the store after the change. */
  readonly sequence: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** All intercepts of each baseline that was touched; none of one that is gone. */
  readonly baselines: ReadonlyMap<ServiceId, readonly Riding[]>;
}

/** Follows each intercept to the Envoys. */
export class Receipts {
  readonly #options: ReceiptsOptions;
  readonly #progress: Progress;
  readonly #now: () => number;
  readonly #byBaseline = new Map<ServiceId, ReadonlyMap<ServiceId, Entry>>();
  /** Records that are not complete, by the resources that they need. */
  readonly #open = new Map<string, Set<Entry>>();

  constructor(options: ReceiptsOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    const { store, isGateway } = options;
    this.#progress = new Progress({ store, isGateway, caught: (gateway, resource) => this.#caught(gateway, resource) });
  }

  /** A change of the store, told before anybody is sent it. */
  stored(changes: Changes): void {
    this.#progress.changed(changes);
  }

  event(event: XdsEvent): void {
    this.#progress.event(event);
    if (event.type !== 'disconnected') return;
    for (const entry of this.#openEntries()) {
      if (entry.waiting?.delete(event.stream)) this.#close(entry);
    }
  }

  /** What the change of the store meant for intercepts. */
  followed({ sequence, at, baselines }: InterceptsChange): void {
    for (const [id, ridings] of baselines) {
      const before = this.#byBaseline.get(id) ?? new Map<ServiceId, Entry>();
      const after = new Map<ServiceId, Entry>();
      for (const riding of ridings) {
        const known = before.get(riding.preview.id);
        const entry = known?.riding.content === riding.content ? known : { riding, sequence, changedAt: at };
        entry.riding = riding;
        after.set(riding.preview.id, entry);
        if (entry !== known) this.#begin(entry);
      }
      for (const [preview, entry] of before) if (after.get(preview) !== entry) this.#end(entry);
      if (after.size > 0) this.#byBaseline.set(id, after);
      else this.#byBaseline.delete(id);
    }
  }

  gateways(): readonly Gateway[] {
    return this.#progress.gateways();
  }

  /** Of all intercepts that are in force or are about to be, by baseline and in order of precedence. */
  all(): readonly Receipt[] {
    return [...this.#byBaseline.values()].flatMap((entries) =>
      [...entries.values()].map((each) => this.#receipt(each)),
    );
  }

  /** Undefined if that is no preview, or none that is in force. */
  of(baseline: ServiceId, preview: ServiceId): Receipt | undefined {
    const entry = this.#byBaseline.get(baseline)?.get(preview);
    return entry && this.#receipt(entry);
  }

  #begin(entry: Entry): void {
    const { current, behind } = this.#receipt(entry);
    if (current.length + behind.length > 0) entry.waiting = new Set(behind.map(({ stream }) => stream));
    for (const resource of entry.riding.resources) {
      const open = this.#open.get(resource) ?? new Set();
      this.#open.set(resource, open.add(entry));
    }
    this.#close(entry);
  }

  #end(entry: Entry): void {
    for (const resource of entry.riding.resources) {
      const open = this.#open.get(resource);
      open?.delete(entry);
      if (open?.size === 0) this.#open.delete(resource);
    }
  }

  #caught(gateway: Gateway, resource: string): void {
    for (const entry of [...(this.#open.get(resource) ?? [])]) {
      if (this.#standing(gateway, entry) !== 'current') continue;
      entry.waiting?.delete(gateway.stream);
      this.#close(entry);
    }
  }

  /** Completes it if nobody who was there is waited for, and somebody has it. */
  #close(entry: Entry): void {
    if ((entry.waiting?.size ?? 0) > 0) return;
    if (!this.gateways().some((gateway) => this.#standing(gateway, entry) === 'current')) return;
    if (entry.waiting !== undefined) entry.tookMs = this.#now() - entry.changedAt;
    this.#end(entry);
    this.#options.onComplete?.(this.#receipt(entry));
  }

  #standing(gateway: Gateway, { riding, sequence }: Entry) {
    return this.#progress.standing(gateway, riding.resources, sequence);
  }

  #openEntries(): ReadonlySet<Entry> {
    return new Set([...this.#open.values()].flatMap((entries) => [...entries]));
  }

  #receipt(entry: Entry): Receipt {
    const { riding, sequence, changedAt, tookMs } = entry;
    const all = this.gateways().map((gateway) => ({ gateway, standing: this.#standing(gateway, entry) }));
    const those = (standing: string) => all.filter((each) => each.standing === standing).map(({ gateway }) => gateway);
    const { preview, endpoints } = riding;
    return { preview, endpoints, sequence, changedAt, current: those('current'), behind: those('behind'), tookMs };
  }
}

/** An intercept in its present form. */
interface Entry {
  riding: Riding;
  readonly sequence: number;
  readonly changedAt: number;
  /** The streams of the Envoys that were connected when it came about and have not acknowledged it; absent if there was none. */
  waiting?: Set<string>;
  tookMs?: number;
}
