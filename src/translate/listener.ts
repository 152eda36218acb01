import type { MessageTypes } from '../protos/index.ts';
import { any, bool, duration } from '../protos/index.ts';
import { baggageFilters } from './baggage.ts';
import { browserFilters } from './browser.ts';
import { corsFilters } from './cors.ts';
import type { GatewayOptions, ListenAddress, RoutesFor } from './gateway.ts';
import { HOST_READER, KEY_READER, ROUTES } from './gateway.ts';
import { ruleFilter, ruleNoteFilter } from './hand-on.ts';
import { translateHostReader, translateKeyReader } from './key-reader.ts';
import { RECONSIDERING } from './mirror.ts';
import { REFUSALS } from './stand-in.ts';
import { stripFilters } from './strip.ts';
import { claimFilters, earlyMutations, networkChain } from './trust.ts';

type Listener = MessageTypes['envoy.config.listener.v3.Listener'];
type FilterChain = MessageTypes['envoy.config.listener.v3.FilterChain'];
type HttpFilter = MessageTypes['envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter'];

export function listenerName({ host, port }: ListenAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** A listener depends on the settings alone, so no change in the cluster ever drains a connection. */
export function translateListener(address: ListenAddress, options: GatewayOptions): Listener {
  return {
    name: listenerName(address),
    address: { socket_address: { address: address.host, port_value: address.port } },
    ...filterChains(address, options),
  };
}

/** Who is trusted by address is told from the rest when the connection is made, which costs no request anything. */
function filterChains({ trust }: ListenAddress, options: GatewayOptions): Pick<Listener, 'filter_chains'> {
  switch (trust?.kind) {
    case undefined:
      return { filter_chains: [filterChain('trusted', options)] };
    case 'nobody':
      return { filter_chains: [filterChain('untrusted', options)] };
    case 'addresses':
      return {
        filter_chains: [
          { name: 'trusted', ...networkChain(trust.networks), ...filterChain('trusted', options) },
          { name: 'untrusted', ...filterChain('untrusted', options) },
        ],
      };
    case 'secret':
      return { filter_chains: [filterChain('guarded', options)] };
    case 'jwt':
      return { filter_chains: [filterChain('claimed', options)] };
    default:
      return trust satisfies never;
  }
}

function filterChain(routes: RoutesFor, options: GatewayOptions): FilterChain {
  const manager = any(HTTP_CONNECTION_MANAGER, connectionManager(routes, options));
  return { filters: [{ name: 'envoy.filters.network.http_connection_manager', typed_config: manager }] };
}

const HTTP_CONNECTION_MANAGER =
  'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager' as const;

function connectionManager(routes: RoutesFor, options: GatewayOptions): MessageTypes[typeof HTTP_CONNECTION_MANAGER] {
  return {
    stat_prefix: 'gateway',
    rds: {
      route_config_name: ROUTES[routes],
      // Without a timeout a new listener waits for its routes and answers nobody with 404 meanwhile.
      config_source: { ads: {}, resource_api_version: 'V3', initial_fetch_timeout: duration(0) },
    },
    http_filters: [
      ...keyFilters(routes, options),
      {
        name: 'envoy.filters.http.router',
        typed_config: any('envoy.extensions.filters.http.router.v3.Router', { suppress_envoy_headers: true }),
      },
    ],
    ...earlyMutations(routes, options),
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

/** What becomes of keys, before a request is forwarded. */
function keyFilters(routes: RoutesFor, options: GatewayOptions): readonly HttpFilter[] {
  switch (routes) {
    case 'trusted':
      return readingFilters(options, { disabled: false });
    case 'untrusted':
      return stripFilters(options);
    case 'claimed':
      return [...stripFilters(options), ...claimFilters(options), RECONSIDERING];
    case 'guarded':
      // Only some requests are trusted: the routes of these turn the reader on.
      return [...readingFilters(options, { disabled: true }), ...stripFilters(options)];
    default:
      return routes satisfies never;
  }
}

/** Filters that read keys, and what depends on them. A filter that is off costs a request next to nothing. */
function readingFilters(options: GatewayOptions, { disabled }: { readonly disabled: boolean }): readonly HttpFilter[] {
  const reader = (name: string, disabled: boolean, config: ReturnType<typeof translateKeyReader>): HttpFilter => ({
    name,
    disabled,
    typed_config: any('envoy.extensions.filters.http.header_to_metadata.v3.Config', config),
  });
  return [
    ...corsFilters(options),
    ruleNoteFilter(options),
    reader(KEY_READER, disabled, translateKeyReader(options)),
    ...(options.carriers.host ? [reader(HOST_READER, true, translateHostReader(options))] : []),
    RECONSIDERING,
    ...baggageFilters(options),
    ruleFilter(),
    ...browserFilters(options),
  ];
}
