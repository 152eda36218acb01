/** Random numbers that a seed repeats (mulberry32, in the public domain). */
export class SeededRandom {
  readonly seed: number;
  #state: number;

  constructor(seed: number) {
    this.seed = seed;
    this.#state = seed >>> 0;
  }

  /** From 0 to below `count`. */
  below(count: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * count);
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)]!;
  }
}

/** The seed that the environment variable CHAOS_SEED gives, to repeat a run, or else a new one. */
export function chaosSeed(): number {
  return wholeNumber('CHAOS_SEED') ?? Math.floor(Math.random() * 2 ** 32);
}

/** How many changes a run makes: the environment variable CHAOS_CHANGES, or else so many. */
export function chaosChanges(usual: number): number {
  return wholeNumber('CHAOS_CHANGES') ?? usual;
}

function wholeNumber(variable: string): number | undefined {
  const text = process.env[variable];
  if (text === undefined || text === '') return undefined;
  if (!/^[0-9]{1,10}$/.test(text)) throw new Error(`${variable} is ${JSON.stringify(text)}: write a whole number.`);
  return Number(text);
}
