import type { EndpointSliceRecord } from '../sources/source.ts';
import type { ServiceId } from './model.ts';
import { addressesOf, ownerOf, type SliceIndex } from './slice-index.ts';

/** Which Services are those of gateways, and with them the addresses and ports at which gateways listen. */
export class GatewayIndex {
  readonly #slices: SliceIndex;
  readonly #services = new Set<ServiceId>();

  constructor(slices: SliceIndex) {
    this.#slices = slices;
  }

  /**
   * Whether a gateway listens there. The address alone does not say: gateways on the network of their nodes share theirs
   * with others.
   *
   * @param namespace of the Services of gateways that count; without it, all do.
   */
  has(address: string, port: number, namespace?: string): boolean {
    const counts = (slice: EndpointSliceRecord) =>
      this.#services.has(ownerOf(slice)) && (namespace === undefined || slice.namespace === namespace);
    return this.#slices.with(address).some((slice) => counts(slice) && slice.ports.some((each) => each.port === port));
  }

  /** @returns the Services of whose endpoints some are gateways now that were none, or the other way round. */
  set(id: ServiceId, isGateway: boolean): readonly ServiceId[] {
    if (this.#services.has(id) === isGateway) return [];
    if (isGateway) this.#services.add(id);
    else this.#services.delete(id);
    return this.#slices.of(id).flatMap((slice) => this.#sharing(slice));
  }

  /** The Services that have an address of this slice, where it is of gateways; of others, none. */
  concernedBy(slice: EndpointSliceRecord | undefined): readonly ServiceId[] {
    return slice !== undefined && this.#services.has(ownerOf(slice)) ? this.#sharing(slice) : [];
  }

  #sharing(slice: EndpointSliceRecord): readonly ServiceId[] {
    return addressesOf(slice).flatMap((address) => this.#slices.with(address).map(ownerOf));
  }
}
