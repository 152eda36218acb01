import type { Logger } from 'pino';

/** So many addresses are told apart in a period. Those that come then share what one has. */
const ADDRESSES = 10_000;

export interface LogQuotaOptions {
  /** After so many milliseconds all begin anew. */
  readonly periodMs: number;
  /** How many lines a period has for the clients of one address. */
  readonly lines: number;
  /** The line that comes when these are used up. @param client the address, or words for many of them. */
  readonly announcement: (client: string) => string;
}

/** Keeps a client from flooding the log, and from hiding there what the others do. */
export class LogQuota {
  readonly #log: Logger;
  readonly #options: LogQuotaOptions;
  readonly #now: () => number;
  readonly #lines = new Map<string, number>();
  #since = Number.NEGATIVE_INFINITY;

  /** @param now milliseconds of any clock that only goes forward. */
  constructor(log: Logger, options: LogQuotaOptions, now: () => number = () => performance.now()) {
    this.#log = log;
    this.#options = options;
    this.#now = now;
  }

  /** Whether one more line may be written about a client at this IP address. The first that may not is announced. */
  take(address = 'an unknown address'): boolean {
    if (this.#now() - this.#since >= this.#options.periodMs) {
      this.#lines.clear();
      this.#since = this.#now();
    }
    const key = this.#lines.has(address) || this.#lines.size < ADDRESSES ? address : 'many addresses';
    const lines = (this.#lines.get(key) ?? 0) + 1;
    this.#lines.set(key, lines);
    const most = this.#options.lines;
    if (lines === most + 1) this.#log.warn({ client: key }, this.#options.announcement(key));
    return lines <= most;
  }
}
