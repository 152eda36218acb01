import type { MessageTypes } from '../protos/index.ts';
import { any, uint32 } from '../protos/index.ts';
import type { GatewayOptions, KeyTrust, RoutesFor } from './gateway.ts';
import { KEY_READER } from './gateway.ts';
import { translateClaimReader } from './key-reader.ts';

type FilterChain = MessageTypes['envoy.config.listener.v3.FilterChain'];
type HttpFilter = MessageTypes['envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter'];
type HttpConnectionManager =
  MessageTypes['envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager'];
type HeaderMutation = MessageTypes['envoy.config.common.mutation_rules.v3.HeaderMutation'];
type HeaderMatcher = MessageTypes['envoy.config.route.v3.HeaderMatcher'];

/** The environment variable of an Envoy that holds the secret, so that no configuration has to. */
export const SECRET_VARIABLE = 'GATEWAY_TRUST_SECRET';

/** Headers of the gateway's own, which no request keeps from outside: whether it is trusted, and what decides that. */
export const TRUSTED = 'x-shunt-trusted';
const EXPECTED = 'x-shunt-expected';
/** The claim of a token that has been found good. */
export const CLAIM = 'x-shunt-claim';

/** Where the variable is not set Envoy writes `-`, which nobody is to be trusted for. */
const SHORTEST_SECRET = 16;

/** Which routes a listener needs. */
export function routesOf(trust: KeyTrust | undefined): readonly RoutesFor[] {
  switch (trust?.kind) {
    case undefined:
      return ['trusted'];
    case 'nobody':
      return ['untrusted'];
    case 'addresses':
      return ['trusted', 'untrusted'];
    case 'secret':
      return ['guarded'];
    case 'jwt':
      return ['claimed'];
    default:
      return trust satisfies never;
  }
}

/**
 * For those who connect from these networks. It is the peer of the connection that counts: what a request says of those
 * whom it was forwarded for, in X-Forwarded-For, anybody may write.
 */
export function networkChain(networks: readonly string[]): Pick<FilterChain, 'filter_chain_match'> {
  const ranges = networks.map((network) => {
    const [address_prefix, bits] = network.split('/');
    return { address_prefix: address_prefix!, prefix_len: uint32(Number(bits)) };
  });
  return { filter_chain_match: { source_prefix_ranges: ranges } };
}

/** What is done to a request's headers before its route is chosen. */
export function earlyMutations(
  routes: RoutesFor,
  { trust }: GatewayOptions,
): Pick<HttpConnectionManager, 'early_header_mutation_extensions'> {
  const mutations = mutationsFor(routes, trust?.secretHeader ?? '');
  if (mutations.length === 0) return {};
  const typed_config = any('envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation', {
    mutations: [...mutations],
  });
  return {
    early_header_mutation_extensions: [{ name: 'envoy.http.early_header_mutation.header_mutation', typed_config }],
  };
}

function mutationsFor(routes: RoutesFor, secretHeader: string): readonly HeaderMutation[] {
  if (routes === 'claimed') return [{ remove: CLAIM }];
  if (routes !== 'guarded') return [];
  // Of the expressions that Envoy has, CEL's alone compares two headers.
  const isHolder =
    `size(request.headers['${EXPECTED}']) >= ${SHORTEST_SECRET} && ` +
    `request.headers['${secretHeader}'] == request.headers['${EXPECTED}']`;
  return [
    { remove: EXPECTED },
    { remove: TRUSTED },
    overwrite(EXPECTED, `%ENVIRONMENT(${SECRET_VARIABLE})%`),
    overwrite(TRUSTED, `%CEL(${isHolder})%`),
    { remove: EXPECTED },
    { remove: secretHeader },
  ];
}

function overwrite(key: string, value: string): HeaderMutation {
  return { append: { header: { key, value }, append_action: 'OVERWRITE_IF_EXISTS_OR_ADD' } };
}

/** What requests have that came with the secret. */
export const CAME_WITH_SECRET: HeaderMatcher = { name: TRUSTED, string_match: { exact: 'true' } };

const PROVIDER = 'shunt';

/** Filters that read the key from the claim of a token. A token that is not good is as none: the request goes on without. */
export function claimFilters({ trust, ...options }: GatewayOptions): readonly HttpFilter[] {
  const { jwks, claim, issuer = '', audiences } = trust!.tokens!;
  return [
    {
      name: 'envoy.filters.http.jwt_authn',
      typed_config: any('envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication', {
        providers: {
          [PROVIDER]: {
            issuer,
            audiences: [...audiences],
            local_jwks: { inline_string: jwks },
            from_headers: [{ name: 'authorization', value_prefix: 'Bearer ' }],
            // Services may want it too.
            forward: true,
            claim_to_headers: [{ header_name: CLAIM, claim_name: claim }],
          },
        },
        rules: [
          {
            match: { prefix: '/' },
            requires: {
              requires_any: { requirements: [{ provider_name: PROVIDER }, { allow_missing_or_failed: {} }] },
            },
          },
        ],
      }),
    },
    {
      name: KEY_READER,
      typed_config: any(
        'envoy.extensions.filters.http.header_to_metadata.v3.Config',
        translateClaimReader(CLAIM, options),
      ),
    },
  ];
}
