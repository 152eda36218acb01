import { isDeepStrictEqual } from 'node:util';
import type { Problem } from '../../problems.ts';
import {
  type EndpointSliceRecord,
  type ObjectRef,
  refOf,
  type Source,
  type SourceChange,
  type SourceRecord,
  type SourceSink,
  sameButForPlace,
} from '../source.ts';
import { LookupTable } from './lookup-table.ts';
import { ObjectStore } from './object-store.ts';
import { ResolvedObject } from './resolved-object.ts';
import { isOfService } from './resolved-slices.ts';
import type { Resolver } from './resolver.ts';

/** How long the first full sync waits for names, in milliseconds. */
const FIRST_SYNC_MS = 2_000;

/** Passes a source on, with slices of addresses in the place of names. */
export class NamesSource implements Source, SourceSink {
  readonly #inner: Source;
  readonly #objects: ObjectStore;
  readonly #mayBeLocal: boolean;
  readonly #lookups: LookupTable;
  readonly #resolved = new Map<string, ResolvedObject>();
  readonly #slices = new Map<string, readonly EndpointSliceRecord[]>();
  readonly #told = new Map<string, readonly Problem[]>();
  #sink: SourceSink | undefined;
  #stage: 'waiting for the source' | 'waiting for names' | 'delivering' = 'waiting for the source';
  #patience: NodeJS.Timeout | undefined;
  #finishStart = () => {};

  constructor(inner: Source, resolver: Resolver, servicesWithoutSlices: boolean) {
    this.#inner = inner;
    this.#objects = new ObjectStore(servicesWithoutSlices);
    // A folder is of somebody who tries things on their own machine; in a cluster, anybody may write a name.
    this.#mayBeLocal = servicesWithoutSlices;
    this.#lookups = new LookupTable(resolver, (users) => this.#resolvedAnew(users));
  }

  check(): Promise<void> {
    return this.#inner.check();
  }

  async start(sink: SourceSink, lastKnown?: readonly SourceRecord[]): Promise<void> {
    this.#sink = sink;
    const delivered = new Promise<void>((resolve) => {
      this.#finishStart = resolve;
    });
    // What a Service's name resolves to is found anew; a slice of names has been replaced by what it resolved to.
    await this.#inner.start(
      this,
      lastKnown?.filter((record) => !isOfService(record)),
    );
    await delivered;
  }

  async stop(): Promise<void> {
    this.#sink = undefined;
    clearTimeout(this.#patience);
    this.#lookups.stop();
    await this.#inner.stop();
    this.#finishStart();
  }

  problems(origin: string, problems: readonly Problem[]): void {
    this.#sink?.problems(origin, problems);
  }

  changed(change: SourceChange): void {
    if (this.#sink === undefined) return;
    const { plain, touched } = this.#objects.apply(change);
    for (const key of touched) this.#follow(key);
    if (this.#stage === 'waiting for the source') {
      this.#stage = 'waiting for names';
      this.#patience = setTimeout(() => this.#deliverAll(), FIRST_SYNC_MS).unref();
    }
    if (this.#stage === 'delivering') this.#deliver(touched, plain);
    else this.#deliverAllUnlessBusy();
  }

  #resolvedAnew(users: Iterable<string>): void {
    if (this.#stage === 'delivering') this.#deliver(users);
    else this.#deliverAllUnlessBusy();
  }

  /** Begins and ends lookups as the object now needs. */
  #follow(key: string): void {
    const wanted = this.#objects.wanted(key);
    const lookups = this.#lookups.use(key, wanted?.targets.map(({ names }) => names) ?? []);
    const known = this.#resolved.get(key);
    if (wanted === undefined) this.#resolved.delete(key);
    else if (known === undefined) this.#resolved.set(key, new ResolvedObject(wanted, lookups, this.#mayBeLocal));
    else known.exchange(wanted, lookups);
  }

  #deliverAllUnlessBusy(): void {
    if (this.#stage === 'waiting for names' && !this.#lookups.busy) this.#deliverAll();
  }

  #deliverAll(): void {
    clearTimeout(this.#patience);
    this.#stage = 'delivering';
    this.#deliver([...this.#resolved.keys()], { upserts: this.#objects.plain(), deletes: [] }, true);
    this.#finishStart();
  }

  /** Delivers a change of the source together with what it, or the resolver, changed for the objects of these keys. */
  #deliver(keys: Iterable<string>, plain: SourceChange = { upserts: [], deletes: [] }, evenIfEmpty = false): void {
    const upserts: SourceRecord[] = [...plain.upserts];
    const deletes: ObjectRef[] = [...plain.deletes];
    const problems = new Map<string, readonly Problem[]>();
    for (const key of keys) {
      const object = this.#resolved.get(key);
      const before = this.#slices.get(key) ?? [];
      const after = object?.slices() ?? [];
      upserts.push(...after.filter((slice) => !before.some((other) => sameButForPlace(slice, other))));
      deletes.push(...before.filter(({ name }) => !after.some((other) => other.name === name)).map(refOf));
      if (after.length === 0) this.#slices.delete(key);
      else this.#slices.set(key, after);
      problems.set(key, object?.problems() ?? []);
    }
    if (evenIfEmpty || upserts.length > 0 || deletes.length > 0) this.#sink?.changed({ upserts, deletes });
    for (const [key, each] of problems) this.#tell(`names of ${key}`, each);
  }

  #tell(origin: string, problems: readonly Problem[]): void {
    if (isDeepStrictEqual(this.#told.get(origin) ?? [], problems)) return;
    if (problems.length === 0) this.#told.delete(origin);
    else this.#told.set(origin, problems);
    this.#sink?.problems(origin, problems);
  }
}
