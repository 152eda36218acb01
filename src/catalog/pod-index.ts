import type { ObjectRef, PodRecord } from '../sources/source.ts';
import { refKey } from '../sources/source.ts';
import { type PodGroupId, podGroupOf } from './pods.ts';
import { forget, note } from './set-map.ts';

/** What a change of a Pod touched. */
export interface PodChange {
  readonly groups: readonly PodGroupId[];
  /** Those that became a labelled Pod's, or are none's any more. */
  readonly addresses: readonly { readonly namespace: string; readonly address: string }[];
}

/** The Pods that are previews, by what they are together and by their addresses. */
export class PodIndex {
  readonly #pods = new Map<string, PodRecord>();
  readonly #groups = new Map<PodGroupId, Set<string>>();
  readonly #byAddress = new Map<string, Set<string>>();

  of(id: PodGroupId): readonly PodRecord[] {
    return [...(this.#groups.get(id) ?? [])].map((key) => this.#pods.get(key)!);
  }

  /** Whether a labelled Pod of the namespace has the address. */
  has(namespace: string, address: string): boolean {
    return this.#byAddress.has(`${namespace} ${address}`);
  }

  put(pod: PodRecord): PodChange {
    return this.#exchange(pod, pod);
  }

  remove(ref: ObjectRef): PodChange {
    return this.#exchange(ref, undefined);
  }

  #exchange(ref: ObjectRef, after: PodRecord | undefined): PodChange {
    const { namespace } = ref;
    const key = refKey(ref);
    const before = this.#pods.get(key);
    const concerned = [...new Set([...ownAddresses(before), ...ownAddresses(after)])];
    const known = concerned.map((address) => this.has(namespace, address));

    if (before !== undefined) {
      forget(this.#groups, podGroupOf(before), key);
      for (const address of ownAddresses(before)) forget(this.#byAddress, `${namespace} ${address}`, key);
      this.#pods.delete(key);
    }
    if (after !== undefined) {
      this.#pods.set(key, after);
      note(this.#groups, podGroupOf(after), key);
      for (const address of ownAddresses(after)) note(this.#byAddress, `${namespace} ${address}`, key);
    }
    const groups = [before, after].filter((pod) => pod !== undefined).map(podGroupOf);
    const addresses = concerned.filter((address, index) => this.has(namespace, address) !== known[index]);
    return { groups, addresses: addresses.map((address) => ({ namespace, address })) };
  }
}

/** Those that nobody shares. */
function ownAddresses(pod: PodRecord | undefined): readonly string[] {
  return pod === undefined || pod.hostNetwork ? [] : pod.addresses;
}
