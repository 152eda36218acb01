import { type Failure, isExpired } from './failure.ts';

/** Milliseconds. Doubling from the first to the longest. */
export interface Backoff {
  readonly firstMs: number;
  readonly longestMs: number;
}

/** What to do about a failure. */
export interface Retry {
  readonly afterMs: number;
  /** List anew instead of going on from the last resourceVersion. */
  readonly relist: boolean;
  /** Worth telling the operator. */
  readonly tell: boolean;
}

/** No API server should keep us waiting for longer, whatever it asks for. */
const LONGEST_RETRY_AFTER_MS = 5 * 60_000;

/**
 * After so many failures in a row the resourceVersion is given up: it is likely to have expired, and after a restore of
 * etcd from a backup it can be of a future that never comes, of which an API server gives no sign.
 */
const FAILURES_UNTIL_RELIST = 6;

/** Counts the failures of one reflector since it last had lasting contact, and spaces its attempts. */
export class Contact {
  readonly #backoff: Backoff;
  readonly #random: () => number;
  #failures = 0;
  #since = 0;
  #expired = false;

  /** @param random from 0 to below 1. */
  constructor(backoff: Backoff, random: () => number = Math.random) {
    this.#backoff = backoff;
    this.#random = random;
  }

  /** When the present outage began, milliseconds since the epoch. Of no meaning while there is contact. */
  get since(): number {
    return this.#since;
  }

  /** A watch has lasted. */
  held(): void {
    this.#failures = 0;
    this.#expired = false;
  }

  /** @param now milliseconds since the epoch. */
  failed(failure: Failure, now: number): Retry {
    if (this.#failures === 0) this.#since = failure.kind === 'silent' ? now - failure.silenceMs : now;
    this.#failures += 1;
    const expired = isExpired(failure);
    const expiredAgain = expired && this.#expired;
    this.#expired = expired;
    return {
      afterMs: this.#wait(failure),
      relist: expired || this.#failures % FAILURES_UNTIL_RELIST === 0,
      // Whatever breaks once is mostly over with the next attempt, as are credentials that have been rotated. To be told that a resourceVersion has expired is contact,
      // unless it goes on like that.
      tell: expired ? expiredAgain : isLasting(failure) || this.#failures > 1,
    };
  }

  /** Between half and the whole of the doubled time, so that the reflectors of a fleet do not call in step. */
  #wait(failure: Failure): number {
    const whole = Math.min(this.#backoff.firstMs * 2 ** (this.#failures - 1), this.#backoff.longestMs);
    const jittered = whole * (0.5 + this.#random() / 2);
    if (failure.kind !== 'refused') return jittered;
    return Math.max(jittered, Math.min(failure.retryAfterMs, LONGEST_RETRY_AFTER_MS));
  }
}

/** Whether it is not likely to be over with the next attempt. */
function isLasting(failure: Failure): boolean {
  return failure.kind === 'refused' && failure.status !== 401;
}
