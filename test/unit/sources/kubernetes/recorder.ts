import type { Problem } from '../../../../src/problems.ts';
import { refKey, type SourceChange, type SourceRecord, type SourceSink } from '../../../../src/sources/source.ts';

/** A sink that remembers what was delivered, and lets a test wait for a delivery. */
export class Recorder implements SourceSink {
  readonly changes: SourceChange[] = [];
  /** What follows from all changes, by `refKey`. */
  readonly world = new Map<string, SourceRecord>();
  /** Each call of `problems`, as `origin` and messages. */
  readonly tellings: { readonly origin: string; readonly problems: readonly Problem[] }[] = [];
  #waiting: (() => void)[] = [];

  changed(change: SourceChange): void {
    this.changes.push(change);
    for (const record of change.upserts) this.world.set(refKey(record), record);
    for (const ref of change.deletes) this.world.delete(refKey(ref));
    this.#delivered();
  }

  problems(origin: string, problems: readonly Problem[]): void {
    this.tellings.push({ origin, problems });
    this.#delivered();
  }

  /** What is told of an origin at present. */
  problemsOf(origin: string): readonly Problem[] {
    return this.tellings.findLast((telling) => telling.origin === origin)?.problems ?? [];
  }

  /** All names in the world, in order. */
  names(): readonly string[] {
    return [...this.world.keys()].sort();
  }

  /** Resolves as soon as a delivery makes the condition true, at once if it is. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #delivered(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
