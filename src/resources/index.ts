/** Encoded resources, their versions, and the store that says what changed. Knows nothing of what they mean. */
export { Digest } from './digest.ts';
export { type AnyBytes, type ResourceOptions, resourceOf, resourceOfAny } from './make.ts';
export type { Resource, ResourceName } from './resource.ts';
export { type ChangedNames, type Changes, ResourceStore, type ResourceUpdate, type View } from './store.ts';
export type { TableUpdate } from './table.ts';
export { contentVersion } from './version.ts';
export { deltaPrefix, emptyEntry, sotwPrefix } from './wire.ts';
