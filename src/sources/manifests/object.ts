import type { Problem } from '../../problems.ts';
import type { ObjectRef, SourceKind, SourceRecord } from '../source.ts';
import { readEndpointSlice } from './endpoint-slice.ts';
import { Fields, isMapping } from './fields.ts';
import { nameForMessages, readMetadata } from './metadata.ts';
import { POD_LABEL, readPod } from './pod.ts';
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
 * Every kind but Service (v1), Pod (v1) and EndpointSlice (discovery.k8s.io/v1) is passed over in silence, and so are Pods
 * without the label that says what they intercept.
 *
 * @param place `file:line` of the object, for messages.
 */
export function readObject(object: unknown, place?: string): ObjectReading {
  if (!isMapping(object)) return { problems: [] };
  const kind = kindOf(object);
  if (kind === undefined) return { problems: [] };
  const fields = new Fields(nameForMessages(kind, object), place);
  if (object.apiVersion !== API_VERSIONS[kind]) {
    fields.refuse('apiVersion', object.apiVersion, `Write ${API_VERSIONS[kind]}.`);
    return { problems: fields.problems };
  }
  const metadata = readMetadata(fields, kind, object);
  if (metadata === undefined) return { problems: fields.problems };
  const record = READERS[kind](fields, metadata, object, place);
  return { ...(record === undefined ? {} : { record }), ref: metadata.ref, problems: fields.problems };
}

const API_VERSIONS: Readonly<Record<SourceKind, string>> = {
  Service: 'v1',
  EndpointSlice: 'discovery.k8s.io/v1',
  Pod: 'v1',
};

const READERS = { Service: readService, EndpointSlice: readEndpointSlice, Pod: readPod } as const;

function isLabelled({ metadata }: Readonly<Record<string, unknown>>): boolean {
  return isMapping(metadata) && isMapping(metadata.labels) && POD_LABEL in metadata.labels;
}

/** Ours, or meant to be: no apiVersion at all, or an old one of the same group. Other groups have Services of their own. */
function kindOf(object: Readonly<Record<string, unknown>>): SourceKind | undefined {
  const { kind, apiVersion } = object;
  if (kind !== 'Service' && kind !== 'EndpointSlice' && !(kind === 'Pod' && isLabelled(object))) return undefined;
  if (apiVersion === undefined || apiVersion === null || apiVersion === API_VERSIONS[kind]) return kind;
  return kind === 'EndpointSlice' && `${apiVersion}`.startsWith('discovery.k8s.io/') ? kind : undefined;
}
