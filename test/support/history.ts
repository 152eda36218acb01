/** Everything of a kind that has happened, and a way to wait for what is to come. */
export class History<Happening> {
  readonly #all: Happening[] = [];
  readonly #waiting = new Set<() => boolean>();
  #end: Error | undefined;
  readonly #rejecting = new Set<(error: Error) => void>();

  get all(): readonly Happening[] {
    return this.#all;
  }

  add(happening: Happening): void {
    this.#all.push(happening);
    for (const look of [...this.#waiting]) if (look()) this.#waiting.delete(look);
  }

  /** Nothing more will happen: whoever waits is told why. */
  end(why: Error): void {
    this.#end = why;
    for (const reject of this.#rejecting) reject(why);
  }

  /** The first that matches, of those from index `from` on: it has happened already or is yet to. */
  first(matches: (happening: Happening) => boolean, from = 0): Promise<Happening> {
    let next = from;
    return new Promise((resolve, reject) => {
      const look = () => {
        for (; next < this.#all.length; next++) {
          const happening = this.#all[next]!;
          if (!matches(happening)) continue;
          this.#rejecting.delete(reject);
          resolve(happening);
          return true;
        }
        return false;
      };
      if (look()) return;
      if (this.#end !== undefined) return reject(this.#end);
      this.#waiting.add(look);
      this.#rejecting.add(reject);
    });
  }
}
