/** A set of small numbers, as bits: of each resource it is remembered which of the connected clients have it. */
export class SlotSet {
  #words = new Uint32Array(0);

  get isEmpty(): boolean {
    return this.#words.every((word) => word === 0);
  }

  has(slot: number): boolean {
    return ((this.#words[slot >>> 5] ?? 0) & (1 << (slot & 31))) !== 0;
  }

  add(slot: number): void {
    const word = slot >>> 5;
    if (word >= this.#words.length) {
      const grown = new Uint32Array(word + 1);
      grown.set(this.#words);
      this.#words = grown;
    }
    this.#words[word]! |= 1 << (slot & 31);
  }

  delete(slot: number): void {
    const word = slot >>> 5;
    if (word < this.#words.length) this.#words[word]! &= ~(1 << (slot & 31));
  }
}

/** Gives out the smallest numbers that are free. */
export class Slots {
  readonly #free: number[] = [];
  #next = 0;

  take(): number {
    return this.#free.pop() ?? this.#next++;
  }

  release(slot: number): void {
    this.#free.push(slot);
  }
}
