import { stat } from 'node:fs';

/** How long deletions are put off at most while files keep disappearing, in milliseconds. */
const LONGEST_WAIT_MS = 1_000;

/**
 * Judges whether what is missing is gone for good. Of a file that moves, the kernel may tell that it is gone a moment before
 * it tells where it is now; and a file that moves on while it is looked for is missing wherever one looks. So what
 * would be deleted waits until a look at the disk and two turns of the event loop have passed in which nothing more was
 * missing: a fraction of a millisecond as a rule.
 */
export class Steadiness {
  readonly #path: string;
  readonly #lookAgain: () => void;
  #misses = 0;
  /** Misses before the last look at the disk: nothing came of them. */
  #settledMisses = 0;
  #looks = 0;
  #looking = false;
  #since = 0;

  /** @param lookAgain called when `judge` may judge differently. */
  constructor(path: string, lookAgain: () => void) {
    this.#path = path;
    this.#lookAgain = lookAgain;
  }

  /** Something of which there was an event is not there. */
  missed(): void {
    this.#misses += 1;
  }

  /** What may be delivered, if that deletes something: all, nothing yet, or, when the wait goes on, all but deletions. */
  judge(): 'all' | 'nothing' | 'all but deletions' {
    const isOverdue = this.#looks > 0 && performance.now() - this.#since > LONGEST_WAIT_MS;
    if (this.#misses === this.#settledMisses || isOverdue) {
      this.#looks = 0;
      return 'all';
    }
    if (!this.#looking) this.#look();
    return this.#looks === 1 ? 'nothing' : 'all but deletions';
  }

  #look(): void {
    if (this.#looks === 0) this.#since = performance.now();
    this.#looks += 1;
    this.#looking = true;
    const misses = this.#misses;
    const done = () => {
      this.#looking = false;
      this.#settledMisses = misses;
      this.#lookAgain();
    };
    stat(this.#path, () => setImmediate(() => setImmediate(done)));
  }
}
