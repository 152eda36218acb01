import { isDeepStrictEqual } from 'node:util';
import { formatProblem, type Problem } from '../../../src/problems.ts';
import { refKey, type SourceChange, type SourceRecord, type SourceSink } from '../../../src/sources/source.ts';

/** A sink that holds each delivery against the contract of `SourceSink`, remembers it, and lets a test wait for it. */
export class Recorder implements SourceSink {
  readonly changes: SourceChange[] = [];
  /** What follows from all changes, by `refKey`. */
  readonly world = new Map<string, SourceRecord>();
  /** Every origin's sentences each time they were told, oldest first. */
  readonly told: { readonly origin: string; readonly sentences: readonly string[] }[] = [];
  /** How the contract was broken, if it was. */
  readonly breaches: string[] = [];
  readonly #problems = new Map<string, readonly Problem[]>();
  #waiting: (() => void)[] = [];

  changed(change: SourceChange): void {
    this.#check(change);
    this.changes.push(change);
    for (const ref of change.deletes) this.world.delete(refKey(ref));
    for (const record of change.upserts) this.world.set(refKey(record), record);
    this.#wake();
  }

  problems(origin: string, problems: readonly Problem[]): void {
    if (isDeepStrictEqual(problems, this.#problems.get(origin) ?? [])) this.breaches.push(`${origin}: told twice`);
    this.#problems.set(origin, problems);
    this.told.push({ origin, sentences: problems.map(formatProblem) });
    this.#wake();
  }

  /** Keys of all objects in the world, in order. */
  keys(): readonly string[] {
    return [...this.world.keys()].sort();
  }

  /** What is wrong with one origin at present. */
  problemsOf(origin: string): readonly Problem[] {
    return this.#problems.get(origin) ?? [];
  }

  /** Every problem at present as its sentence, in order. */
  sentences(): readonly string[] {
    return [...this.#problems.values()].flat().map(formatProblem).sort();
  }

  /** Resolves as soon as a delivery makes the condition true, at once if it is. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #check({ upserts, deletes }: SourceChange): void {
    const first = this.changes.length === 0;
    const keys = [...upserts, ...deletes].map(refKey);
    if (new Set(keys).size < keys.length) this.breaches.push(`one change names an object twice: ${keys.join(', ')}`);
    if (!first && keys.length === 0) this.breaches.push('a change without a difference');
    for (const ref of deletes) {
      if (!this.world.has(refKey(ref))) this.breaches.push(`deletes what was not there: ${refKey(ref)}`);
    }
    for (const record of upserts) {
      if (isDeepStrictEqual(withoutPlace(record), withoutPlace(this.world.get(refKey(record))))) {
        this.breaches.push(`delivers what did not change: ${refKey(record)}`);
      }
      if (!deeplyFrozen(record)) this.breaches.push(`not deeply frozen: ${refKey(record)}`);
    }
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}

function withoutPlace(record: SourceRecord | undefined): unknown {
  return record === undefined ? undefined : { ...record, place: undefined };
}

function deeplyFrozen(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return Object.isFrozen(value) && Object.values(value).every(deeplyFrozen);
}
