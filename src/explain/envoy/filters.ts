import { type DecodedTypes, decode, typeUrl } from '../../protos/index.ts';
import { readIntoMetadata, type Written } from './header-to-metadata.ts';
import type { SeenRequest } from './request.ts';

type Listener = DecodedTypes['envoy.config.listener.v3.Listener'];
type Route = Pick<DecodedTypes['envoy.config.route.v3.Route'], 'typed_per_filter_config'>;
type HttpConnectionManager =
  DecodedTypes['envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager'];

const HTTP_CONNECTION_MANAGER = 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';
const HEADER_TO_METADATA = 'envoy.extensions.filters.http.header_to_metadata.v3.Config';

const SET_FILTER_STATE = 'envoy.extensions.filters.http.set_filter_state.v3.Config';

/** Filters that answer by themselves, or write nothing that a request is forwarded by but for a token, which explain is not given. */
const WITHOUT_CONSEQUENCE: readonly string[] = [
  typeUrl(SET_FILTER_STATE),
  typeUrl('envoy.extensions.filters.http.header_mutation.v3.HeaderMutation'),
  typeUrl('envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication'),
  typeUrl('envoy.extensions.filters.http.lua.v3.Lua'),
  typeUrl('envoy.extensions.filters.http.router.v3.Router'),
];

/** Of the first chain, which is for those who are trusted where that depends on their addresses. */
export function connectionManager({ filter_chains: [chain] }: Listener): HttpConnectionManager {
  return decode(HTTP_CONNECTION_MANAGER, chain!.filters[0]!.typed_config!.value!);
}

/**
 * What the filters of a listener write about a request, in their order.
 *
 * @param route whose own settings of a filter stand in place of the listener's.
 * @param without the name of a filter that is to be passed over.
 */
export function metadataOf(
  { http_filters }: HttpConnectionManager,
  request: SeenRequest,
  route?: Route,
  without?: string,
): readonly Written[] {
  return http_filters.flatMap(({ name, disabled, typed_config, config_discovery }) => {
    // Only what the gateway answers by itself depends on what is discovered.
    if (config_discovery || name === without) return [];
    const { type_url = '', value } = typed_config!;
    if (WITHOUT_CONSEQUENCE.includes(type_url)) return [];
    if (type_url !== typeUrl(HEADER_TO_METADATA))
      throw new Error(`shunt explain does not know the filter ${type_url}.`);
    const own = route?.typed_per_filter_config?.[name!];
    if (own?.type_url === type_url) return readIntoMetadata(decode(HEADER_TO_METADATA, own.value!), request);
    if (disabled && own === undefined) return [];
    return readIntoMetadata(decode(HEADER_TO_METADATA, value!), request);
  });
}

/** Whether a filter that is on has a request's route chosen anew, when the filters ahead have written about it. */
export function choosesAnew({ http_filters }: HttpConnectionManager, route: Route): boolean {
  return http_filters.some(({ name, disabled, typed_config }) => {
    if (typed_config?.type_url !== typeUrl(SET_FILTER_STATE)) return false;
    if (disabled && route.typed_per_filter_config?.[name!] === undefined) return false;
    return decode(SET_FILTER_STATE, typed_config.value!).clear_route_cache === true;
  });
}
