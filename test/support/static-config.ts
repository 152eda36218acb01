import { parseAllDocuments } from 'yaml';
import { bootstrapConfig } from '../../src/gateway/index.ts';

interface Rendered {
  readonly '@type': string;
  readonly name?: string;
  readonly cluster_name?: string;
  // biome-ignore lint/suspicious/noExplicitAny: an Envoy resource in its JSON form, which is rearranged here.
  readonly [field: string]: any;
}

/** The resources in the output of `shunt render`. */
export function renderedResources(yaml: string): readonly Rendered[] {
  return parseAllDocuments(yaml).map((document) => document.toJS() as Rendered);
}

/**
 * The same resources as one static bootstrap, which `envoy --mode validate` checks as it does those of an xDS server:
 * routes and filters stand in their listeners and endpoints in their clusters.
 */
export function staticConfig(yaml: string): object {
  const resources = renderedResources(yaml);
  const ofType = (type: string) => resources.filter((each) => each['@type'].endsWith(`.${type}`)).map(withoutType);
  const routes = new Map(ofType('RouteConfiguration').map((each) => [each.name, each]));
  const extensions = new Map(ofType('TypedExtensionConfig').map((each) => [each.name, each.typed_config]));
  const assignments = new Map(ofType('ClusterLoadAssignment').map((each) => [each.cluster_name, each]));
  const listeners = ofType('Listener').map((listener) => {
    const copy = structuredClone(listener);
    for (const { filters } of copy.filter_chains) {
      const manager = filters[0].typed_config;
      if (manager.rds !== undefined) manager.route_config = routes.get(manager.rds.route_config_name);
      delete manager.rds;
      for (const filter of manager.http_filters) {
        if (filter.config_discovery === undefined) continue;
        delete filter.config_discovery;
        filter.typed_config = extensions.get(filter.name);
      }
    }
    return copy;
  });
  const clusters = ofType('Cluster').map(({ eds_cluster_config: _, ...cluster }) => ({
    ...cluster,
    type: 'STATIC',
    load_assignment: assignments.get(cluster.name),
  }));
  const { bootstrap_extensions } = bootstrapConfig({
    ...{ xds: { host: '127.0.0.1', port: 1 }, admin: { host: '127.0.0.1', port: 1 } },
    ...{ nodeId: 'static', protocol: 'delta' },
  });
  return { bootstrap_extensions, static_resources: { listeners, clusters } };
}

function withoutType({ '@type': _, ...resource }: Rendered): Omit<Rendered, '@type'> {
  return resource;
}
