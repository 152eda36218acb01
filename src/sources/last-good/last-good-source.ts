import { isDeepStrictEqual } from 'node:util';
import type { Problem } from '../../problems.ts';
import type { Source, SourceChange, SourceSink } from '../source.ts';
import type { SavedState } from './format.ts';
import { Saver, unsaved } from './saver.ts';
import { readState, writeState } from './state-file.ts';
import { World } from './world.ts';

export interface LastGoodOptions {
  /** The file. */
  readonly path: string;
  /** What the source watches, in words: what was saved of another scope is not used. */
  readonly scope: string;
  readonly timing?: Timing;
}

export interface Timing {
  /** How long a source that says nothing at all is waited for before the saved state is served, in milliseconds. */
  readonly patienceMs: number;
  /** How long changes are gathered before they are saved, in milliseconds. */
  readonly pauseMs: number;
}

const DEFAULT_TIMING: Timing = {
  // Longer than a first sync of the largest clusters takes: what is saved is older than what Envoys have.
  patienceMs: 15_000,
  pauseMs: 2_000,
};

/**
 * Passes a source on and saves what it says. Until it has said anything, and if it cannot be reached, what was saved
 * last is delivered in its place; then how the source's own state differs.
 */
export class LastGoodSource implements Source, SourceSink {
  readonly #inner: Source;
  readonly #options: LastGoodOptions;
  readonly #timing: Timing;
  readonly #saver: Saver;
  #world = new World();
  #sink: SourceSink | undefined;
  #stage: 'waiting' | 'serving what was saved' | 'following the source' = 'waiting';
  #saved: SavedState | undefined;
  #patience: NodeJS.Timeout | undefined;
  readonly #told = new Map<Matter, readonly Problem[]>();
  readonly #begun = Promise.withResolvers<void>();

  constructor(inner: Source, options: LastGoodOptions) {
    this.#inner = inner;
    this.#options = options;
    this.#timing = options.timing ?? DEFAULT_TIMING;
    const { path, scope } = options;
    this.#saver = new Saver({
      pauseMs: this.#timing.pauseMs,
      write: () => writeState(path, { scope, at: Date.now(), records: this.#world.records() }),
      attempted: (failure) => this.#tell('saving', failure === undefined ? [] : [unsaved(path, failure)]),
    });
  }

  check(): Promise<void> {
    return this.#inner.check();
  }

  async start(sink: SourceSink): Promise<void> {
    await this.#inner.check();
    this.#sink = sink;
    await this.#read();
    if (this.#sink === undefined) return;
    this.#inner.start(this, this.#saved?.records).catch((error: Error) => this.#begun.reject(error));
    if (this.#saved !== undefined && this.#stage === 'waiting') {
      this.#patience = setTimeout(() => this.#serveSaved(), this.#timing.patienceMs).unref();
    }
    await this.#begun.promise;
  }

  async stop(): Promise<void> {
    this.#sink = undefined;
    clearTimeout(this.#patience);
    await this.#inner.stop();
    await this.#saver.stop();
    this.#begun.resolve();
  }

  problems(origin: string, problems: readonly Problem[]): void {
    this.#sink?.problems(origin, problems);
    if (problems.some(({ code }) => code === 'source-unreachable')) this.#serveSaved();
  }

  changed(change: SourceChange): void {
    if (this.#sink === undefined) return;
    clearTimeout(this.#patience);
    switch (this.#stage) {
      case 'waiting':
        this.#world.apply(change);
        this.#begin('following the source', change);
        break;
      case 'serving what was saved':
        this.#catchUp(change);
        break;
      case 'following the source':
        this.#world.apply(change);
        this.#sink.changed(change);
        break;
      default:
        this.#stage satisfies never;
    }
    this.#saver.changed();
  }

  async #read(): Promise<void> {
    const { path, scope } = this.#options;
    try {
      this.#saved = await readState(path, scope);
    } catch (error) {
      this.#tell('reading', [unusable(path, (error as Error).message)]);
    }
  }

  #serveSaved(): void {
    if (this.#stage !== 'waiting' || this.#saved === undefined || this.#sink === undefined) return;
    const { records, at } = this.#saved;
    this.#world = new World(records);
    this.#tell('serving', [stale(this.#options.path, at)]);
    this.#begin('serving what was saved', { upserts: records, deletes: [] });
  }

  /** @param change the source's whole world, which it delivers first. */
  #catchUp(change: SourceChange): void {
    const world = new World(change.upserts);
    const difference = this.#world.differenceTo(world);
    this.#world = world;
    this.#stage = 'following the source';
    if (difference.upserts.length > 0 || difference.deletes.length > 0) this.#sink!.changed(difference);
    this.#tell('serving', []);
  }

  #begin(stage: 'following the source' | 'serving what was saved', world: SourceChange): void {
    this.#stage = stage;
    // Whichever it is, it is not needed twice.
    this.#saved = undefined;
    this.#sink!.changed(world);
    this.#begun.resolve();
    if (stage === 'following the source') this.#tell('reading', []);
  }

  #tell(what: Matter, problems: readonly Problem[]): void {
    if (isDeepStrictEqual(this.#told.get(what) ?? [], problems)) return;
    this.#told.set(what, problems);
    this.#sink?.problems(`last good state: ${what}`, problems);
  }
}

/** What there may be a problem with. */
type Matter = 'reading' | 'serving' | 'saving';

function stale(path: string, at: number): Problem {
  return {
    code: 'source-stale',
    object: path,
    message: `The source has not been read yet; served is what was saved of it at ${new Date(at).toISOString()}.`,
    advice: 'What else is reported says why the source cannot be reached.',
  };
}

function unusable(path: string, reason: string): Problem {
  return {
    code: 'state-unusable',
    object: path,
    message: `The last good state cannot be used: ${reason}. Nothing is served until the source has been read.`,
    advice: 'Nothing need be done: the file is written anew as soon as the source has been read.',
  };
}
