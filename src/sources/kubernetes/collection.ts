import { POD_LABEL } from '../manifests/index.ts';
import type { ObjectRef, SourceKind } from '../source.ts';

/** What one reflector lists and watches: the objects of a kind, in a namespace or in all of them. */
export interface Collection {
  readonly kind: SourceKind;
  /** `undefined`: every namespace. */
  readonly namespace: string | undefined;
}

interface Resource {
  /** API group, empty for the core group; and the name under which RBAC knows the kind. */
  readonly group: string;
  readonly plural: string;
  readonly apiVersion: string;
  /** Leaves out objects that can never make a record. */
  readonly labelSelector?: string;
}

const RESOURCES: Readonly<Record<SourceKind, Resource>> = {
  Service: { group: '', plural: 'services', apiVersion: 'v1' },
  EndpointSlice: {
    group: 'discovery.k8s.io',
    plural: 'endpointslices',
    apiVersion: 'discovery.k8s.io/v1',
    // A slice without this label belongs to no Service, which is legitimate and nobody's mistake.
    labelSelector: 'kubernetes.io/service-name',
  },
  // Of all Pods of a cluster, those few that are previews.
  Pod: { group: '', plural: 'pods', apiVersion: 'v1', labelSelector: POD_LABEL },
};

/** What is missing while a collection may not be read, and nothing is known of it. */
export function priceOf({ kind }: Collection): string {
  switch (kind) {
    case 'Service':
      return 'nothing there is served';
    case 'EndpointSlice':
      return 'Services there have no endpoints';
    case 'Pod':
      return 'previews that are Pods without a Service of their own are not seen, and may get requests that are meant for their baseline';
    default:
      return kind satisfies never;
  }
}

/** The collections that a list of namespaces stands for; an empty list is the whole cluster. */
export function collectionsOf(namespaces: readonly string[]): readonly Collection[] {
  const scopes = namespaces.length === 0 ? [undefined] : [...new Set(namespaces)];
  return scopes.flatMap((namespace) => [
    { kind: 'Service' as const, namespace },
    { kind: 'EndpointSlice' as const, namespace },
    { kind: 'Pod' as const, namespace },
  ]);
}

/** Whether the collection would hold an object of this name. */
export function holds({ kind, namespace }: Collection, ref: ObjectRef): boolean {
  return ref.kind === kind && (namespace === undefined || ref.namespace === namespace);
}

/** The path of a list or watch request, with its query. */
export function requestPath(collection: Collection, query: Readonly<Record<string, string>>): string {
  const { group, plural, apiVersion, labelSelector } = RESOURCES[collection.kind];
  const root = group === '' ? `/api/${apiVersion}` : `/apis/${apiVersion}`;
  const scope = collection.namespace === undefined ? '' : `/namespaces/${encodeURIComponent(collection.namespace)}`;
  const parameters = new URLSearchParams({ ...(labelSelector === undefined ? {} : { labelSelector }), ...query });
  return `${root}${scope}/${plural}?${parameters}`;
}

/** An item of a list, which carries neither `apiVersion` nor `kind`, as a whole object. */
export function wholeObject(collection: Collection, item: object): object {
  return { ...item, apiVersion: RESOURCES[collection.kind].apiVersion, kind: collection.kind };
}

/** As sentences name it: `services in namespace shop`. */
export function describe(collection: Collection): string {
  const { plural } = RESOURCES[collection.kind];
  return `${plural} in ${collection.namespace === undefined ? 'all namespaces' : `namespace ${collection.namespace}`}`;
}

/** What an administrator has to bind for Shunt to read the collection. */
export function rbacAdvice(collection: Collection): string {
  const { group, plural } = RESOURCES[collection.kind];
  const rule = `{apiGroups: ["${group}"], resources: ["${plural}"], verbs: ["list", "watch"]}`;
  return collection.namespace === undefined
    ? `Bind a ClusterRole with the rule ${rule} to Shunt's account, or name the namespaces to watch.`
    : `Bind a Role with the rule ${rule} to Shunt's account in namespace ${collection.namespace}.`;
}
