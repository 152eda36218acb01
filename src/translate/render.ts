import { stringify } from 'yaml';
import { type MessageName, toJson, typeUrls } from '../protos/index.ts';
import type { Resource, View } from '../resources/index.ts';

/** The types of all that Envoys get, in the order in which they are sent. */
export const RENDERED: readonly string[] = [
  typeUrls.cluster,
  typeUrls.loadAssignment,
  typeUrls.listener,
  typeUrls.routeConfiguration,
  typeUrls.extensionConfig,
];

/**
 * Everything that Envoys get, as Envoy's own YAML: one document a resource, by type in the order in which they are sent,
 * then by name.
 */
export function renderYaml(view: View): string {
  return RENDERED.flatMap((typeUrl) => [...view.names(typeUrl)].sort().map((name) => view.get(typeUrl, name)!))
    .map(renderResource)
    .join('---\n');
}

function renderResource(resource: Resource): string {
  return resourceYaml(resourceJson(resource));
}

/** A resource as Envoy's JSON. */
export function resourceJson({ typeUrl, body }: Resource): object {
  const json = toJson(typeUrl.slice(typeUrl.lastIndexOf('/') + 1) as MessageName, body) as object;
  return { '@type': typeUrl, ...json };
}

/** And that as YAML. */
export function resourceYaml(json: object): string {
  return stringify(json, { lineWidth: 0, aliasDuplicateObjects: false });
}
