import type { Baseline } from '../catalog/model.ts';
import { type Bridge, type PortEndpoints, titleOf } from '../intercepts/intercept.ts';
import type { MessageTypes } from '../protos/index.ts';
import { any, bool, duration, struct } from '../protos/index.ts';
import { clusterName, httpCluster } from './cluster.ts';
import { METADATA } from './gateway.ts';
import { CANNOT_BE_REACHED } from './stand-in.ts';

type Cluster = MessageTypes['envoy.config.cluster.v3.Cluster'];
type ClusterLoadAssignment = MessageTypes['envoy.config.endpoint.v3.ClusterLoadAssignment'];
type Listener = MessageTypes['envoy.config.listener.v3.Listener'];
type LocalityLbEndpoints = MessageTypes['envoy.config.endpoint.v3.LocalityLbEndpoints'];

/**
 * A cluster speaks one protocol. So a preview that speaks another than its baseline is, in its baseline's cluster, an endpoint
 * that is a listener of the same Envoy, without a socket, which forwards to a cluster of the preview's own. Keys, rules,
 * fallbacks and refusals work as for every other preview, and nobody else's requests are touched.
 *
 * A listener answers where an endpoint would refuse. So that this counts as refused with those who wait for it, its answer
 * has this header: what no endpoint has seen is `unreached`, what broke off afterwards is `cut`.
 */
export const BRIDGE_STATUS = 'x-shunt-bridge';
export const UNREACHED = 'unreached';
const CUT = 'cut';

function bridgeName(baseline: Baseline, { port }: PortEndpoints, { preview }: Bridge): string {
  return `${clusterName(baseline, port)}@${preview.id}`;
}

/** Tells such a listener from those that are named as they listen. */
export function isBridge(listener: string): boolean {
  return listener.includes('@');
}

/** What stands for a preview in its baseline's cluster. While the Envoy has no such listener, it refuses connections. */
export function bridgeEndpoints(baseline: Baseline, port: PortEndpoints): readonly LocalityLbEndpoints[] {
  return port.bridges.map((bridge) => {
    const title = `${baseline.name}@${titleOf(bridge.preview)}`;
    const address = { envoy_internal_address: { server_listener_name: bridgeName(baseline, port, bridge) } };
    const metadata = { filter_metadata: { [METADATA.loadBalancer]: struct({ [METADATA.preview]: bridge.subsets }) } };
    return {
      priority: 0,
      locality: { sub_zone: title },
      lb_endpoints: [{ endpoint: { address, hostname: title }, metadata }],
    };
  });
}

export interface TranslatedBridge {
  readonly cluster: Cluster;
  readonly assignment: ClusterLoadAssignment;
  readonly listener: Listener;
}

export function translateBridge(baseline: Baseline, port: PortEndpoints, bridge: Bridge): TranslatedBridge {
  const name = bridgeName(baseline, port, bridge);
  const hostname = `${baseline.name}@${titleOf(bridge.preview)}`;
  const endpoints = bridge.endpoints.map((endpoint) => ({
    endpoint: { address: { socket_address: { address: endpoint.address, port_value: endpoint.port } }, hostname },
  }));
  return {
    cluster: httpCluster(name, bridge.protocol),
    assignment: { cluster_name: name, endpoints: [{ lb_endpoints: endpoints }] },
    listener: { name, internal_listener: {}, filter_chains: [{ filters: [connectionManager(name)] }] },
  };
}

/** What comes in has been through a gateway's own listener already, so it is sent on as it is, and tried once. */
function connectionManager(cluster: string) {
  const config: MessageTypes[typeof HTTP_CONNECTION_MANAGER] = {
    stat_prefix: 'bridge',
    route_config: {
      name: cluster,
      virtual_hosts: [
        {
          name: cluster,
          domains: ['*'],
          routes: [{ match: { prefix: '/' }, route: { cluster, timeout: duration(0) } }],
        },
      ],
      response_headers_to_remove: [BRIDGE_STATUS],
    },
    http_filters: [
      {
        name: 'envoy.filters.http.router',
        typed_config: any('envoy.extensions.filters.http.router.v3.Router', { suppress_envoy_headers: true }),
      },
    ],
    local_reply_config: {
      mappers: [
        // No connection to the upstream; no healthy upstream; no such cluster, as while it comes or goes.
        { filter: { response_flag_filter: { flags: ['UF', 'UH', 'NC'] } }, ...status(UNREACHED) },
        // The upstream ended the connection; it reset the stream.
        { filter: { response_flag_filter: { flags: ['UC', 'UR'] } }, ...status(CUT) },
      ],
    },
    generate_request_id: bool(false),
    server_header_transformation: 'PASS_THROUGH',
    upgrade_configs: [{ upgrade_type: 'websocket' }],
    stream_idle_timeout: duration(0),
  };
  return {
    name: 'envoy.filters.network.http_connection_manager',
    typed_config: any(HTTP_CONNECTION_MANAGER, config),
  };
}

const HTTP_CONNECTION_MANAGER =
  'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager' as const;

function status(value: string) {
  return { headers_to_add: [{ header: { key: BRIDGE_STATUS, value } }], body_format_override: CANNOT_BE_REACHED };
}
