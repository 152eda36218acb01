/**
 * When requests are due: at a constant rate from a moment on, whatever the answers do. What was missed, because the
 * machine was busy, is due at once: a burst, never a gap.
 */
export class Schedule {
  readonly #perSecond: number;
  readonly #startedMs: number;
  #taken = 0;

  /** @param startedMs when the first request is due, on the clock of `take`. */
  constructor(perSecond: number, startedMs: number) {
    this.#perSecond = perSecond;
    this.#startedMs = startedMs;
  }

  /** The moments, up to `nowMs`, at which requests were to be sent and have not been taken yet. */
  take(nowMs: number): readonly number[] {
    const due = Math.max(0, Math.floor(((nowMs - this.#startedMs) * this.#perSecond) / 1_000) + 1);
    const moments: number[] = [];
    for (; this.#taken < due; this.#taken++) {
      moments.push(this.#startedMs + (this.#taken * 1_000) / this.#perSecond);
    }
    return moments;
  }
}
