import type { Problem } from '../../problems.ts';
import type { EndpointSliceRecord } from '../source.ts';
import { refKey } from '../source.ts';
import { isLocal } from './local.ts';
import type { NameLookup } from './name-lookup.ts';
import { type ResolvedEndpoint, resolvedSlices } from './resolved-slices.ts';
import type { WantedNames } from './wanted-names.ts';

/** An object with names: the slices that stand for them, and what is wrong with them. */
export class ResolvedObject {
  #endpoints: readonly ResolvedEndpoint[] = [];
  #wanted: WantedNames;
  #lookups: readonly NameLookup[];

  readonly #mayBeLocal: boolean;

  /**
   * @param lookups one for each target.
   * @param mayBeLocal whether names may lead to the machine that uses them.
   */
  constructor(wanted: WantedNames, lookups: readonly NameLookup[], mayBeLocal: boolean) {
    this.#mayBeLocal = mayBeLocal;
    this.#wanted = wanted;
    this.#lookups = lookups;
  }

  /** Takes the object as it now is. The addresses of other names stay until one of the new names resolves. */
  exchange(wanted: WantedNames, lookups: readonly NameLookup[]): void {
    this.#wanted = wanted;
    this.#lookups = lookups;
  }

  slices(): readonly EndpointSliceRecord[] {
    const found = this.#wanted.targets.flatMap(({ conditions }, index) =>
      this.#usable(this.#lookups[index]!).map((address) => ({ ...address, conditions })),
    );
    const unresolved = this.#lookups.some(({ addresses }) => addresses.length === 0);
    if (found.length > 0 || !unresolved) this.#endpoints = found;
    return resolvedSlices(this.#wanted, this.#endpoints);
  }

  #usable({ addresses }: NameLookup): NameLookup['addresses'] {
    return this.#mayBeLocal ? addresses : addresses.filter((address) => !isLocal(address));
  }

  problems(): readonly Problem[] {
    const { owner, service, targets } = this.#wanted;
    const kept = this.#endpoints.length > 0 ? ' Until then the last good addresses stay in force.' : '';
    return targets.flatMap((target, index) => {
      const object = refKey({ kind: 'Service', namespace: owner.namespace, name: service });
      const lookup = this.#lookups[index]!;
      const refused = lookup.addresses.filter((address) => !this.#usable(lookup).includes(address));
      if (refused.length > 0) {
        const written = refused.map(({ address }) => address).join(', ');
        const message = `${target.names[0]} leads to ${written}, which is where the gateways are themselves.`;
        const local = 'Write a name or an address that other machines know.';
        return [{ code: 'name-unresolved', object, place: owner.place, message, advice: local } as const];
      }
      const failure = lookup.failure;
      if (failure === undefined) return [];
      const { message, advice } = target.complaint(failure);
      return [{ code: 'name-unresolved', object, place: owner.place, message, advice: advice + kept } as const];
    });
  }
}
