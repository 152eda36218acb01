import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../test/support/ports.ts';
import { envoyFlags, type Surroundings } from '../contender.ts';
import { startProcess } from '../process.ts';
import type { Gateway } from './gateway.ts';

/** What requests cost without shunt: an Envoy with one route to one cluster, and nothing that looks at a request. */
export async function startPlain({ binary, upstreams, folder, onStart, onFailure }: Surroundings): Promise<Gateway> {
  mkdirSync(folder, { recursive: true });
  const port = await freePort();
  const pid = await startProcess({
    title: 'The Envoy with a plain route',
    command: binary,
    args: envoyFlags(bootstrap(port, upstreams.baseline)),
    log: join(folder, 'envoy.log'),
    onStart,
    onFailure,
  });
  return { title: 'plain route', port, pid, previews: undefined };
}

function bootstrap(port: number, upstream: number): object {
  const manager = {
    '@type': 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
    stat_prefix: 'plain',
    route_config: {
      virtual_hosts: [
        { name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: 'baseline' } }] },
      ],
    },
    http_filters: [
      {
        name: 'envoy.filters.http.router',
        typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' },
      },
    ],
    use_remote_address: true,
    normalize_path: true,
  };
  const endpoints = [{ lb_endpoints: [{ endpoint: { address: address(upstream) } }] }];
  return {
    node: { id: 'plain', cluster: 'bench' },
    static_resources: {
      listeners: [
        {
          address: address(port),
          filter_chains: [
            { filters: [{ name: 'envoy.filters.network.http_connection_manager', typed_config: manager }] },
          ],
        },
      ],
      clusters: [{ name: 'baseline', type: 'STATIC', load_assignment: { cluster_name: 'baseline', endpoints } }],
    },
  };
}

function address(port: number): object {
  return { socket_address: { address: '127.0.0.1', port_value: port } };
}
