import type { MessageTypes } from '../protos/index.ts';
import { any } from '../protos/index.ts';
import { divertedNote } from './caching.ts';
import { type Filters, turnedOn } from './filters.ts';
import { type GatewayOptions, METADATA } from './gateway.ts';
import { MEMBER_READ } from './key-reader.ts';

type HttpFilter = MessageTypes['envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter'];
type RouteConfiguration = MessageTypes['envoy.config.route.v3.RouteConfiguration'];
type HeaderToAdd = MessageTypes['envoy.config.core.v3.HeaderValueOption'];

export const SET_RULE = 'shunt.rule';

/**
 * Whatever carried the key in, the request leaves with it as header and as baggage member, so that services which hand on
 * trace context hand it on. A value that comes out empty adds nothing. It is said once for all routes: each text is parsed
 * where it stands, which would be most of what a route costs.
 */
export function handOn({
  carriers: { header, baggage },
}: GatewayOptions): Pick<RouteConfiguration, 'request_headers_to_add'> {
  const overwrite = (key: string, name: string): HeaderToAdd => ({
    header: { key, value: `%DYNAMIC_METADATA(${METADATA.own}:${name})%` },
    append_action: 'OVERWRITE_IF_EXISTS_OR_ADD',
  });
  // Envoy appends after it has overwritten.
  const member = { header: { key: 'baggage', value: MEMBER_READ }, append_action: 'APPEND_IF_EXISTS_OR_ADD' } as const;
  return {
    request_headers_to_add: [
      ...(header === undefined ? [] : [overwrite(header, METADATA.inherited), overwrite(header, METADATA.handed)]),
      ...(baggage === undefined ? [] : [overwrite('baggage', METADATA.rewritten), member]),
    ],
  };
}

const NOTE_RULE = 'shunt.ruled';

/** Off, but on the routes of rules, ahead of what reads keys: it notes that the request is diverted, whatever its key. */
export function ruleNoteFilter(options: GatewayOptions): HttpFilter {
  return {
    name: NOTE_RULE,
    disabled: true,
    typed_config: any(HEADER_TO_METADATA, { request_rules: [constantly(divertedNote(options, {}))] }),
  };
}

/**
 * Off, but on the routes of rules, behind what reads keys. The preview of a rule serves whatever keys the request carries,
 * since those may mean other services, and the request leaves with them.
 */
export function ruleFilter(): HttpFilter {
  return {
    name: SET_RULE,
    disabled: true,
    // Each route has its own.
    typed_config: any(HEADER_TO_METADATA, {
      request_rules: [constantly({ metadata_namespace: METADATA.own, key: 'none', value: 'none' })],
    }),
  };
}

/** What the route of a rule says of filters: whose its requests are. */
export function onRule(subset: string): Filters {
  const config = any(HEADER_TO_METADATA, {
    request_rules: [constantly({ metadata_namespace: METADATA.loadBalancer, key: METADATA.preview, value: subset })],
  });
  return { ...turnedOn(NOTE_RULE), [SET_RULE]: config };
}

const HEADER_TO_METADATA = 'envoy.extensions.filters.http.header_to_metadata.v3.Config' as const;

/** Of every request, since each has a path. */
function constantly<T>(on_header_present: T) {
  return { header: ':path', on_header_present };
}
