import type { Problem } from '../../problems.ts';
import { type Collection, describe, priceOf, rbacAdvice } from './collection.ts';

/** Why a request for a list or a watch came to nothing. */
export type Failure =
  /** An answer other than 200, or an ERROR event within a watch, which says the same. */
  | { readonly kind: 'refused'; readonly status: number; readonly reason: string; readonly retryAfterMs: number }
  /** No connection, or one that broke. */
  | { readonly kind: 'broken'; readonly reason: string }
  /** A connection on which nothing came any more. */
  | { readonly kind: 'silent'; readonly silenceMs: number }
  /** A watch that ended as soon as it had begun. */
  | { readonly kind: 'brief' }
  /** An answer that is no JSON, or not of the form that the Kubernetes API promises. */
  | { readonly kind: 'unreadable'; readonly excerpt: string };

export type Verb = 'list' | 'watch';

export class RequestFailure extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failureReason(failure));
    this.failure = failure;
  }
}

/** Whether the API server has no such right for us. */
export function isForbidden(failure: Failure): boolean {
  return failure.kind === 'refused' && failure.status === 403;
}

/** 410 Gone: the resourceVersion or the continue token is older than what the API server remembers. */
export function isExpired(failure: Failure): boolean {
  return failure.kind === 'refused' && failure.status === 410;
}

/** A Status object of the Kubernetes API as a failure. Anything else in its place costs only the reason's words. */
export function refusal(status: number, body: unknown, retryAfterSeconds = 0): Failure {
  const { message, reason } = (body ?? {}) as { message?: unknown; reason?: unknown };
  const words = [reason, message].filter((text) => typeof text === 'string' && text !== '').join(': ');
  return {
    kind: 'refused',
    status,
    reason: words.slice(0, 1000),
    retryAfterMs: retryAfterSeconds * 1000,
  };
}

/**
 * What to tell the operator while a collection cannot be read.
 *
 * @param since of the outage, milliseconds since the epoch.
 * @param listed whether the collection was read before, so that there is a last known state.
 */
export function unreachable(
  collection: Collection,
  verb: Verb,
  failure: Failure,
  since: number,
  listed: boolean,
): Problem {
  const time = new Date(since).toISOString();
  const dispensed = isForbidden(failure) && !listed;
  const meanwhile = listed
    ? 'What was last known of them stays in force.'
    : dispensed
      ? `What an earlier run has saved of them is in force; where it has not, ${priceOf(collection)}. All else goes on.`
      : 'Nothing is served until all that may be read has been listed once.';
  return {
    code: dispensed ? 'right-missing' : 'source-unreachable',
    object: originOf(collection),
    message: `Cannot ${verb} ${describe(collection)} since ${time}: ${failureReason(failure)}. ${meanwhile}`,
    advice: failureAdvice(collection, failure),
  };
}

/** The origin under which the problems of a collection are told. */
export function originOf(collection: Collection): string {
  return `watch ${describe(collection)}`;
}

function failureReason(failure: Failure): string {
  switch (failure.kind) {
    case 'refused':
      return `the API server answers ${failure.status}${failure.reason === '' ? '' : ` (${failure.reason})`}`;
    case 'broken':
      return failure.reason;
    case 'silent':
      return `the API server sent nothing for ${Math.round(failure.silenceMs / 1000)} s`;
    case 'brief':
      return 'the API server ends each watch as soon as it has begun';
    case 'unreadable':
      return `the API server's answer cannot be read: ${JSON.stringify(failure.excerpt)}`;
    default:
      return failure satisfies never;
  }
}

function failureAdvice(collection: Collection, failure: Failure): string {
  switch (failure.kind) {
    case 'refused':
      if (failure.status === 403) return rbacAdvice(collection);
      if (failure.status === 401) return 'Renew the token or the client certificate that the kubeconfig names.';
      if (failure.status === 429) return 'Shunt waits as long as the API server asks; see what else loads it.';
      return "See the API server's log.";
    case 'broken':
    case 'silent':
    case 'brief':
      return 'See whether the API server runs, and whether a proxy or firewall stands before it.';
    case 'unreadable':
      return "See whether the kubeconfig's `server` is a Kubernetes API server.";
    default:
      return failure satisfies never;
  }
}
