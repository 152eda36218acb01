import type { LoadProtocol, RequestKind } from './kind.ts';
import type { Failure, FailureKind } from './outcome.ts';

export interface KindReport {
  readonly name: string;
  readonly protocol: LoadProtocol;
  readonly method: RequestKind['method'];
  readonly sent: number;
  readonly ok: number;
  readonly failed: Readonly<Record<FailureKind, number>>;
  /** From the moment at which a request was due, in milliseconds; for information. */
  readonly p50: number;
  readonly p99: number;
  /** The first few failures. */
  readonly failures: readonly ToldFailure[];
}

/** A failed request, so that it can be looked for elsewhere. */
export interface ToldFailure {
  /** What its header `x-load-request` said. */
  readonly request: string;
  /** When it was sent, in milliseconds since the epoch. */
  readonly sentAt: number;
  /** What happened, in words. */
  readonly sentence: string;
}

/** How many failures of a kind a report tells in words. */
const TOLD = 3;

/** Counts what became of the requests of one kind. */
export class Tally {
  readonly #kind: RequestKind;
  readonly #failed: Record<FailureKind, number> = { status: 0, connection: 0, timeout: 0, responder: 0 };
  readonly #failures: ToldFailure[] = [];
  readonly #latencies: number[] = [];
  #sent = 0;
  #ok = 0;

  constructor(kind: RequestKind) {
    this.#kind = kind;
  }

  sent(): void {
    this.#sent += 1;
  }

  /**
   * @param request what its header `x-load-request` said.
   * @param dueMs when the request was due, since the load began.
   * @param answeredMs when its outcome was known, likewise.
   */
  settled(failure: Failure | undefined, request: string, dueMs: number, answeredMs: number): void {
    this.#latencies.push(answeredMs - dueMs);
    if (failure === undefined) {
      this.#ok += 1;
      return;
    }
    this.#failed[failure.kind] += 1;
    if (this.#failures.length === TOLD) return;
    const sentAt = Math.round(Date.now() - (answeredMs - dueMs));
    this.#failures.push({ request, sentAt, sentence: `at ${Math.round(dueMs)} ms: ${failure.sentence}` });
  }

  report(): KindReport {
    const { name, protocol, method } = this.#kind;
    const sorted = this.#latencies.toSorted((a, b) => a - b);
    const quantile = (share: number) => sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
    return {
      name,
      protocol,
      method,
      sent: this.#sent,
      ok: this.#ok,
      failed: { ...this.#failed },
      p50: quantile(0.5),
      p99: quantile(0.99),
      failures: [...this.#failures],
    };
  }
}
