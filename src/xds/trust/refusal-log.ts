import type { Logger } from 'pino';
import { LogQuota } from '../log-quota.ts';

/** How long a line is not repeated, in milliseconds: a refused Envoy comes back several times a second. */
const PERIOD_MS = 60 * 60 * 1_000;
/** So many different lines a period about the clients of one address. They choose their names, and so the lines. */
const LINES = 20;
/** So many lines of a period are remembered; those that come then may be repeated, as far as there are lines for it. */
const REMEMBERED = 10_000;

/** Logs who was refused and why: each line once an hour. */
export class RefusalLog {
  readonly #log: Logger;
  readonly #now: () => number;
  readonly #quota: LogQuota;
  readonly #told = new Set<string>();
  #since = Number.NEGATIVE_INFINITY;

  /** @param now milliseconds of any clock that only goes forward. */
  constructor(log: Logger, now: () => number = () => performance.now()) {
    this.#log = log;
    this.#now = now;
    const announcement = (client: string) =>
      `Clients at ${client} are refused for many different reasons; no more of them are logged within the hour.`;
    this.#quota = new LogQuota(log, { periodMs: PERIOD_MS, lines: LINES, announcement }, now);
  }

  /** @param address the client's IP address. */
  tell(address: string | undefined, sentence: string): void {
    if (this.#now() - this.#since >= PERIOD_MS) {
      this.#told.clear();
      this.#since = this.#now();
    }
    const line = `Refused a client at ${address ?? 'an unknown address'}: ${sentence}`;
    if (this.#told.has(line) || !this.#quota.take(address)) return;
    if (this.#told.size < REMEMBERED) this.#told.add(line);
    this.#log.warn({ client: address }, line);
  }
}
