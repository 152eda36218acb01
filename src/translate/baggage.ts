import type { MessageTypes } from '../protos/index.ts';
import { any } from '../protos/index.ts';
import type { GatewayOptions } from './gateway.ts';
import { METADATA } from './gateway.ts';
import { KEY, memberStart } from './key-syntax.ts';
import { escapeRegex } from './regex.ts';

type HttpFilter = MessageTypes['envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter'];
type RouteMatch = MessageTypes['envoy.config.route.v3.RouteMatch'];
type Route = MessageTypes['envoy.config.route.v3.Route'];
type HeaderToAdd = MessageTypes['envoy.config.core.v3.HeaderValueOption'];

/** Where a route finds the key that its requests are to leave with. */
export interface KeyPlace {
  readonly space: string;
  readonly name: string;
}

const ADD_MEMBER = 'shunt.member';
const KEEP_LAST = 'shunt.baggage';

/**
 * Filters that are off, but on the routes of `replacingMatches`: the first appends the key to the baggage as a member, the
 * second removes every member of that name ahead of it. A filter that is off costs the other requests nothing, and the
 * expression is compiled once, not for each route.
 */
export function baggageFilters({ carriers: { baggage } }: GatewayOptions): readonly HttpFilter[] {
  if (baggage === undefined) return [];
  const name = escapeRegex(baggage);
  const member = `${memberStart(baggage)}[^,]*`;
  // First members of that name; the appended one, which stays if it holds a key; others of that name.
  const regex = `^(?:${member},)+|(,${name}=${KEY})$|,${member}`;
  const target = { metadata_namespace: METADATA.own, key: METADATA.rewritten, type: 'STRING' } as const;
  const rewrite = { pattern: { regex }, substitution: '\\1' };
  return [
    {
      name: ADD_MEMBER,
      disabled: true,
      typed_config: any('envoy.extensions.filters.http.header_mutation.v3.HeaderMutation', { mutations: {} }),
    },
    {
      name: KEEP_LAST,
      disabled: true,
      typed_config: any('envoy.extensions.filters.http.header_to_metadata.v3.Config', {
        request_rules: [{ header: 'baggage', on_header_present: { ...target, regex_value_rewrite: rewrite } }],
      }),
    },
  ];
}

/**
 * The requests among those of a match whose baggage may have to be rewritten: those that carry a key in it and elsewhere
 * too, and those whose key is part of a longer text, of which the key reader cannot make a member. Envoy compares no two
 * headers with one another, so where both agree the baggage is rewritten to the same.
 *
 * @param onPreviewHost whether the host is such a carrier.
 */
export function replacingMatches(
  match: RouteMatch,
  { carriers }: GatewayOptions,
  onPreviewHost: boolean,
): readonly RouteMatch[] {
  const { baggage, tracestate, query, cookie, header } = carriers;
  if (baggage === undefined) return [];
  const when = (...conditions: NonNullable<RouteMatch['headers']>): RouteMatch => ({
    ...match,
    headers: [...(match.headers ?? []), ...conditions],
  });
  // No expressions: these are asked of every request.
  const inBaggage = { name: 'baggage', string_match: { contains: baggage } };
  if (onPreviewHost) return [when(inBaggage)];
  const matches: RouteMatch[] = [];
  if (header !== undefined) matches.push(when(inBaggage, { name: header, present_match: true }));
  if (cookie !== undefined) {
    matches.push(when(inBaggage, { name: 'cookie', string_match: { contains: `${cookie}=` } }));
  }
  if (query !== undefined) {
    const inQuery = { name: query, present_match: true };
    matches.push({ ...match, query_parameters: [...(match.query_parameters ?? []), inQuery] });
  }
  if (tracestate !== undefined) {
    matches.push(when({ name: 'tracestate', string_match: { contains: `${tracestate}=` } }));
  }
  return matches;
}

/** What makes a route replace the member: its filters, and the rewritten baggage in place of that which came. */
export function replacing(
  { space, name }: KeyPlace,
  { carriers: { baggage } }: GatewayOptions,
): { readonly filters: NonNullable<Route['typed_per_filter_config']>; readonly header: HeaderToAdd } {
  const member = `${baggage}=%DYNAMIC_METADATA(${space}:${name})%`;
  const append = { header: { key: 'baggage', value: member }, append_action: 'APPEND_IF_EXISTS_OR_ADD' } as const;
  return {
    filters: {
      [ADD_MEMBER]: any('envoy.extensions.filters.http.header_mutation.v3.HeaderMutationPerRoute', {
        mutations: { request_mutations: [{ append }] },
      }),
      // A filter is turned on as it is by a configuration of no type.
      [KEEP_LAST]: any('envoy.config.route.v3.FilterConfig', { config: { type_url: '', value: Buffer.alloc(0) } }),
    },
    // Envoy takes no values of more than 8 KiB into metadata; such baggage leaves with the member at its end.
    header: {
      header: { key: 'baggage', value: `%DYNAMIC_METADATA(${METADATA.own}:${METADATA.rewritten})%` },
      append_action: 'OVERWRITE_IF_EXISTS',
    },
  };
}
