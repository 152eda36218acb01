export { MAX_MANIFEST_BYTES } from './documents.ts';
export { type ManifestReading, readManifest, unreadable } from './manifest.ts';
export { type Address, readAddress, unbracketed } from './names.ts';
export { type ObjectReading, readObject } from './object.ts';
export { POD_LABEL } from './pod.ts';
