import { http1Sender } from './http1.ts';
import { http2Sender } from './http2.ts';
import type { LoadProtocol, RequestKind } from './kind.ts';
import { judge } from './outcome.ts';
import { type LoadReport, summarise } from './report.ts';
import { Schedule } from './schedule.ts';
import type { Sender } from './sender.ts';
import { Tally } from './tally.ts';

export interface LoadOptions {
  /** Of the gateway, on 127.0.0.1. */
  readonly port: number;
  /** They take turns. */
  readonly kinds: readonly RequestKind[];
  /** Of all kinds together. Default: 600. */
  readonly perSecond?: number;
  /** A request without an answer for this long has failed. Default: 10 s, so that a busy machine is no failure. */
  readonly timeoutMs?: number;
}

const DEFAULT_PER_SECOND = 600;
const DEFAULT_TIMEOUT_MS = 10_000;

/** Finer than the time between two requests at the usual rates, so that these go one by one. */
const TICK_MS = 1;

/** The header that tells one request of a load from another, so that access logs can be searched for it. */
export const LOAD_REQUEST = 'x-load-request';

/** Sends requests to a schedule that knows nothing of the answers: an open loop. Runs in a thread of its own. */
export class Generator {
  readonly #kinds: readonly RequestKind[];
  readonly #tallies: readonly Tally[];
  /** Who may answer, one list after another; the last holds. */
  readonly #answeredBy: ReadonlyMap<RequestKind, (readonly string[])[]>;
  readonly #senders: Readonly<Record<LoadProtocol, Sender>>;
  readonly #schedule: Schedule;
  readonly #started = performance.now();
  readonly #ticking: NodeJS.Timeout;
  readonly #outstanding = new Set<Promise<void>>();
  #waiting: { readonly settled: number; readonly resolve: () => void }[] = [];
  /** Loads on one gateway differ in it. */
  readonly #name = Math.random().toString(36).slice(2, 6);
  #sent = 0;
  #settled = 0;
  #longestDelay = 0;

  constructor({ port, kinds, perSecond = DEFAULT_PER_SECOND, timeoutMs = DEFAULT_TIMEOUT_MS }: LoadOptions) {
    this.#kinds = kinds;
    this.#tallies = kinds.map((kind) => new Tally(kind));
    this.#answeredBy = new Map(kinds.map((kind) => [kind, [kind.answeredBy]]));
    const http2 = http2Sender(port, timeoutMs);
    // gRPC has a connection of its own, as a gRPC client does.
    this.#senders = { 'HTTP/1.1': http1Sender(port, timeoutMs), 'HTTP/2': http2, gRPC: http2Sender(port, timeoutMs) };
    this.#schedule = new Schedule(perSecond, this.#started);
    this.#ticking = setInterval(() => this.#sendDue(), TICK_MS);
  }

  /** From now on others may answer the requests of every kind with this name. Those under way may still be answered by those before. */
  expect(name: string, answeredBy: readonly string[]): void {
    for (const kind of this.#kinds) if (kind.name === name) this.#answeredBy.get(kind)!.push(answeredBy);
  }

  /** Settles when so many requests more have an outcome. */
  settle(count: number): Promise<void> {
    return new Promise((resolve) => this.#waiting.push({ settled: this.#settled + count, resolve }));
  }

  /** Sends what is due, waits for what is outstanding (each request has its time limit), and tells all. */
  async stop(): Promise<LoadReport> {
    clearInterval(this.#ticking);
    const stopped = this.#sendDue();
    await Promise.all(this.#outstanding);
    for (const sender of Object.values(this.#senders)) sender.close();
    const seconds = (stopped - this.#started) / 1_000;
    return summarise(
      this.#tallies.map((tally) => tally.report()),
      seconds,
      this.#longestDelay,
    );
  }

  #sendDue(): number {
    const now = performance.now();
    for (const due of this.#schedule.take(now)) {
      this.#longestDelay = Math.max(this.#longestDelay, now - due);
      const request = `${this.#name}-${this.#sent}`;
      const underWay = this.#send(this.#sent % this.#kinds.length, request, due).finally(() =>
        this.#outstanding.delete(underWay),
      );
      this.#outstanding.add(underWay);
      this.#sent += 1;
    }
    return now;
  }

  async #send(index: number, request: string, due: number): Promise<void> {
    const kind = this.#kinds[index]!;
    const tally = this.#tallies[index]!;
    const lists = this.#answeredBy.get(kind)!;
    const since = lists.length - 1;
    tally.sent();
    const outcome = await this.#senders[kind.protocol].send({
      ...kind,
      headers: { ...kind.headers, [LOAD_REQUEST]: request },
    });
    const answeredBy = [...new Set(lists.slice(since).flat())];
    const failure = judge(kind, answeredBy, outcome);
    tally.settled(failure, request, due - this.#started, performance.now() - this.#started);
    this.#settled += 1;
    const reached = this.#waiting.filter(({ settled }) => settled <= this.#settled);
    if (reached.length === 0) return;
    this.#waiting = this.#waiting.filter(({ settled }) => settled > this.#settled);
    for (const { resolve } of reached) resolve();
  }
}
