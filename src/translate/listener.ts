import type { MessageTypes } from '../protos/index.ts';
import { any, bool, duration } from '../protos/index.ts';
import { baggageFilters } from './baggage.ts';
import { browserFilters } from './browser.ts';
import type { GatewayOptions } from './gateway.ts';
import { KEY_READER, ROUTES } from './gateway.ts';
import { translateKeyReader } from './key-reader.ts';
import { REFUSALS } from './stand-in.ts';

type Listener = MessageTypes['envoy.config.listener.v3.Listener'];

function listenerName({ host, port }: GatewayOptions['listen'][number]): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** A listener depends on the settings alone, so no change in the cluster ever drains a connection. */
export function translateListener(address: GatewayOptions['listen'][number], options: GatewayOptions): Listener {
  return {
    name: listenerName(address),
    address: { socket_address: { address: address.host, port_value: address.port } },
    filter_chains: [
      {
        filters: [
          {
            name: 'envoy.filters.network.http_connection_manager',
            typed_config: any(HTTP_CONNECTION_MANAGER, connectionManager(options)),
          },
        ],
      },
    ],
  };
}

const HTTP_CONNECTION_MANAGER =
  'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager' as const;

function connectionManager(options: GatewayOptions): MessageTypes[typeof HTTP_CONNECTION_MANAGER] {
  return {
    stat_prefix: 'gateway',
    rds: {
      route_config_name: ROUTES,
      // Without a timeout a new listener waits for its routes and answers nobody with 404 meanwhile.
      config_source: { ads: {}, resource_api_version: 'V3', initial_fetch_timeout: duration(0) },
    },
    http_filters: [
      {
        name: KEY_READER,
        typed_config: any('envoy.extensions.filters.http.header_to_metadata.v3.Config', translateKeyReader(options)),
      },
      ...baggageFilters(options),
      ...browserFilters(options),
      {
        name: 'envoy.filters.http.router',
        typed_config: any('envoy.extensions.filters.http.router.v3.Router', { suppress_envoy_headers: true }),
      },
    ],
    local_reply_config: REFUSALS,
    // Old proxies, nginx by default among them, speak HTTP/1.0 to what is behind them.
    http_protocol_options: { accept_http_10: true },
    // `api.shop.svc.cluster.local.` is a usual way around a resolver's search list.
    strip_trailing_host_dot: true,
    use_remote_address: bool(true),
    normalize_path: bool(true),
    // Callers see the service's own `server` header, as without a gateway.
    server_header_transformation: 'PASS_THROUGH',
    upgrade_configs: [{ upgrade_type: 'websocket' }],
    // A stream may be silent for as long as its two ends like.
    stream_idle_timeout: duration(0),
  };
}
