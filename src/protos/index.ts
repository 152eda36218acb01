/**
 * The xDS messages: their types, their bytes, their JSON, and the services that carry them. The definitions are in
 * `protos/`, Shunt's own wire-compatible subset of Envoy's API; `npm run generate` makes the types from them.
 */
export { any, decode, encode, typeUrl, typeUrls } from './codec.ts';
export { fileDescriptorOf, fileDescriptors } from './descriptors.ts';
export { fromJson, toJson } from './json.ts';
export type { DecodedTypes, MessageName, MessageTypes } from './messages.ts';
export { type DiscoveryService, discoveryServices } from './services.ts';
export { type Split, splitField } from './split.ts';
export { bool, double, duration, type Json, struct, timestamp, uint32 } from './values.ts';
