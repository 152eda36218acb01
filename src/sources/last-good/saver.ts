import type { Problem } from '../../problems.ts';

export interface SaverOptions {
  /** Writes what there is at the time of the call. */
  readonly write: () => Promise<void>;
  /** What the last attempt came to: nothing, or the reason why it failed. */
  readonly attempted: (failure: string | undefined) => void;
  /** How long changes are gathered, and the least time between two attempts, in milliseconds. */
  readonly pauseMs: number;
}

/** Writes after changes, one write at a time and no more often than it should. One that fails is tried again. */
export class Saver {
  readonly #options: SaverOptions;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();
  #due = false;

  constructor(options: SaverOptions) {
    this.#options = options;
  }

  changed(): void {
    this.#due = true;
    this.#timer ??= setTimeout(() => this.#save(), this.#options.pauseMs).unref();
  }

  /** Writes what is still to be written. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#writing;
    // A write that failed has begun to wait once more.
    clearTimeout(this.#timer);
    if (this.#due) await this.#attempt();
    clearTimeout(this.#timer);
  }

  #save(): void {
    this.#writing = this.#attempt().finally(() => {
      this.#timer = undefined;
      if (this.#due) this.changed();
    });
  }

  async #attempt(): Promise<void> {
    this.#due = false;
    try {
      await this.#options.write();
      this.#options.attempted(undefined);
    } catch (error) {
      this.#due = true;
      this.#options.attempted((error as Error).message);
    }
  }
}

/** What to tell the operator while the file cannot be written. */
export function unsaved(path: string, failure: string): Problem {
  return {
    code: 'state-unsaved',
    object: path,
    message: `The last good state cannot be saved: ${failure}. What was saved before stays.`,
    advice: 'Make room, or the folder writable, or name another file with --last-good.',
  };
}
