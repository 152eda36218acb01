import { status } from '@grpc/grpc-js';
import type { Node } from '../node.ts';
import type { Identity } from './identity.ts';

/** Who may connect, and as whom. Asked only of clients whose certificate was verified. */
export interface ClientPolicy {
  /** Why a client with these identities may not connect: a sentence; undefined if it may. */
  refuseConnection(identities: readonly Identity[]): string | undefined;
  /** Why it may not be this node, with this metadata: a sentence; undefined if it may. */
  refuseClaim(identities: readonly Identity[], node: Node): string | undefined;
}

/** The end of a client's call, with the reason. */
export interface Refusal {
  readonly code: typeof status.UNAUTHENTICATED | typeof status.PERMISSION_DENIED;
  readonly sentence: string;
}

/** Not known who it is. https://grpc.io/docs/guides/status-codes/ */
export function unauthenticated(sentence: string): Refusal {
  return { code: status.UNAUTHENTICATED, sentence };
}

/** Known, but not allowed. */
export function denied(sentence: string): Refusal {
  return { code: status.PERMISSION_DENIED, sentence };
}
