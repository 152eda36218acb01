import type { MessageTypes } from '../protos/index.ts';
import { any } from '../protos/index.ts';
import { type Filters, turnedOn } from './filters.ts';
import type { GatewayOptions } from './gateway.ts';
import { METADATA } from './gateway.ts';
import { anyMember, memberStart } from './key-syntax.ts';

type HttpFilter = MessageTypes['envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter'];
type RouteMatch = MessageTypes['envoy.config.route.v3.RouteMatch'];

const WITHOUT_MEMBER = 'shunt.baggage';

/**
 * A filter that is off, but on the routes of `replacingMatches`: it takes the baggage away and notes what of it is no
 * member of that name, which the route configuration puts back. Envoy takes no values of more than 8 KiB into metadata, and
 * W3C Baggage (section 3.3.2) wants no more to be handed on.
 */
export function baggageFilters({ carriers: { baggage } }: GatewayOptions): readonly HttpFilter[] {
  if (baggage === undefined) return [];
  return [
    {
      name: WITHOUT_MEMBER,
      disabled: true,
      typed_config: any('envoy.extensions.filters.http.header_to_metadata.v3.Config', {
        request_rules: [
          {
            header: 'baggage',
            remove: true,
            on_header_present: {
              metadata_namespace: METADATA.own,
              key: METADATA.rewritten,
              type: 'STRING',
              regex_value_rewrite: { pattern: { regex: anyMember(memberStart(baggage), ',') }, substitution: '' },
            },
          },
        ],
      }),
    },
  ];
}

/**
 * The requests among those of a match whose baggage may have to be rewritten: those that carry a key in it and elsewhere
 * too. Envoy compares no two headers with one another, so where both agree the baggage is rewritten to the same.
 *
 * Where tracestate may hold a key, that of the baggage is handed on as those of other carriers are.
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
  // No expressions: these are asked of every request.
  const inBaggage = { name: 'baggage', string_match: { contains: baggage } };
  const when = (...conditions: NonNullable<RouteMatch['headers']>): RouteMatch => ({
    ...match,
    headers: [...(match.headers ?? []), inBaggage, ...conditions],
  });
  if (onPreviewHost || tracestate !== undefined) return [when()];
  const matches: RouteMatch[] = [];
  if (header !== undefined) matches.push(when({ name: header, present_match: true }));
  if (cookie !== undefined) matches.push(when({ name: 'cookie', string_match: { contains: `${cookie}=` } }));
  if (query !== undefined) {
    const inQuery = { name: query, present_match: true };
    matches.push({ ...when(), query_parameters: [...(match.query_parameters ?? []), inQuery] });
  }
  return matches;
}

/** What makes a route replace the member. */
export const REPLACING: Filters = turnedOn(WITHOUT_MEMBER);
