import { isDeepStrictEqual } from 'node:util';
import type { Problem } from '../problems.ts';
import type { EndpointSliceRecord, ObjectRef, SourceChange, SourceRecord } from '../sources/source.ts';
import { refKey } from '../sources/source.ts';
import { readEndpoints } from './endpoints.ts';
import { GatewayIndex } from './gateways.ts';
import { KeyIndex } from './keys.ts';
import type { Labelled, LabelReading } from './labels.ts';
import { labelledService, readLabels } from './labels.ts';
import { expiryOf } from './life.ts';
import type { Baseline, Endpoint, HttpPort, Identity, Preview, ServiceId } from './model.ts';
import { describe, SERVICE, serviceId } from './model.ts';
import { ANNOTATIONS, LABELS } from './names.ts';
import { type PodChange, PodIndex } from './pod-index.ts';
import { labelledPods, type PodGroupId, podEndpoints, podPort } from './pods.ts';
import { forget, note } from './set-map.ts';
import { ownerOf, SliceIndex } from './slice-index.ts';

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
  /** All addresses of Pods that are a preview, for a port of its baseline; see `podEndpoints`. */
  podEndpoints(id: PodGroupId, port: HttpPort, ipv6: boolean | undefined): readonly Endpoint[];
  /** Whether any of the Pods that are a preview has a port for that of its baseline. */
  podsListen(id: PodGroupId, port: HttpPort): boolean;
  /** Whether a baseline's port has addresses, and all of them are those of Pods that are previews. */
  hasOnlyCopies(id: ServiceId, port: HttpPort): boolean;
  /** Addresses of gateways among those of a baseline's port: requests would go round in circles, so nobody gets them. */
  gatewaysBehind(id: ServiceId, port: HttpPort): readonly string[];
  /** Whether the Service that a baseline's endpoints are to come from has any, or there is none such. */
  hasEndpointsFrom(baseline: Baseline): boolean;
  /** Whether there is such a Service at all, labelled or not. */
  hasService(id: ServiceId): boolean;
  /** All that wants a key, in force or not. Looks at every Service, so it is for people's questions only. */
  claimsOf(key: string): readonly KeyClaim[];
  /** All objects that are labelled as previews, valid or not, in no particular order. Looks at every Service likewise. */
  labelledPreviews(): readonly LabelledPreview[];
}

/** An object that is labelled as a preview. */
export interface LabelledPreview extends Identity {
  /** As the labels have them, whatever is wrong with them. */
  readonly written: { readonly intercepts?: string | undefined; readonly key?: string | undefined };
  /** Absent where it is invalid, or has expired. */
  readonly preview?: Preview | undefined;
  /** When its time is over, milliseconds since the epoch; absent if that is never. */
  readonly expiresAt?: number | undefined;
}

/** An object labelled with a key. */
export interface KeyClaim {
  /** As messages name it. */
  readonly object: string;
  /** Absent where the object is no preview: it is invalid, or has expired. */
  readonly preview?: Preview | undefined;
  readonly problems: readonly Problem[];
}

/** What the slices say of a Service's port. */
interface Behind {
  readonly endpoints: readonly Endpoint[];
  /** Addresses that are gateways and so none of its endpoints. */
  readonly gateways: readonly string[];
}

interface Entry {
  readonly object: Labelled;
  readonly reading: LabelReading;
  /** When the object was created or, if it does not tell, first seen here; milliseconds since the epoch. */
  readonly bornAt: number;
  /** The preview that it is, unless that has expired. */
  readonly preview?: Preview | undefined;
}

