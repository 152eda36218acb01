import type { Address } from '../manifests/index.ts';

/** Turns a name into addresses. */
export interface Resolver {
  /** @throws if the name has no address, or none could be learnt. */
  resolve(name: string): Promise<Resolution>;
}

export interface Resolution {
  readonly addresses: readonly Address[];
  /** How long this may be believed, in seconds. */
  readonly ttlSeconds: number;
}
