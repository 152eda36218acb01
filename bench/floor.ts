import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../test/support/ports.ts';
import { type Contender, envoyFlags, type Surroundings } from './contender.ts';
import { startProcess } from './process.ts';

/**
 * What no control plane can do without: an Envoy alone, which watches a file with its routes by itself. A round renames
 * routes into place that send requests with the round's key to the preview.
 */
export async function startFloor({ binary, upstreams, folder, onStart, onFailure }: Surroundings): Promise<Contender> {
  const watched = join(folder, 'routes');
  mkdirSync(watched, { recursive: true });
  const inPlace = join(watched, 'routes.json');
  const staged = join(folder, 'staged.json');
  const stage = (version: string, key?: string) => writeFileSync(staged, JSON.stringify(routes(version, key)));
  const publish = () => renameSync(staged, inPlace);

  stage('start');
  publish();
  const port = await freePort();
  await startProcess({
    title: "The floor's Envoy",
    command: binary,
    args: envoyFlags(bootstrap(port, { path: inPlace, folder: watched }, upstreams)),
    log: join(folder, 'envoy.log'),
    onStart,
    onFailure,
  });
  return {
    title: 'floor: Envoy and a file of routes',
    port,
    round(number) {
      const key = `round-${number}`;
      stage(key, key);
      return {
        host: 'floor',
        key,
        publish,
        withdraw() {
          stage(`${key} withdrawn`);
          publish();
        },
      };
    },
  };
}

function routes(version: string, key: string | undefined): object {
  const preview = {
    match: { prefix: '/', headers: [{ name: 'x-preview', string_match: { exact: key } }] },
    route: { cluster: 'preview' },
  };
  const rest = { match: { prefix: '/' }, route: { cluster: 'baseline' } };
  return {
    version_info: version,
    resources: [
      {
        '@type': 'type.googleapis.com/envoy.config.route.v3.RouteConfiguration',
        name: 'routes',
        virtual_hosts: [{ name: 'all', domains: ['*'], routes: key === undefined ? [rest] : [preview, rest] }],
      },
    ],
  };
}

function bootstrap(port: number, file: { path: string; folder: string }, upstreams: Surroundings['upstreams']): object {
  const manager = {
    '@type': 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
    stat_prefix: 'floor',
    rds: {
      route_config_name: 'routes',
      config_source: {
        path_config_source: { path: file.path, watched_directory: { path: file.folder } },
        resource_api_version: 'V3',
      },
    },
    http_filters: [
      {
        name: 'envoy.filters.http.router',
        typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' },
      },
    ],
  };
  return {
    node: { id: 'floor', cluster: 'bench' },
    static_resources: {
      listeners: [
        {
          address: address(port),
          filter_chains: [
            { filters: [{ name: 'envoy.filters.network.http_connection_manager', typed_config: manager }] },
          ],
        },
      ],
      clusters: [cluster('baseline', upstreams.baseline), cluster('preview', upstreams.preview)],
    },
  };
}

function cluster(name: string, port: number): object {
  const endpoints = [{ lb_endpoints: [{ endpoint: { address: address(port) } }] }];
  return { name, type: 'STATIC', load_assignment: { cluster_name: name, endpoints } };
}

function address(port: number): object {
  return { socket_address: { address: '127.0.0.1', port_value: port } };
}
