import type { CatalogView } from '../catalog/catalog.ts';
import { type DecodedTypes, decode, typeUrls } from '../protos/index.ts';
import type { ResourceStore, View } from '../resources/index.ts';
import { isBridge } from '../translate/bridge.ts';
import type { GatewayOptions } from '../translate/gateway.ts';
import { callersIn } from '../translate/groups.ts';

/** What decides where requests go: what exists, and what was made of it for the gateways. */
export interface World {
  readonly catalog: CatalogView;
  readonly options: GatewayOptions;
  readonly store: Pick<ResourceStore, 'view'>;
}

/** A gateway's configuration, as it is sent. */
export class Configuration {
  readonly #view: View;

  /** @param namespace where its callers stand, if it says so. */
  constructor({ store }: World, namespace: string | undefined) {
    this.#view = namespace === undefined ? store.view() : store.view(callersIn(namespace));
  }

  /** Names of the listeners that callers reach, which are their addresses. */
  listeners(): readonly string[] {
    return [...this.#view.names(typeUrls.listener)].filter((name) => !isBridge(name)).sort();
  }

  listener(name: string): DecodedTypes['envoy.config.listener.v3.Listener'] {
    return decode('envoy.config.listener.v3.Listener', this.#body(typeUrls.listener, name));
  }

  /**
   * A RouteConfiguration.
   *
   * @param name that a listener has for it.
   */
  routes(name: string): Uint8Array {
    return this.#body(typeUrls.routeConfiguration, name);
  }

  cluster(name: string): DecodedTypes['envoy.config.cluster.v3.Cluster'] {
    return decode('envoy.config.cluster.v3.Cluster', this.#body(typeUrls.cluster, name));
  }

  endpoints(cluster: string): DecodedTypes['envoy.config.endpoint.v3.ClusterLoadAssignment'] {
    return decode('envoy.config.endpoint.v3.ClusterLoadAssignment', this.#body(typeUrls.loadAssignment, cluster));
  }

  #body(typeUrl: string, name: string): Uint8Array {
    const resource = this.#view.get(typeUrl, name);
    if (resource === undefined) throw new Error(`nothing is served yet: ${typeUrl} ${name} is missing.`);
    return resource.body;
  }
}
