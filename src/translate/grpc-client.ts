import type { Baseline, HttpPort } from '../catalog/model.ts';
import type { PortEndpoints } from '../intercepts/intercept.ts';
import type { MessageTypes } from '../protos/index.ts';
import { any, uint32 } from '../protos/index.ts';
import { clusterName } from './cluster.ts';

type ClusterLoadAssignment = MessageTypes['envoy.config.endpoint.v3.ClusterLoadAssignment'];
type Listener = MessageTypes['envoy.config.listener.v3.Listener'];

/**
 * gRPC libraries speak xDS themselves, without subset load balancing: to them every endpoint of an assignment is as good as
 * any. They get the baseline's endpoints only, so that none of their calls reaches a preview. A locality needs a name and
 * a weight to count (gRFC A27).
 */
export function translatePlainAssignment(baseline: Baseline, { port, entries }: PortEndpoints): ClusterLoadAssignment {
  return {
    cluster_name: clusterName(baseline, port),
    endpoints: [
      {
        locality: {},
        load_balancing_weight: uint32(1),
        lb_endpoints: entries
          .filter((entry) => entry.baseline)
          .map(({ address, port: number }) => ({
            endpoint: { address: { socket_address: { address, port_value: number } } },
          })),
      },
    ],
  };
}

/** The targets that a gRPC client writes after `xds:///`; only ports that speak HTTP/2 have any. */
export function grpcTargets({ name, namespace }: Baseline, { port, protocol }: HttpPort): readonly string[] {
  if (protocol !== 'HTTP/2') return [];
  return [`${name}.${namespace}:${port}`, `${name}.${namespace}.svc.cluster.local:${port}`];
}

/** What a gRPC client asks for to resolve a target (gRFC A27). */
export function translateGrpcListener(target: string, baseline: Baseline, port: HttpPort): Listener {
  const routeTo = { cluster: clusterName(baseline, port) };
  return {
    name: target,
    api_listener: {
      api_listener: any('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager', {
        route_config: {
          name: target,
          virtual_hosts: [{ name: target, domains: ['*'], routes: [{ match: { prefix: '' }, route: routeTo }] }],
        },
        http_filters: [
          {
            name: 'envoy.filters.http.router',
            typed_config: any('envoy.extensions.filters.http.router.v3.Router', {}),
          },
        ],
      }),
    },
  };
}
