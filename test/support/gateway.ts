import { setTimeout as pause } from 'node:timers/promises';
import type { TestEnvoy } from './envoy.ts';
import { http1Sender } from './load/http1.ts';
import { http2Sender } from './load/http2.ts';
import { type RequestKind, requestKind } from './load/kind.ts';
import type { Outcome } from './load/outcome.ts';

/** What came back: who answered, and what that upstream saw. */
export interface GatewayAnswer {
  readonly status: number;
  /** The upstream, as it says itself; undefined if none answered. */
  readonly title: string | undefined;
  /** The upstream, as the gateway says in `x-shunt-served-by`. */
  readonly servedBy: string;
  /** Headers as the upstream saw them. */
  readonly seen: Readonly<Record<string, string>>;
  readonly path: string | undefined;
  /** What stands in place of an upstream's answer: the body or, of a gRPC request, the message of its status. */
  readonly said: string | undefined;
  /** Of a gRPC request. */
  readonly grpcStatus: string | undefined;
}

export interface Question {
  /** The Host or `:authority`. */
  readonly host: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly path?: string;
  /** Default: HTTP/1.1. */
  readonly protocol?: RequestKind['protocol'];
  readonly method?: RequestKind['method'];
  readonly body?: string;
}

const PATIENCE_MS = 10_000;

/** Asks services through a gateway, one question after another. */
export class Gateway {
  readonly #envoy: TestEnvoy;
  readonly #http1;
  readonly #http2;

  constructor(envoy: TestEnvoy, port: number) {
    this.#envoy = envoy;
    this.#http1 = http1Sender(port, PATIENCE_MS);
    this.#http2 = http2Sender(port, PATIENCE_MS);
  }

  /** @throws if there is no answer, of whatever status. */
  async ask({ host, protocol = 'HTTP/1.1', ...rest }: Question): Promise<GatewayAnswer> {
    const request = requestKind({ name: '', protocol, authority: host, answeredBy: [], ...rest });
    const outcome = await (protocol === 'HTTP/1.1' ? this.#http1 : this.#http2).send(request);
    if (outcome.kind !== 'answer') throw new Error(`${host} gave no answer: ${inWords(outcome)}`);
    const { status, servedBy, echo, said, grpcStatus } = outcome;
    return { status, servedBy, title: echo?.title, seen: echo?.headers ?? {}, path: echo?.path, said, grpcStatus };
  }

  /** Titles of those who answer the question when it is asked so many times. */
  async titles(question: Question, times: number): Promise<ReadonlySet<string | undefined>> {
    const titles = new Set<string | undefined>();
    for (let time = 0; time < times; time++) titles.add((await this.ask(question)).title);
    return titles;
  }

  /**
   * Asks until this upstream answers: an Envoy acknowledges a change a moment before its worker has it, and nothing tells
   * of that. With one worker, an answer proves the change for all that follow.
   */
  async untilAnsweredBy(title: string, question: Question): Promise<void> {
    await this.#until(question, (answer) => answer.status === 200 && answer.title === title, `not by ${title}`);
  }

  /** Likewise, until the gateway answers with this status. */
  async untilStatus(status: number, question: Question): Promise<void> {
    await this.#until(question, (answer) => answer.status === status, `not with ${status}`);
  }

  async #until(question: Question, wanted: (answer: GatewayAnswer) => boolean, missing: string): Promise<void> {
    let ended = false;
    void this.#envoy.ended.then(() => {
      ended = true;
    });
    let last = await this.ask(question);
    for (let tries = 1; !wanted(last); tries++) {
      if (ended) throw new Error('The Envoy has ended.');
      if (tries === ATTEMPTS) {
        throw new Error(`${question.host} is still answered by ${last.title} with ${last.status}, ${missing}.`);
      }
      await pause(2);
      last = await this.ask(question);
    }
  }

  close(): void {
    this.#http1.close();
    this.#http2.close();
  }
}

/** Ten seconds' worth, and more on a busy machine. */
const ATTEMPTS = 4_000;

function inWords(outcome: Exclude<Outcome, { kind: 'answer' }>): string {
  return outcome.kind === 'timeout' ? 'none in time' : outcome.detail;
}
