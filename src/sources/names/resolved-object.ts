import type { Problem } from '../../problems.ts';
import type { EndpointSliceRecord } from '../source.ts';
import { refKey } from '../source.ts';
import type { NameLookup } from './name-lookup.ts';
import { type ResolvedEndpoint, resolvedSlices } from './resolved-slices.ts';
import type { WantedNames } from './wanted-names.ts';

/** An object with names: the slices that stand for them, and what is wrong with them. */
export class ResolvedObject {
  #endpoints: readonly ResolvedEndpoint[] = [];
  #wanted: WantedNames;
  #lookups: readonly NameLookup[];

  /** @param lookups one for each target. */
  constructor(wanted: WantedNames, lookups: readonly NameLookup[]) {
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
      this.#lookups[index]!.addresses.map((address) => ({ ...address, conditions })),
    );
    const unresolved = this.#lookups.some(({ addresses }) => addresses.length === 0);
    if (found.length > 0 || !unresolved) this.#endpoints = found;
    return resolvedSlices(this.#wanted, this.#endpoints);
  }

  problems(): readonly Problem[] {
    const { owner, service, targets } = this.#wanted;
    const kept = this.#endpoints.length > 0 ? ' Until then the last good addresses stay in force.' : '';
    return targets.flatMap((target, index) => {
      const failure = this.#lookups[index]!.failure;
      if (failure === undefined) return [];
      const { message, advice } = target.complaint(failure);
      const object = refKey({ kind: 'Service', namespace: owner.namespace, name: service });
      return [{ code: 'name-unresolved', object, place: owner.place, message, advice: advice + kept } as const];
    });
  }
}
