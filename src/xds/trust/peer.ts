import type { ServerInterceptingCallInterface } from '@grpc/grpc-js';
import { addressOfCall } from '../address.ts';
import type { Peer } from '../guard/index.ts';
import { holderOf, identitiesOf } from './identity.ts';
import type { TlsOptions } from './tls-listener.ts';

/**
 * Whose streams count together: those of one identity where certificates tell, since an address can be that of many,
 * and those of one address otherwise.
 */
export function peerOf(
  tls: TlsOptions | undefined,
  call: Pick<ServerInterceptingCallInterface, 'getPeer' | 'getAuthContext'>,
): Peer {
  const certificate = tls?.files.ca === undefined ? undefined : call.getAuthContext().sslPeerCertificate;
  if (certificate !== undefined) {
    const names = identitiesOf(certificate).map(({ kind, name }) => `${kind} ${name}`);
    const key = names.length > 0 ? names : Object.entries(certificate.subject ?? {});
    return { key: `identity ${JSON.stringify(key)}`, words: `the identity ${holderOf(certificate)}` };
  }
  const address = addressOfCall(call) ?? 'unknown';
  return { key: `address ${address}`, words: `the address ${address}` };
}
