import { any, duration } from '../../src/protos/index.ts';
import { type Resource, resourceOf } from '../../src/resources/index.ts';

/** What a control plane without any Shunt in it would serve: services with addresses, and listeners with routes to them. */

/** A cluster that an Envoy takes, and speaks HTTP/2 in, and its endpoints at a port of this machine. */
export function service(
  name: string,
  port: number,
  connectTimeoutMs = 1_000,
): readonly [cluster: Resource, endpoints: Resource] {
  return [
    clusterResource(name, connectTimeoutMs),
    resourceOf('envoy.config.endpoint.v3.ClusterLoadAssignment', {
      cluster_name: name,
      endpoints: [
        {
          lb_endpoints: [{ endpoint: { address: { socket_address: { address: '127.0.0.1', port_value: port } } } }],
        },
      ],
    }),
  ];
}

/** A cluster that no Envoy takes. */
export function badCluster(name: string): Resource {
  return clusterResource(name, -1_000);
}

function clusterResource(name: string, timeoutMs: number): Resource {
  return resourceOf('envoy.config.cluster.v3.Cluster', {
    name,
    type: 'EDS',
    eds_cluster_config: {
      eds_config: { ads: {}, resource_api_version: 'V3', initial_fetch_timeout: duration(0) },
    },
    connect_timeout: duration(timeoutMs),
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': any(
        'envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
        { explicit_http_config: { http2_protocol_options: {} } },
      ),
    },
  });
}

/** A listener at a port of this machine that takes its routes from RDS. */
export function listener(name: string, port: number): Resource {
  const connectionManager = any('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager', {
    stat_prefix: name,
    rds: { route_config_name: routesOf(name), config_source: { ads: {}, resource_api_version: 'V3' } },
    http_filters: [{ name: 'router', typed_config: any('envoy.extensions.filters.http.router.v3.Router', {}) }],
  });
  return resourceOf('envoy.config.listener.v3.Listener', {
    name,
    address: { socket_address: { address: '127.0.0.1', port_value: port } },
    filter_chains: [{ filters: [{ name: 'http', typed_config: connectionManager }] }],
  });
}

/** The routes of a listener: everything goes to one cluster. */
export function routes(listenerName: string, clusterName: string, options: { sayReferences: boolean }): Resource {
  const everything = { match: { prefix: '/' }, route: { cluster: clusterName } };
  return resourceOf(
    'envoy.config.route.v3.RouteConfiguration',
    {
      name: routesOf(listenerName),
      virtual_hosts: [{ name: 'all', domains: ['*'], routes: [everything] }],
    },
    options.sayReferences ? { references: [clusterName] } : {},
  );
}

function routesOf(listenerName: string): string {
  return `routes of ${listenerName}`;
}
