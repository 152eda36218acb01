import type { Logger } from 'pino';

/** How long a line is not repeated, in milliseconds: a refused Envoy comes back several times a second. */
const PERIOD_MS = 60 * 60 * 1_000;
/** So many different lines a period. Clients choose their names, and so the lines. */
const MOST_LINES = 100;

/** Logs who was refused and why: each line once an hour. */
export class RefusalLog {
  readonly #log: Logger;
  readonly #now: () => number;
  readonly #told = new Set<string>();
  #since = Number.NEGATIVE_INFINITY;

  /** @param now milliseconds of any clock that only goes forward. */
  constructor(log: Logger, now: () => number = () => performance.now()) {
    this.#log = log;
    this.#now = now;
  }

  /** @param address the client's IP address. */
  tell(address: string | undefined, sentence: string): void {
    if (this.#now() - this.#since >= PERIOD_MS) {
      this.#told.clear();
      this.#since = this.#now();
    }
    const line = `Refused a client at ${address ?? 'an unknown address'}: ${sentence}`;
    if (this.#told.has(line) || this.#told.size > MOST_LINES) return;
    this.#told.add(line);
    if (this.#told.size <= MOST_LINES) this.#log.warn({ client: address }, line);
    else this.#log.warn('Many different clients are refused; no more of them are logged within the hour.');
  }
}
