import type { Logger } from 'pino';

const PERIOD_MS = 60_000;
/** So many lines a minute about the clients of one address: a hundred Envoys behind it may all reconnect, and be heard. */
const LINES = 300;
/** So many addresses are told apart a minute. Those that come then share what one has. */
const ADDRESSES = 10_000;

/** Keeps a client that comes and goes, or refuses, without end from flooding the log. */
export class LogQuota {
  readonly #log: Logger;
  readonly #now: () => number;
  readonly #lines = new Map<string, number>();
  #since = Number.NEGATIVE_INFINITY;

  /** @param now milliseconds of any clock that only goes forward. */
  constructor(log: Logger, now: () => number = () => performance.now()) {
    this.#log = log;
    this.#now = now;
  }

  /** Whether one more line may be written about a client at this IP address. The first that may not is announced. */
  take(address = 'an unknown address'): boolean {
    if (this.#now() - this.#since >= PERIOD_MS) {
      this.#lines.clear();
      this.#since = this.#now();
    }
    const key = this.#lines.has(address) || this.#lines.size < ADDRESSES ? address : 'many addresses';
    const lines = (this.#lines.get(key) ?? 0) + 1;
    this.#lines.set(key, lines);
    if (lines === LINES + 1) {
      const sentence = `Clients at ${key} come, go or refuse so often that no more is logged of it for up to a minute`;
      this.#log.warn({ client: key }, `${sentence}; at the level debug, all is.`);
    }
    return lines <= LINES;
  }
}
