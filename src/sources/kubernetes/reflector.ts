import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import type { Problem } from '../../problems.ts';
import type { SourceChange, SourceRecord } from '../source.ts';
import type { Get } from './api.ts';
import { type Collection, describe, requestPath } from './collection.ts';
import { type Backoff, Contact } from './contact.ts';
import { type Failure, isForbidden, originOf, RequestFailure, unreachable, type Verb } from './failure.ts';
import { linesOf } from './lines.ts';
import { readList } from './list.ts';
import { Store } from './store.ts';
import { readWatchEvent } from './watch-event.ts';

export interface Timing {
  readonly backoff: Backoff;
  /** For how long a watch is asked for, seconds; each for a time at random between the two. */
  readonly watchSeconds: { readonly least: number; readonly most: number };
  /** How long a watch may bring nothing, not even a bookmark. */
  readonly quietMs: number;
  /** How long the answer to a watch may take to begin. */
  readonly watchAnswerMs: number;
  /** How long the answer to a list may take to begin, and to go on. */
  readonly listAnswerMs: number;
  /** A watch that is open for so long, or has brought an event, is no failure. */
  readonly steadyMs: number;
}

export const DEFAULT_TIMING: Timing = {
  backoff: { firstMs: 200, longestMs: 30_000 },
  watchSeconds: { least: 240, most: 480 },
  // An API server sends a bookmark each minute to watches that ask for them. From one that does not, another watch in its
  // place costs little, and finds out whether it hangs: nothing else would tell, as its system acknowledges what is sent.
  quietMs: 75_000,
  // It answers at once, without anything to send.
  watchAnswerMs: 20_000,
  // An API server ends other requests than watches after this time (its --request-timeout).
  listAnswerMs: 60_000,
  steadyMs: 1_000,
};

export interface ReflectorOptions {
  readonly collection: Collection;
  readonly get: Get;
  /** A true difference from what was known. */
  readonly changed: (change: SourceChange) => void;
  /** The whole collection was listed, and `changed` was told how it differs. */
  readonly listed: () => void;
  /** There is no right to list it, which never was; called once. It is tried again all the same. */
  readonly denied: () => void;
  readonly problems: (origin: string, problems: readonly Problem[]) => void;
  readonly log: Pick<Logger, 'debug'>;
  readonly timing?: Timing | undefined;
  /** Resolves after so many milliseconds; rejects if the signal is aborted. */
  readonly wait?: ((ms: number, signal: AbortSignal) => Promise<unknown>) | undefined;
}

/**
 * How often in a row a right is missing before it counts as missing: an API server that has just started does not know all
 * bindings yet, and says 403 meanwhile. With the pauses in between about 1 s.
 */
const DENIALS = 4;

/**
 * Keeps the last known state of one collection: lists it, then watches from the list's resourceVersion on, and lists anew
 * when that has expired. One request at a time; whatever fails is tried again for ever, after a growing pause, and what
 * was last known stays.
 */
