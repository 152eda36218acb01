/**
 * The xDS protocol: who is sent what, in which order, and what they said of it. Knows nothing of what resources mean.
 *
 * This is all of the library `shunt/xds`; docs/xds-library.md is its manual.
 */
export {
  any,
  duration,
  type Json,
  type MessageName,
  type MessageTypes,
  struct,
  typeUrl,
  typeUrls,
} from '../protos/index.ts';
export {
  type AnyBytes,
  type ChangedNames,
  type Changes,
  contentVersion,
  type Resource,
  type ResourceName,
  type ResourceOptions,
  ResourceStore,
  type ResourceUpdate,
  resourceOf,
  resourceOfAny,
  type TableUpdate,
  type View,
} from '../resources/index.ts';
export type { ClientStatus, TypeStatus, XdsEvent } from './events.ts';
export type { XdsLimits } from './limits.ts';
export type { Node } from './node.ts';
export type { NamedVersion, Refusal, Variant } from './protocol.ts';
export type { StreamReport } from './report.ts';
export { createXdsServer, type XdsServer, type XdsServerOptions } from './server.ts';
export type { CertificateFiles, ClientPolicy, Identity, TlsOptions } from './trust/index.ts';
