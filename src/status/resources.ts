import { compareText } from '../intercepts/precedence.ts';
import type { ResourceStore } from '../resources/index.ts';
import { RENDERED, resourceJson } from '../translate/render.ts';

/** Where what Envoys get is told: all names, or one resource of them. */
export const RESOURCES_PATH = '/api/v1/resources';

/** A resource that Envoys get. */
export interface ResourceStatus {
  readonly typeUrl: string;
  readonly name: string;
  /** Another for each content. */
  readonly version: string;
}

/** Of everything that Envoys get, by type in the order in which they are sent, then by name. */
export function resourceStatuses(
  store: Pick<ResourceStore, 'view'>,
  groups: readonly string[],
): readonly ResourceStatus[] {
  const view = store.view(...groups);
  return RENDERED.flatMap((typeUrl) =>
    [...view.names(typeUrl)]
      .sort(compareText)
      .map((name) => ({ typeUrl, name, version: view.get(typeUrl, name)!.version })),
  );
}

/**
 * Answers `?group=GROUP` with all names, and `?type=TYPE_URL&name=NAME` with one resource as Envoy's JSON: the whole of
 * a large mesh would hold up everyone else.
 */
export function answerResources(store: Pick<ResourceStore, 'view'>, query: URLSearchParams) {
  const groups = query.getAll('group');
  const [typeUrl, name] = [query.get('type'), query.get('name')];
  if (typeUrl === null && name === null) return { status: 200, body: { resources: resourceStatuses(store, groups) } };
  if (typeUrl === null || name === null) {
    return { status: 400, body: { error: 'type and name go together; write both, or neither for a list of all.' } };
  }
  const resource = RENDERED.includes(typeUrl) ? store.view(...groups).get(typeUrl, name) : undefined;
  if (resource === undefined) return { status: 404, body: { error: `there is no ${typeUrl} "${name}" (any more).` } };
  return { status: 200, body: { version: resource.version, resource: resourceJson(resource) } };
}
