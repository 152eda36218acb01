import type { ServerDuplexStream, ServerUnaryCall } from '@grpc/grpc-js';
import { addressOfCall } from '../address.ts';
import type { Node } from '../node.ts';
import { identitiesOf } from './identity.ts';
import { denied, type Refusal, unauthenticated } from './policy.ts';
import type { RefusalLog } from './refusal-log.ts';
import type { TlsOptions } from './tls-listener.ts';

/** Why the caller may not be this node; undefined if it may. Refusals are logged. */
export function judgeClaim(
  tls: TlsOptions | undefined,
  call: ServerDuplexStream<unknown, unknown>,
  node: Node,
  refusals: RefusalLog,
): Refusal | undefined {
  if (tls?.files.ca === undefined || tls.policy === undefined) return undefined;
  const certificate = call.getAuthContext().sslPeerCertificate;
  // Only a connection that is closing has none: others were handed on with it.
  if (certificate === undefined) return unauthenticated('The connection has no client certificate any more.');
  const why = tls.policy.refuseClaim(identitiesOf(certificate), node);
  if (why === undefined) return undefined;
  refusals.tell(addressOfCall(call), why);
  return denied(why);
}

/** Which nodes the caller may be. Not knowing who it is, it may be none. */
export function claimable(
  tls: TlsOptions | undefined,
  call: ServerDuplexStream<unknown, unknown> | ServerUnaryCall<unknown, unknown>,
): (node: Node) => boolean {
  const policy = tls?.files.ca === undefined ? undefined : tls.policy;
  if (policy === undefined) return () => true;
  const certificate = call.getAuthContext().sslPeerCertificate;
  if (certificate === undefined) return () => false;
  const identities = identitiesOf(certificate);
  return (node) => policy.refuseClaim(identities, node) === undefined;
}
