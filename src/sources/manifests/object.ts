import type { Problem } from '../../problems.ts';
import type { ObjectRef, SourceKind, SourceRecord } from '../source.ts';
import { readEndpointSlice } from './endpoint-slice.ts';
import { Fields, isMapping } from './fields.ts';
import { nameForMessages, readMetadata } from './metadata.ts';
import { readService } from './service.ts';

/** What one object of a manifest, a list or a watch says. */
export interface ObjectReading {
  /** The record; missing if the object is none of Shunt's kinds, or is wrong in a way that makes it unusable. */
  readonly record?: SourceRecord;
  /** Which object it is, if it is of Shunt's kinds and its name can be read; there also if the rest of it is wrong. */
  readonly ref?: ObjectRef;
  readonly problems: readonly Problem[];
}

/**
 * Maps an object as the Kubernetes API and manifests write it (`apiVersion` and `kind` included) to a deeply frozen record.
 * Every kind but Service (v1) and EndpointSlice (discovery.k8s.io/v1) is passed over in silence.
 *
 * @param place `file:line` of the object, for messages.
 */
export function readObject(object: unknown, place?: string): ObjectReading {
  if (!isMapping(object)) return { problems: [] };
  const kind = kindOf(object);
  if (kind === undefined) return { problems: [] };
  const fields = new Fields(nameForMessages(kind, object), place);
  const metadata = readMetadata(fields, kind, object);
  if (metadata === undefined) return { problems: fields.problems };
  const read = kind === 'Service' ? readService : readEndpointSlice;
  const record = read(fields, metadata, object, place);
  return { ...(record === undefined ? {} : { record }), ref: metadata.ref, problems: fields.problems };
}

function kindOf(object: Readonly<Record<string, unknown>>): SourceKind | undefined {
  if (object.apiVersion === 'v1' && object.kind === 'Service') return 'Service';
  if (object.apiVersion === 'discovery.k8s.io/v1' && object.kind === 'EndpointSlice') return 'EndpointSlice';
  return undefined;
}
