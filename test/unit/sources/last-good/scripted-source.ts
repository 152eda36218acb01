import type { Problem } from '../../../../src/problems.ts';
import type { Source, SourceChange, SourceRecord, SourceSink } from '../../../../src/sources/source.ts';

/** A source that says what the test has it say. */
export class ScriptedSource implements Source {
  #sink: SourceSink | undefined;
  /** What it was started with. */
  lastKnown: readonly SourceRecord[] | undefined;
  readonly #started = Promise.withResolvers<void>();
  readonly #synced = Promise.withResolvers<void>();

  /** Resolves once it may be had say something. */
  get started(): Promise<void> {
    return this.#started.promise;
  }

  async check(): Promise<void> {}

  async start(sink: SourceSink, lastKnown?: readonly SourceRecord[]): Promise<void> {
    this.lastKnown = lastKnown;
    this.#sink = sink;
    this.#started.resolve();
    await this.#synced.promise;
  }

  async stop(): Promise<void> {
    this.#synced.resolve();
  }

  say(change: SourceChange): void {
    this.#sink!.changed(change);
    this.#synced.resolve();
  }

  /** What a source tells that has lost contact. */
  outage(): void {
    const problem: Problem = {
      code: 'source-unreachable',
      object: 'watch',
      message: 'Cannot list.',
      advice: 'See why.',
    };
    this.#sink!.problems('watch', [problem]);
  }
}
