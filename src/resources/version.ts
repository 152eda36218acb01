import { createHash } from 'node:crypto';

/**
 * The version of a resource: 16 hexadecimal digits of the SHA-256 of its bytes. The same bytes have the same version on
 * every replica and after every restart, so that a client that comes back is sent nothing that it already has.
 */
export function contentVersion(body: Uint8Array): string {
  return createHash('sha256').update(body).digest('hex').slice(0, 16);
}