/** Keeps the records of all sources and reads them once each. Work is proportional to the change. */
export class Catalog implements CatalogView {
  readonly #previewDomain: string;
  /** Services and groups of Pods. */
  readonly #entries = new Map<string, Entry>();
  readonly #baselines = new Map<ServiceId, Baseline>();
  readonly #previews = new Map<ServiceId, Map<ServiceId, Preview>>();
  readonly #keys = new KeyIndex();
  /** When previews in force expire, of those that ever do. */
  readonly #expiries = new Map<ServiceId, number>();
  #nextExpiry = Number.POSITIVE_INFINITY;
  readonly #slices = new SliceIndex();
  readonly #pods = new PodIndex();
  readonly #gateways = new GatewayIndex(this.#slices);
  /** Services from which baselines have their endpoints, with those baselines. */
  readonly #fronted = new Map<ServiceId, Set<ServiceId>>();
  /** What was read of the slices, by port name: a change of one preview asks for the endpoints of its siblings. */
  readonly #endpoints = new Map<ServiceId, Map<string, Behind>>();

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
    return this.#behind(id, port).endpoints;
  }

  #behind(id: ServiceId, { name }: HttpPort): Behind {
    const ports = this.#endpoints.get(id) ?? new Map<string, Behind>();
    if (this.#entries.has(id)) this.#endpoints.set(id, ports);
    const known = ports.get(name) ?? this.#readBehind(id, name);
    ports.set(name, known);
    return known;
  }

  /** Copies, which a baseline's selector may cover, and gateways, which may stand behind its name, are not its endpoints. */
  #readBehind(id: ServiceId, portName: string): Behind {
    const gateways = new Set<string>();
    const entry = this.#entries.get(id);
    // What is no preview loses endpoints to those only who may write in its own namespace: anybody may call a Service theirs.
    const namespace = entry?.preview === undefined ? id.slice(0, id.indexOf('/')) : undefined;
    const endpoints = readEndpoints(this.#slicesBehind(id), portName, (address, port) => {
      const isGateway = this.#gateways.has(address, port, namespace);
      if (isGateway) gateways.add(address);
      return isGateway || this.#isCopy(id, address);
    });
    return { endpoints, gateways: [...gateways].sort() };
  }

  podEndpoints(id: PodGroupId, port: HttpPort, ipv6: boolean | undefined): readonly Endpoint[] {
    return podEndpoints(this.#pods.of(id), port, ipv6);
  }

  podsListen(id: PodGroupId, port: HttpPort): boolean {
    return this.#pods.of(id).some((pod) => podPort(pod, port) !== undefined);
  }

  hasOnlyCopies(id: ServiceId, port: HttpPort): boolean {
    if (this.endpoints(id, port).length > 0) return false;
    const all = readEndpoints(this.#slicesBehind(id), port.name);
    return all.length > 0 && all.every(({ address }) => this.#isCopy(id, address));
  }

  gatewaysBehind(id: ServiceId, port: HttpPort): readonly string[] {
    return this.#behind(id, port).gateways;
  }

  hasEndpointsFrom({ endpointsFrom }: Baseline): boolean {
    return endpointsFrom === undefined || this.#slices.of(endpointsFrom).some(({ endpoints }) => endpoints.length > 0);
  }

  /** The slices that say where a Service's requests go: until the one that it names has any, its own. */
  #slicesBehind(id: ServiceId): readonly EndpointSliceRecord[] {
    const baseline = this.#baselines.get(id);
    const from = baseline !== undefined && this.hasEndpointsFrom(baseline) ? baseline.endpointsFrom : undefined;
    return this.#slices.of(from ?? id);
  }

  #isCopy(id: ServiceId, address: string): boolean {
    const baseline = this.#baselines.get(id);
    return baseline !== undefined && this.#pods.has(baseline.namespace, address);
  }

  hasService(id: ServiceId): boolean {
    return this.#entries.has(id);
  }

  claimsOf(key: string): readonly KeyClaim[] {
    return [...this.#entries.values()].flatMap(({ object, preview, reading }) =>
      object.labels[LABELS.key] === key ? [{ object: describe(object), preview, problems: reading.problems }] : [],
    );
  }

  labelledPreviews(): readonly LabelledPreview[] {
    return [...this.#entries.values()].flatMap(({ object, reading, preview, bornAt }) => {
      const { [LABELS.intercepts]: intercepts, [LABELS.key]: key } = object.labels;
      if ((intercepts === undefined && key === undefined) || reading.baseline !== undefined) return [];
      const { kind, id, namespace, name, createdAt, place } = object;
      const written = { intercepts, key };
      const expiresAt = preview && expiryOf(preview.life, bornAt);
      return [{ kind, id, namespace, name, createdAt, place, written, preview, expiresAt }];
    });
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
    this.#followPods(now, touched);
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
      else this.#exchange(id, expired(this.#entries.get(id)!), touched);
    }
    return this.#followed(touched);
  }

  /** Adds what depends on the endpoints and keys that a change touched. */
  #followed(touched: Touched): CatalogChange {
    // What is added on the way is followed too.
    for (const id of touched.endpoints) for (const front of this.#fronted.get(id) ?? []) touched.endpoints.add(front);
    for (const id of touched.endpoints) this.#endpoints.delete(id);
    for (const id of touched.endpoints) touched.intercepts.add(this.#entries.get(id)?.preview?.baseline ?? id);
    for (const [key, wasDeclared] of touched.keys) {
      if (this.#keys.isDeclared(key) === wasDeclared) continue;
      for (const id of this.#keys.heirsOf(key)) touched.intercepts.add(id);
    }
    return touched;
  }

  #put(record: SourceRecord, now: number, touched: Touched): void {
    switch (record.kind) {
      case 'Service':
        this.#putObject(labelledService(record), now, touched);
        break;
      case 'EndpointSlice':
        this.#exchangeSlice(refKey(record), record, touched);
        break;
      case 'Pod':
        touched.pods(this.#pods.put(record));
        break;
      default:
        record satisfies never;
    }
  }

  #remove(ref: ObjectRef, touched: Touched): void {
    switch (ref.kind) {
      case 'Service':
        this.#exchange(serviceId(ref.namespace, ref.name), undefined, touched);
        break;
      case 'EndpointSlice':
        this.#exchangeSlice(refKey(ref), undefined, touched);
        break;
      case 'Pod':
        touched.pods(this.#pods.remove(ref));
        break;
      default:
        ref.kind satisfies never;
    }
  }

  #exchangeSlice(key: string, after: EndpointSliceRecord | undefined, touched: Touched): void {
    for (const id of this.#gateways.concernedBy(this.#slices.get(key))) touched.endpoints.add(id);
    for (const id of after === undefined ? this.#slices.remove(key) : this.#slices.put(after))
      touched.endpoints.add(id);
    for (const id of this.#gateways.concernedBy(after)) touched.endpoints.add(id);
  }

  /** What the groups of Pods that a change touched are now, and the baselines whose addresses they have or had. */
  #followPods(now: number, touched: Touched): void {
    for (const id of touched.podGroups) {
      const pods = this.#pods.of(id);
      if (pods.length === 0) this.#exchange(id, undefined, touched);
      else this.#putObject(labelledPods(id, pods), now, touched);
    }
    for (const { namespace, address } of touched.podAddresses) {
      for (const slice of this.#slices.with(address)) {
        if (slice.namespace === namespace) touched.endpoints.add(ownerOf(slice));
      }
    }
  }

  #putObject(object: Labelled, now: number, touched: Touched): void {
    const { id } = object;
    const reading = readLabels(object, this.#previewDomain);
    const bornAt = object.bornAt ?? this.#entries.get(id)?.bornAt ?? now;
    const entry = { object, reading, bornAt, preview: reading.preview };
    const expiry = reading.preview && expiryOf(reading.preview.life, bornAt);
    this.#exchange(id, expiry !== undefined && expiry <= now ? expired(entry) : entry, touched);
  }

  /** Replaces what is known of an object's labels, noting what depends on the old and on the new. */
  #exchange(id: string, after: Entry | undefined, touched: Touched): void {
    const before = this.#entries.get(id);
    // A baseline's are without those of copies.
    this.#endpoints.delete(id);
    if (after === undefined) this.#entries.delete(id);
    else this.#entries.set(id, after);

    const expiry = after?.preview && expiryOf(after.preview.life, after.bornAt);
    if (expiry === undefined) this.#expiries.delete(id);
    else this.#expiries.set(id, expiry);
    this.#nextExpiry = Math.min(this.#nextExpiry, expiry ?? Number.POSITIVE_INFINITY);

    this.#exchangeBaseline(before?.reading.baseline, after?.reading.baseline, touched);
    for (const front of this.#fronted.get(id) ?? []) this.#refront(front, touched);
    for (const other of this.#gateways.set(id, after?.reading.isGateway ?? false)) touched.endpoints.add(other);
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
    touched.problems.set(`${(after ?? before)?.object.kind ?? SERVICE} ${id}`, after?.reading.problems ?? []);
  }

  #exchangeBaseline(before: Baseline | undefined, after: Baseline | undefined, touched: Touched): void {
    if (before?.endpointsFrom !== undefined) forget(this.#fronted, before.endpointsFrom, before.id);
    if (after?.endpointsFrom !== undefined) note(this.#fronted, after.endpointsFrom, after.id);
    if (before !== undefined) this.#baselines.delete(before.id);
    if (after !== undefined) this.#baselines.set(after.id, this.#withTargets(after));
    for (const baseline of [before, after]) if (baseline !== undefined) touched.baselines.add(baseline.id);
  }

  /** Follows a change of the Service from which a baseline has its endpoints. */
  #refront(id: ServiceId, touched: Touched): void {
    const before = this.#baselines.get(id)!;
    const after = this.#withTargets(this.#entries.get(id)!.reading.baseline!);
    if (isDeepStrictEqual(before.ports, after.ports)) return;
    this.#baselines.set(id, after);
    this.#endpoints.delete(id);
    touched.baselines.add(id);
  }

  /** Behind the name of a baseline may stand gateways; then the port of its Pods is what the other Service says. */
  #withTargets(baseline: Baseline): Baseline {
    const others = baseline.endpointsFrom && this.#entries.get(baseline.endpointsFrom)?.object.ports;
    if (!others) return baseline;
    const ports = baseline.ports.map((port) => {
      const other = others.find(({ name }) => name === port.name);
      return other === undefined ? port : Object.freeze({ ...port, targetPort: other.targetPort ?? other.port });
    });
    return Object.freeze({ ...baseline, ports: Object.freeze(ports) });
  }
}

/** What remains of a preview whose time is over: what is wrong with it. */
function expired({ object, reading, bornAt }: Entry): Entry {
  const preview = reading.preview!;
  const { ttl, expiresAt } = ANNOTATIONS;
  const said = [ttl, expiresAt].filter((name) => name in object.annotations);
  const because = said.map((name) => `${name}: ${object.annotations[name]}`).join(', ');
  const problem: Problem = {
    code: 'expired',
    object: describe(preview),
    place: preview.place,
    message: `it expired at ${new Date(expiryOf(preview.life, bornAt)!).toISOString()} (${because}); it receives nothing.`,
    advice: `Delete it, or write a later ${expiresAt} or a longer ${ttl}.`,
  };
  return { object, bornAt, reading: { problems: [problem] } };
}

class Touched implements CatalogChange {
  readonly baselines = new Set<ServiceId>();
  readonly intercepts = new Set<ServiceId>();
  readonly problems = new Map<string, readonly Problem[]>();
  /** Keys that a preview took or gave up, with whether they were declared before the change. */
  readonly keys = new Map<string, boolean>();
  /** Services whose own endpoints changed. */
  readonly endpoints = new Set<ServiceId>();
  readonly podGroups = new Set<PodGroupId>();
  readonly podAddresses: PodChange['addresses'][number][] = [];

  pods({ groups, addresses }: PodChange): void {
    for (const id of groups) this.podGroups.add(id);
    this.podAddresses.push(...addresses);
  }
}
