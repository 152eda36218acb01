/**
 * How long requests may be worked on before everything else has its turn, in milliseconds: other connections, health, changes.
 * Long beside what a turn costs by itself, and short beside what anybody waits for.
 */
const TURN_MS = 10;

/** Whose requests come first, when there are more of them than can be worked on at once. */
export type Urgency = 'first' | 'later';

/**
 * Has the requests of all streams worked on in short turns. When thousands of clients come at once, the first requests of all
 * of them are there at the same moment, and are work for seconds.
 */
export class Pace {
  readonly #now: () => number;
  readonly #waiting: Readonly<Record<Urgency, Queue>> = { first: new Queue(), later: new Queue() };
  /** Of this turn, in milliseconds. */
  #spent = 0;
  #turnEnds = false;

  /** @param now milliseconds of any clock that only goes forward. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Runs this at once, or when its turn has come. Of the same urgency, what came first is run first. */
  run(urgency: Urgency, work: () => void): void {
    const isFree = this.#waiting.first.isEmpty && (urgency === 'first' || this.#waiting.later.isEmpty);
    if (isFree && this.#spent < TURN_MS) this.#work(work);
    else this.#waiting[urgency].push(work);
    this.#endTurnLater();
  }

  #work(work: () => void): void {
    const begun = this.#now();
    work();
    this.#spent += this.#now() - begun;
  }

  /** After what the system has to tell of all connections, and before it is asked again. */
  #endTurnLater(): void {
    if (this.#turnEnds) return;
    this.#turnEnds = true;
    setImmediate(() => {
      this.#turnEnds = false;
      this.#spent = 0;
      while (this.#spent < TURN_MS) {
        const work = this.#waiting.first.shift() ?? this.#waiting.later.shift();
        if (work === undefined) return;
        this.#work(work);
      }
      this.#endTurnLater();
    });
  }
}

/** First in, first out. */
class Queue {
  #entries: (() => void)[] = [];
  #next = 0;

  get isEmpty(): boolean {
    return this.#next === this.#entries.length;
  }

  push(entry: () => void): void {
    this.#entries.push(entry);
  }

  shift(): (() => void) | undefined {
    if (this.isEmpty) return undefined;
    const entry = this.#entries[this.#next];
    this.#next += 1;
    // What was taken is let go now and then, at little cost for each.
    if (this.#next >= 1_024 && 2 * this.#next >= this.#entries.length) {
      this.#entries = this.#entries.slice(this.#next);
      this.#next = 0;
    }
    return entry;
  }
}
