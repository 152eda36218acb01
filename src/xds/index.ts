/** The xDS protocol: who is sent what, in which order, and what they said of it. Knows nothing of what resources mean. */
export type { ClientStatus, TypeStatus, XdsEvent } from './events.ts';
export type { Node } from './node.ts';
export type { NamedVersion, Refusal } from './protocol.ts';
export { createXdsServer, type XdsLimits, type XdsServer, type XdsServerOptions } from './server.ts';
export type { CertificateFiles, ClientPolicy, Identity, TlsOptions } from './trust/index.ts';
