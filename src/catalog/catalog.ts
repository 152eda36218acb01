import type { Problem } from '../problems.ts';
import type { EndpointSliceRecord, ObjectRef, ServiceRecord, SourceChange, SourceRecord } from '../sources/source.ts';
import { refKey } from '../sources/source.ts';
import { readEndpoints } from './endpoints.ts';
import { KeyIndex } from './keys.ts';
import type { LabelReading } from './labels.ts';
import { readLabels } from './labels.ts';
import { expiryOf } from './life.ts';
import type { Baseline, Endpoint, HttpPort, Preview, ServiceId } from './model.ts';
import { describe, serviceId } from './model.ts';
import { ANNOTATIONS, LABELS } from './names.ts';

/** What a change of the sources touched, so that the next rooms look at nothing else. */
export interface CatalogChange {
  /** Baselines that came, went, or changed themselves: their ports, hosts or consent. */
  readonly baselines: ReadonlySet<ServiceId>;
  /**
   * Services, baselines or not, whose previews changed, or whose endpoints or those of a preview of theirs did, or that
   * have a preview under an ancestor of a key that came or went.
   */
  readonly intercepts: ReadonlySet<ServiceId>;
  /** All that is wrong with each object whose labels were read anew; empty for one that is well. */
  readonly problems: ReadonlyMap<string, readonly Problem[]>;
}

/** What the following rooms may ask of the catalog. */
export interface CatalogView {
  baseline(id: ServiceId): Baseline | undefined;
  baselines(): Iterable<Baseline>;
  /** Valid previews, not expired, that name this Service, whether or not it is a baseline, in no particular order. */
  previewsOf(id: ServiceId): readonly Preview[];
  /** The keys below this one that previews have, of whatever Service. */
  declaredBelow(key: string): Iterable<string>;
  /** When the oldest preview of a key was created, of those that tell; milliseconds since the epoch. */
  declaredAt(key: string): number;
  /** All addresses of a Service's port, usable or not. */
  endpoints(id: ServiceId, port: HttpPort): readonly Endpoint[];
  /** Whether there is such a Service at all, labelled or not. */
  hasService(id: ServiceId): boolean;
  /** All that wants a key, in force or not. Looks at every Service, so it is for people's questions only. */
  claimsOf(key: string): readonly KeyClaim[];
}

/** An object labelled with a key. */
export interface KeyClaim {
  readonly id: ServiceId;
  /** Absent where the object is no preview: it is invalid, or has expired. */
  readonly preview?: Preview | undefined;
  readonly problems: readonly Problem[];
}

interface Entry {
  readonly record: ServiceRecord;
  readonly reading: LabelReading;
  /** When the object was created or, if it does not tell, first seen here; milliseconds since the epoch. */
  readonly bornAt: number;
  /** The preview that it is, unless that has expired. */
  readonly preview?: Preview | undefined;
}

/** Keeps the records of all sources and reads them once each. Work is proportional to the change. */
export class Catalog implements CatalogView {
  readonly #previewDomain: string;
  readonly #services = new Map<ServiceId, Entry>();
  readonly #baselines = new Map<ServiceId, Baseline>();
  readonly #previews = new Map<ServiceId, Map<ServiceId, Preview>>();
  readonly #keys = new KeyIndex();
  /** When previews in force expire, of those that ever do. */
  readonly #expiries = new Map<ServiceId, number>();
  #nextExpiry = Number.POSITIVE_INFINITY;
  readonly #slices = new Map<ServiceId, Map<string, EndpointSliceRecord>>();
  /** An EndpointSlice's Service, by the slice's key: a deletion does not name it. */
  readonly #sliceOwners = new Map<string, ServiceId>();

  /** What was read of the slices, by port name: a change of one preview asks for the endpoints of its siblings. */
  readonly #endpoints = new Map<ServiceId, Map<string, readonly Endpoint[]>>();

  constructor(previewDomain: string) {
    this.#previewDomain = previewDomain;
  }

