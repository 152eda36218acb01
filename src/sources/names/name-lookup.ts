import { isDeepStrictEqual } from 'node:util';
import { type Address, readAddress, unbracketed } from '../manifests/index.ts';
import type { Resolver } from './resolver.ts';

/** Bounds of what a TTL is taken for, in seconds. */
const TTL_SECONDS = { least: 1, most: 300 };

/** The pause after a failure, in seconds; each further failure doubles it. */
const RETRY_SECONDS = { first: 1, longest: 30 };

/**
 * Keeps the addresses of a name up to date: asks again when the TTL is over, and after failures at growing intervals,
 * during which the last good addresses stay. Of several names the first that resolves counts.
 */
export class NameLookup {
  readonly names: readonly string[];
  readonly #resolver: Resolver;
  readonly #changed: (lookup: NameLookup) => void;
  #addresses: readonly Address[] = [];
  #failure: string | undefined;
  #attempted = false;
  #failures = 0;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  /** @param changed called when an attempt brought anything new; never before the constructor has returned. */
  constructor(names: readonly string[], resolver: Resolver, changed: (lookup: NameLookup) => void) {
    this.names = names;
    this.#resolver = resolver;
    this.#changed = changed;
    const literal = literalAddress(names);
    if (literal === undefined) {
      this.#attempt();
    } else {
      this.#addresses = [literal];
      this.#attempted = true;
    }
  }

  /** The last good addresses, in the order of the answer. */
  get addresses(): readonly Address[] {
    return this.#addresses;
  }

  /** Why the last attempt failed, if it did. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** Whether an attempt has been made, for better or worse. */
  get attempted(): boolean {
    return this.#attempted;
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  async #attempt(): Promise<void> {
    const outcome = await firstResolution(this.names, this.#resolver);
    if (this.#stopped) return;
    const isNews =
      !this.#attempted ||
      outcome.failure !== this.#failure ||
      (outcome.addresses !== undefined && !isDeepStrictEqual(outcome.addresses, this.#addresses));
    this.#attempted = true;
    this.#failure = outcome.failure;
    this.#failures = outcome.failure === undefined ? 0 : this.#failures + 1;
    this.#addresses = outcome.addresses ?? this.#addresses;
    const seconds =
      outcome.ttlSeconds ?? Math.min(RETRY_SECONDS.first * 2 ** (this.#failures - 1), RETRY_SECONDS.longest);
    this.#timer = setTimeout(() => this.#attempt(), seconds * 1_000).unref();
    if (isNews) this.#changed(this);
  }
}

interface Outcome {
  readonly addresses?: readonly Address[];
  readonly ttlSeconds?: number;
  readonly failure?: string;
}

async function firstResolution(names: readonly string[], resolver: Resolver): Promise<Outcome> {
  let failure = '';
  for (const name of names) {
    try {
      const { addresses, ttlSeconds } = await resolver.resolve(name);
      if (addresses.length > 0) return { addresses, ttlSeconds: clamp(ttlSeconds) };
      failure = 'it has no address';
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      failure = code ?? message;
    }
  }
  return { failure };
}

function clamp(seconds: number): number {
  return Math.min(Math.max(seconds, TTL_SECONDS.least), TTL_SECONDS.most);
}

function literalAddress([name = '']: readonly string[]): Address | undefined {
  return readAddress(unbracketed(name));
}
