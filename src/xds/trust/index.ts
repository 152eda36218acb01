/** Who may connect to an xDS server: TLS and mutual TLS, with certificates that may change at any time. */

export type { CertificateTiming } from './certificate-watch.ts';
export type { CertificateFiles } from './certificates.ts';
export { claimable, judgeClaim } from './claim.ts';
export type { Identity } from './identity.ts';
export { peerOf } from './peer.ts';
export type { ClientPolicy, Refusal } from './policy.ts';
export { RefusalLog } from './refusal-log.ts';
export { TlsListener, type TlsOptions } from './tls-listener.ts';