  baseline(id: ServiceId): Baseline | undefined {
    return this.#baselines.get(id);
  }

  baselines(): Iterable<Baseline> {
    return this.#baselines.values();
  }

  previewsOf(id: ServiceId): readonly Preview[] {
    return [...(this.#previews.get(id)?.values() ?? [])];
  }

  declaredBelow(key: string): Iterable<string> {
    return this.#keys.declaredBelow(key);
  }

  declaredAt(key: string): number {
    return this.#keys.declaredAt(key);
  }

  endpoints(id: ServiceId, port: HttpPort): readonly Endpoint[] {
    const ports = this.#endpoints.get(id) ?? new Map<string, readonly Endpoint[]>();
    if (this.#services.has(id)) this.#endpoints.set(id, ports);
    const known = ports.get(port.name) ?? readEndpoints([...(this.#slices.get(id)?.values() ?? [])], port.name);
    ports.set(port.name, known);
    return known;
  }

  hasService(id: ServiceId): boolean {
    return this.#services.has(id);
  }

  claimsOf(key: string): readonly KeyClaim[] {
    return [...this.#services].flatMap(([id, { record, preview, reading }]) =>
      record.labels[LABELS.key] === key ? [{ id, preview, problems: reading.problems }] : [],
    );
  }

  /** When `expire` may have something to do, or somewhat earlier; infinite if never. Milliseconds since the epoch. */
  get nextExpiry(): number {
    return this.#nextExpiry;
  }

  /** @param now milliseconds since the epoch. */
  apply(change: SourceChange, now: number): CatalogChange {
    const touched = new Touched();
    for (const ref of change.deletes) this.#remove(ref, touched);
    for (const record of change.upserts) this.#put(record, now, touched);
    return this.#followed(touched);
  }

  /**
   * Leaves out the previews whose time is over. They stay out until their objects change, even if the clock is set back.
   *
   * @param now milliseconds since the epoch.
   */
  expire(now: number): CatalogChange {
    const touched = new Touched();
    this.#nextExpiry = Number.POSITIVE_INFINITY;
    for (const [id, expiry] of this.#expiries) {
      if (expiry > now) this.#nextExpiry = Math.min(this.#nextExpiry, expiry);
      else this.#exchange(id, expired(this.#services.get(id)!), touched);
    }
    return this.#followed(touched);
  }

  /** Adds what depends on the endpoints and keys that a change touched. */
  #followed(touched: Touched): CatalogChange {
    for (const id of touched.endpoints) this.#endpoints.delete(id);
    for (const id of touched.endpoints) touched.intercepts.add(this.#services.get(id)?.preview?.baseline ?? id);
    for (const [key, wasDeclared] of touched.keys) {
      if (this.#keys.isDeclared(key) === wasDeclared) continue;
      for (const id of this.#keys.heirsOf(key)) touched.intercepts.add(id);
    }
    return touched;
  }

  #put(record: SourceRecord, now: number, touched: Touched): void {
    switch (record.kind) {
      case 'Service':
        this.#putService(record, now, touched);
        break;
      case 'EndpointSlice':
        this.#putSlice(record, touched);
        break;
      default:
        record satisfies never;
    }
  }

  #remove(ref: ObjectRef, touched: Touched): void {
    if (ref.kind === 'Service') this.#exchange(serviceId(ref.namespace, ref.name), undefined, touched);
    else this.#dropSlice(refKey(ref), touched);
  }

  #putService(record: ServiceRecord, now: number, touched: Touched): void {
    const id = serviceId(record.namespace, record.name);
    const reading = readLabels(record, this.#previewDomain);
    const bornAt = record.createdAt ?? this.#services.get(id)?.bornAt ?? now;
    const entry = { record, reading, bornAt, preview: reading.preview };
    const expiry = reading.preview && expiryOf(reading.preview.life, bornAt);
    this.#exchange(id, expiry !== undefined && expiry <= now ? expired(entry) : entry, touched);
  }

  /** Replaces what is known of a Service's labels, noting what depends on the old and on the new. */
  #exchange(id: ServiceId, after: Entry | undefined, touched: Touched): void {
    const before = this.#services.get(id);
    if (after === undefined) this.#endpoints.delete(id);
    if (after === undefined) this.#services.delete(id);
    else this.#services.set(id, after);

    const expiry = after?.preview && expiryOf(after.preview.life, after.bornAt);
    if (expiry === undefined) this.#expiries.delete(id);
    else this.#expiries.set(id, expiry);
    this.#nextExpiry = Math.min(this.#nextExpiry, expiry ?? Number.POSITIVE_INFINITY);

    if (before?.reading.baseline !== undefined || after?.reading.baseline !== undefined) {
      if (after?.reading.baseline === undefined) this.#baselines.delete(id);
      else this.#baselines.set(id, after.reading.baseline);
      touched.baselines.add(id);
    }
    for (const key of [before?.preview?.key, after?.preview?.key]) {
      if (key !== undefined && !touched.keys.has(key)) touched.keys.set(key, this.#keys.isDeclared(key));
    }
    if (before?.preview !== undefined) {
      if (before.preview.key !== undefined) this.#keys.remove(before.preview.key, before.preview);
      const siblings = this.#previews.get(before.preview.baseline);
      siblings?.delete(id);
      if (siblings?.size === 0) this.#previews.delete(before.preview.baseline);
      touched.intercepts.add(before.preview.baseline);
    }
    if (after?.preview !== undefined) {
      if (after.preview.key !== undefined) this.#keys.add(after.preview.key, after.preview);
      const siblings = this.#previews.get(after.preview.baseline) ?? new Map<ServiceId, Preview>();
      this.#previews.set(after.preview.baseline, siblings.set(id, after.preview));
      touched.intercepts.add(after.preview.baseline);
    }
    touched.problems.set(`Service ${id}`, after?.reading.problems ?? []);
  }

  #putSlice(slice: EndpointSliceRecord, touched: Touched): void {
    const key = refKey(slice);
    const owner = serviceId(slice.namespace, slice.service);
    if (this.#sliceOwners.get(key) !== owner) this.#dropSlice(key, touched);
    const slices = this.#slices.get(owner) ?? new Map<string, EndpointSliceRecord>();
    this.#slices.set(owner, slices.set(key, slice));
    this.#sliceOwners.set(key, owner);
    touched.endpoints.add(owner);
  }

  #dropSlice(key: string, touched: Touched): void {
    const owner = this.#sliceOwners.get(key);
    if (owner === undefined) return;
    this.#sliceOwners.delete(key);
    const slices = this.#slices.get(owner);
    slices?.delete(key);
    if (slices?.size === 0) this.#slices.delete(owner);
    touched.endpoints.add(owner);
  }
}

/** What remains of a preview whose time is over: what is wrong with it. */
function expired({ record, reading, bornAt }: Entry): Entry {
  const preview = reading.preview!;
  const { ttl, expiresAt } = ANNOTATIONS;
  const said = [ttl, expiresAt].filter((name) => name in record.annotations);
  const because = said.map((name) => `${name}: ${record.annotations[name]}`).join(', ');
  const problem: Problem = {
    code: 'expired',
    object: describe(preview),
    place: preview.place,
    message: `it expired at ${new Date(expiryOf(preview.life, bornAt)!).toISOString()} (${because}); it receives nothing.`,
    advice: `Delete it, or write a later ${expiresAt} or a longer ${ttl}.`,
  };
  return { record, bornAt, reading: { problems: [problem] } };
}

class Touched implements CatalogChange {
  readonly baselines = new Set<ServiceId>();
  readonly intercepts = new Set<ServiceId>();
  readonly problems = new Map<string, readonly Problem[]>();
  /** Keys that a preview took or gave up, with whether they were declared before the change. */
  readonly keys = new Map<string, boolean>();
  /** Services whose own endpoints changed. */
  readonly endpoints = new Set<ServiceId>();
}
