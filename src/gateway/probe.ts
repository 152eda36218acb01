import type { HostPort } from '../settings/index.ts';
import { socketAddress } from './socket-address.ts';

const ADMIN = 'envoy-admin';

/** All of the admin interface that changes nothing and tells no configuration. */
const OPEN_PATHS = ['/ready', '/stats/prometheus'];

/** The Envoy's own admin interface, as a cluster. */
export function adminCluster(admin: HostPort) {
  return {
    name: ADMIN,
    type: 'STATIC',
    connect_timeout: '1s',
    load_assignment: {
      cluster_name: ADMIN,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: socketAddress(admin) } }] }],
    },
  };
}

/**
 * A listener for those who may know whether an Envoy is ready and how it fares, and may not command it, as whoever reaches
 * its admin interface can. Before the Envoy has its configuration nothing answers here.
 */
export function probeListener(probe: HostPort) {
  return {
    name: 'probe',
    address: socketAddress(probe),
    // A probe has to get its answer when callers have used up all connections.
    ignore_global_conn_limit: true,
    filter_chains: [
      {
        filters: [
          {
            name: 'envoy.filters.network.http_connection_manager',
            typed_config: {
              '@type':
                'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
              stat_prefix: 'probe',
              route_config: {
                name: 'probe',
                virtual_hosts: [
                  {
                    name: 'probe',
                    domains: ['*'],
                    routes: OPEN_PATHS.map((path) => ({
                      match: { path, headers: [{ name: ':method', string_match: { exact: 'GET' } }] },
                      route: { cluster: ADMIN },
                    })),
                  },
                ],
              },
              http_filters: [
                {
                  name: 'envoy.filters.http.router',
                  typed_config: {
                    '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router',
                  },
                },
              ],
            },
          },
        ],
      },
    ],
  };
}
