/** A timer that is later than this, in milliseconds, was kept waiting by other work of this process. */
const LATE_MS = 50;

/**
 * Waits for a client no longer than it may take. While this process is too busy to notice what the client does, that time
 * is not the client's: then it has as much once more.
 */
export class Patience {
  readonly #milliseconds: number;
  readonly #over: () => void;
  #timer: NodeJS.Timeout;

  /** @param over called once, unless it is ended before. */
  constructor(milliseconds: number, over: () => void) {
    this.#milliseconds = milliseconds;
    this.#over = over;
    this.#timer = this.#wait();
  }

  end(): void {
    clearTimeout(this.#timer);
  }

  #wait(): NodeJS.Timeout {
    const due = performance.now() + this.#milliseconds;
    return setTimeout(() => {
      if (performance.now() > due + LATE_MS) this.#timer = this.#wait();
      else this.#over();
    }, this.#milliseconds);
  }
}
