import type { EndpointSliceRecord, ServiceRecord, SourceChange, SourceRecord } from '../source.ts';
import { refKey, refOf } from '../source.ts';
import { namesOfService, namesOfSlice, type WantedNames } from './wanted-names.ts';

/** The objects as the inner source has them, and which names they need resolved. */
export class ObjectStore {
  readonly #servicesWithoutSlices: boolean;
  readonly #records = new Map<string, SourceRecord>();
  /** Keys of the slices of each Service, by the Service's key. */
  readonly #slicesOf = new Map<string, Set<string>>();

  constructor(servicesWithoutSlices: boolean) {
    this.#servicesWithoutSlices = servicesWithoutSlices;
  }

  /** All objects that are passed on as they are. */
  plain(): SourceRecord[] {
    return [...this.#records.values()].filter((record) => !isFqdn(record));
  }

  /**
   * @returns the change as it is passed on, without slices of names, and the keys of all objects whose names may be others.
   */
  apply({ upserts, deletes }: SourceChange): { readonly plain: SourceChange; readonly touched: ReadonlySet<string> } {
    const touched = new Set<string>();
    const plain = { upserts: upserts.filter((record) => !isFqdn(record)), deletes: [...deletes] };
    plain.deletes = plain.deletes.filter((ref) => !isFqdn(this.#records.get(refKey(ref))));
    for (const ref of deletes) this.#exchange(refKey(ref), undefined, touched);
    for (const record of upserts) {
      const before = this.#records.get(refKey(record));
      if (isFqdn(record) && before !== undefined && !isFqdn(before)) plain.deletes.push(refOf(record));
      this.#exchange(refKey(record), record, touched);
    }
    return { plain, touched };
  }

  /** What the object of this key needs resolved now. */
  wanted(key: string): WantedNames | undefined {
    const record = this.#records.get(key);
    if (record === undefined) return undefined;
    if (record.kind === 'Service') return this.#wantedBy(record);
    return isFqdn(record) ? namesOfSlice(record) : undefined;
  }

  #wantedBy(service: ServiceRecord): WantedNames | undefined {
    return namesOfService(service, this.#servicesWithoutSlices && !this.#slicesOf.has(refKey(service)));
  }

  #exchange(key: string, record: SourceRecord | undefined, touched: Set<string>): void {
    const before = this.#records.get(key);
    if (record === undefined) this.#records.delete(key);
    else this.#records.set(key, record);
    touched.add(key);
    if (before?.kind === 'EndpointSlice') {
      const owner = ownerKey(before);
      const slices = this.#slicesOf.get(owner);
      slices?.delete(key);
      if (slices?.size === 0) this.#slicesOf.delete(owner);
      touched.add(owner);
    }
    if (record?.kind === 'EndpointSlice') {
      const owner = ownerKey(record);
      this.#slicesOf.set(owner, (this.#slicesOf.get(owner) ?? new Set()).add(key));
      touched.add(owner);
    }
  }
}

function ownerKey({ namespace, service }: EndpointSliceRecord): string {
  return refKey({ kind: 'Service', namespace, name: service });
}

function isFqdn(record: SourceRecord | undefined): record is EndpointSliceRecord {
  return record?.kind === 'EndpointSlice' && record.addressType === 'FQDN';
}
