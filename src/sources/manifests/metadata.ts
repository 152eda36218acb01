import { quote } from '../../problems.ts';
import type { ObjectRef, SourceKind } from '../source.ts';
import { type Fields, isMapping } from './fields.ts';
import { labelAdvice, subdomainAdvice } from './names.ts';

/** Labels and annotations of this prefix are Shunt's; no other is kept. */
const OWN_PREFIX = 'shunt.dev/';

export interface Metadata {
  readonly ref: ObjectRef;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly service: string | undefined;
  readonly createdAt: number | undefined;
}

/** The object as messages name it, from whatever of its name can be read. */
export function nameForMessages(kind: SourceKind, object: Readonly<Record<string, unknown>>): string {
  const metadata = isMapping(object.metadata) ? object.metadata : {};
  const part = (value: unknown, fallback: string) =>
    value === undefined || value === null ? fallback : typeof value === 'string' ? value.slice(0, 253) : quote(value);
  return `${kind} ${part(metadata.namespace, 'default')}/${part(metadata.name, '(no name)')}`;
}

/** Reads `metadata`; `undefined` if the object has no usable name. */
export function readMetadata(
  fields: Fields,
  kind: SourceKind,
  object: Readonly<Record<string, unknown>>,
): Metadata | undefined {
  const metadata = fields.mapping(object.metadata, 'metadata') ?? {};
  const name = fields.string(metadata.name, 'metadata.name', kind === 'Service' ? labelAdvice : subdomainAdvice);
  if (metadata.name === undefined || metadata.name === null) {
    fields.refuse('metadata.name', metadata.name, `Write the name of the ${kind}.`);
  }
  const namespace = fields.string(metadata.namespace, 'metadata.namespace', labelAdvice);
  const namespaceIsWrong = namespace === undefined && metadata.namespace !== undefined && metadata.namespace !== null;
  const labels = strings(fields, metadata.labels, 'metadata.labels');
  const annotations = strings(fields, metadata.annotations, 'metadata.annotations');
  const createdAt = timestamp(fields, metadata.creationTimestamp, 'metadata.creationTimestamp');
  if (name === undefined || namespaceIsWrong) return undefined;
  return {
    ref: Object.freeze({ kind, namespace: namespace ?? 'default', name }),
    labels: own(labels),
    annotations: own(annotations),
    service: labels.get('kubernetes.io/service-name'),
    createdAt,
  };
}

function strings(fields: Fields, value: unknown, path: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const [key, text] of Object.entries(fields.mapping(value, path) ?? {})) {
    const at = `${path}[${JSON.stringify(key)}]`;
    if (typeof text === 'string') found.set(key, text);
    else if (text === null) fields.refuse(at, text, 'Write a value, "" for an empty one, or leave the line out.');
    else fields.string(text, at);
  }
  return found;
}

/** In the order of their keys, so that equal sets make equal records however they were written. */
function own(all: ReadonlyMap<string, string>): Readonly<Record<string, string>> {
  const entries = [...all].filter(([key]) => key.startsWith(OWN_PREFIX));
  return Object.freeze(Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1))));
}

/** RFC 3339, as the Kubernetes API writes it. */
const TIMESTAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

function timestamp(fields: Fields, value: unknown, path: string): number | undefined {
  const text = fields.string(value, path, (written) =>
    TIMESTAMP.test(written) && !Number.isNaN(Date.parse(written))
      ? undefined
      : 'Write a time such as "2026-01-31T12:00:00Z", or leave the line out.',
  );
  return text === undefined ? undefined : Date.parse(text);
}
