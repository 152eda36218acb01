import type { EndpointSliceRecord } from '../sources/source.ts';
import { refKey } from '../sources/source.ts';
import type { ServiceId } from './model.ts';
import { serviceId } from './model.ts';
import { forget, note } from './set-map.ts';

/** The EndpointSlices of each Service, and whose addresses are whose. */
export class SliceIndex {
  readonly #slices = new Map<string, EndpointSliceRecord>();
  readonly #byService = new Map<ServiceId, Set<string>>();
  readonly #byAddress = new Map<string, Set<string>>();

  of(id: ServiceId): readonly EndpointSliceRecord[] {
    return [...(this.#byService.get(id) ?? [])].map((key) => this.#slices.get(key)!);
  }

  get(key: string): EndpointSliceRecord | undefined {
    return this.#slices.get(key);
  }

  /** The slices of all Services that have an address. */
  with(address: string): readonly EndpointSliceRecord[] {
    return [...(this.#byAddress.get(address) ?? [])].map((key) => this.#slices.get(key)!);
  }

  /** @returns the Services whose slices changed. */
  put(slice: EndpointSliceRecord): readonly ServiceId[] {
    const key = refKey(slice);
    const before = this.remove(key);
    this.#slices.set(key, slice);
    note(this.#byService, ownerOf(slice), key);
    for (const address of addressesOf(slice)) note(this.#byAddress, address, key);
    return [...before, ownerOf(slice)];
  }

  /** @param key the `refKey` of the slice: a deletion does not name its Service. */
  remove(key: string): readonly ServiceId[] {
    const slice = this.#slices.get(key);
    if (slice === undefined) return [];
    this.#slices.delete(key);
    forget(this.#byService, ownerOf(slice), key);
    for (const address of addressesOf(slice)) forget(this.#byAddress, address, key);
    return [ownerOf(slice)];
  }
}

export function ownerOf({ namespace, service }: EndpointSliceRecord): ServiceId {
  return serviceId(namespace, service);
}

export function addressesOf({ endpoints }: EndpointSliceRecord): readonly string[] {
  return endpoints.flatMap(({ addresses }) => addresses);
}
