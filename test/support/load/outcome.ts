import type { EchoAnswer } from '../echo-message.ts';
import type { RequestKind } from './kind.ts';

/** What became of a request. */
export type Outcome =
  | {
      readonly kind: 'answer';
      readonly status: number;
      /** Of a gRPC request. */
      readonly grpcStatus?: string | undefined;
      /** Who served, as the gateway says in `x-shunt-served-by`; empty if it says nothing. */
      readonly servedBy: string;
      /**
       * What stands in place of an echo upstream's answer: the body or, of a gRPC request, the message of its status. Where
       * it is of Envoy's own making it says why, or nothing if there is no such route or cluster.
       */
      readonly said?: string | undefined;
      /** Absent if the body is none of an echo upstream. */
      readonly echo?: EchoAnswer | undefined;
    }
  | { readonly kind: 'connection'; readonly detail: string }
  | { readonly kind: 'timeout' };

/** Why a request has failed: an answer of the wrong status, no answer, or one by someone else or to something else. */
export type FailureKind = 'status' | 'connection' | 'timeout' | 'responder';

export interface Failure {
  readonly kind: FailureKind;
  /** What happened, in words. */
  readonly sentence: string;
}

/** Of the body of an answer that has failed, so many characters are told. */
const MOST_TOLD = 200;

/**
 * Holds an outcome against what its kind of request expects.
 *
 * @param answeredBy titles that may have answered, at any time between the request and its answer.
 */
export function judge(request: RequestKind, answeredBy: readonly string[], outcome: Outcome): Failure | undefined {
  switch (outcome.kind) {
    case 'connection':
      return { kind: 'connection', sentence: outcome.detail };
    case 'timeout':
      return { kind: 'timeout', sentence: 'no answer came' };
    case 'answer':
      return judgeAnswer(request, answeredBy, outcome);
    default:
      return outcome satisfies never;
  }
}

function judgeAnswer(
  { protocol, method, path, body }: RequestKind,
  answeredBy: readonly string[],
  { status, grpcStatus, servedBy, echo, said = '' }: Outcome & { kind: 'answer' },
): Failure | undefined {
  const told = `${JSON.stringify(said.slice(0, MOST_TOLD))} from ${servedBy || 'nobody'}`;
  if (status !== 200) return { kind: 'status', sentence: `status ${status}, ${told}` };
  if (protocol === 'gRPC' && grpcStatus !== '0')
    return { kind: 'status', sentence: `gRPC status ${grpcStatus}, ${told}` };
  if (echo === undefined) return { kind: 'responder', sentence: 'the answer is none of an echo upstream' };
  if (!answeredBy.includes(echo.title)) {
    return { kind: 'responder', sentence: `${echo.title} answered, not ${answeredBy.join(' or ')}` };
  }
  if (echo.method !== method || echo.path !== path || echo.bodyLength !== body.length) {
    const got = `${echo.method} ${echo.path} with ${echo.bodyLength} bytes`;
    return { kind: 'responder', sentence: `${echo.title} got ${got}, not ${method} ${path} with ${body.length}` };
  }
  return undefined;
}
