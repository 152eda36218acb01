import { stringify } from 'yaml';
import { type MessageName, toJson, typeUrls } from '../protos/index.ts';
import type { Resource, View } from '../resources/index.ts';

const RENDERED = [
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

function renderResource({ typeUrl, body }: Resource): string {
  const json = toJson(typeUrl.slice(typeUrl.lastIndexOf('/') + 1) as MessageName, body) as object;
  return stringify({ '@type': typeUrl, ...json }, { lineWidth: 0, aliasDuplicateObjects: false });
}