export class Reflector {
  readonly #options: ReflectorOptions;
  readonly #timing: Timing;
  readonly #contact: Contact;
  readonly #store = new Store();
  readonly #stopping = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #resourceVersion: string | undefined;
  #listed = false;
  #denials = 0;
  #outage: Problem | undefined;
  /** Of which outage and which of the store's problems was told last. */
  #told: { readonly outage: Problem | undefined; readonly problemsVersion: number } = {
    outage: undefined,
    problemsVersion: 0,
  };

  constructor(options: ReflectorOptions) {
    this.#options = options;
    this.#timing = options.timing ?? DEFAULT_TIMING;
    this.#contact = new Contact(this.#timing.backoff);
  }

  records(): readonly SourceRecord[] {
    return this.#store.records();
  }

  /** Takes what an earlier run knew for what is known; a list then says how it differs. */
  assume(records: readonly SourceRecord[]): void {
    this.#store.assume(records);
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Resolves when nothing is under way any more. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      const verb: Verb = this.#resourceVersion === undefined ? 'list' : 'watch';
      try {
        if (verb === 'list') await this.#list();
        else await this.#watch();
      } catch (error) {
        if (this.#stopping.signal.aborted) return;
        if (!(error instanceof RequestFailure)) throw error;
        await this.#failed(verb, error.failure);
      }
    }
  }

  async #list(): Promise<void> {
    const { collection, get, changed, listed, log } = this.#options;
    const silence = { answerMs: this.#timing.listAnswerMs, bodyMs: this.#timing.listAnswerMs };
    const signal = this.#stopping.signal;
    const list = await readList(collection, (path) => get(path, silence, signal));
    log.debug({ count: list.entries.length, resourceVersion: list.resourceVersion }, `listed ${describe(collection)}`);
    this.#resourceVersion = list.resourceVersion;
    this.#listed = true;
    const change = this.#store.replace(list.entries);
    this.#tellProblems();
    if (change !== undefined) changed(change);
    listed();
  }

  async #watch(): Promise<void> {
    const { collection, get, log } = this.#options;
    const { watchSeconds, quietMs, watchAnswerMs, steadyMs } = this.#timing;
    const seconds = Math.round(watchSeconds.least + Math.random() * (watchSeconds.most - watchSeconds.least));
    const path = requestPath(collection, {
      watch: 'true',
      resourceVersion: this.#resourceVersion!,
      allowWatchBookmarks: 'true',
      timeoutSeconds: `${seconds}`,
    });
    const body = await get(path, { answerMs: watchAnswerMs, bodyMs: quietMs }, this.#stopping.signal);
    let steady = false;
    const becomesSteady = () => {
      if (steady) return;
      steady = true;
      this.#held();
    };
    const timer = setTimeout(becomesSteady, steadyMs);
    try {
      for await (const line of linesOf(body)) {
        this.#take(line);
        becomesSteady();
      }
    } finally {
      clearTimeout(timer);
    }
    if (!steady) throw new RequestFailure({ kind: 'brief' });
    log.debug({ resourceVersion: this.#resourceVersion }, `watch of ${describe(collection)} ended in its time`);
  }

  #take(line: string): void {
    const event = readWatchEvent(this.#options.collection.kind, line);
    this.#resourceVersion = event.resourceVersion;
    if (event.type === 'bookmark') return;
    const change = event.type === 'put' ? this.#store.put(event.entry) : this.#store.remove(event.ref);
    this.#tellProblems();
    if (change !== undefined) this.#options.changed(change);
  }

  #held(): void {
    this.#contact.held();
    this.#outage = undefined;
    this.#tellProblems();
  }

  async #failed(verb: Verb, failure: Failure): Promise<void> {
    const { collection, log, wait = pause } = this.#options;
    const retry = this.#contact.failed(failure, Date.now());
    log.debug({ failure, retryAfterMs: Math.round(retry.afterMs) }, `cannot ${verb} ${describe(collection)}`);
    if (retry.relist) this.#resourceVersion = undefined;
    if (retry.tell) {
      this.#outage = unreachable(collection, verb, failure, this.#contact.since, this.#listed);
      this.#tellProblems();
    }
    if (!this.#listed) this.#countDenial(failure);
    await wait(retry.afterMs, this.#stopping.signal).catch((error: unknown) => {
      if (!this.#stopping.signal.aborted) throw error;
    });
  }

  #countDenial(failure: Failure): void {
    this.#denials = isForbidden(failure) ? this.#denials + 1 : 0;
    if (this.#denials === DENIALS) this.#options.denied();
  }

  #tellProblems(): void {
    const { problemsVersion } = this.#store;
    const outage = this.#outage;
    if (problemsVersion === this.#told.problemsVersion && isDeepStrictEqual(outage, this.#told.outage)) return;
    this.#told = { outage, problemsVersion };
    const problems = [...(outage === undefined ? [] : [outage]), ...this.#store.problems()];
    this.#options.problems(originOf(this.#options.collection), problems);
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return delay(ms, undefined, { signal });
}
