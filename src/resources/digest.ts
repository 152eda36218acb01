import { createHash } from 'node:crypto';
import type { Resource } from './resource.ts';

/**
 * The version of a whole set of resources, whatever order they came in: the sum of a 64-bit hash of each one's name and
 * version. Kept up to date in constant time for each resource that comes or goes. Immutable.
 */
export class Digest {
  static readonly empty: Digest = new Digest(0n);
  readonly #sum: bigint;

  private constructor(sum: bigint) {
    this.#sum = BigInt.asUintN(64, sum);
  }

  static of(resources: Iterable<Resource>): Digest {
    let sum = 0n;
    for (const resource of resources) sum += summand(resource);
    return new Digest(sum);
  }

  /** This set with `added` instead of `removed`. */
  replace(removed: Resource | undefined, added: Resource | undefined): Digest {
    if (removed === added) return this;
    return new Digest(this.#sum - (removed ? summand(removed) : 0n) + (added ? summand(added) : 0n));
  }

  /** 16 hexadecimal digits. */
  toString(): string {
    return this.#sum.toString(16).padStart(16, '0');
  }
}

const summands = new WeakMap<Resource, bigint>();

function summand(resource: Resource): bigint {
  let hash = summands.get(resource);
  if (hash === undefined) {
    const { name, version } = resource;
    hash = createHash('sha256').update(`${name.length}:${name}${version}`).digest().readBigUInt64BE();
    summands.set(resource, hash);
  }
  return hash;
}
