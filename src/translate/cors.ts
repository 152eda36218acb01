import type { MessageTypes } from '../protos/index.ts';
import { any } from '../protos/index.ts';
import { variesNoteIf } from './caching.ts';
import { ENCODED, substitution } from './conditional-constant.ts';
import type { GatewayOptions } from './gateway.ts';
import { METADATA, SERVED_BY } from './gateway.ts';
import { escapeRegex } from './regex.ts';

type HttpFilter = MessageTypes['envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter'];
type Rule = MessageTypes['envoy.extensions.filters.http.header_to_metadata.v3.Config.Rule'];
type Route = MessageTypes['envoy.config.route.v3.Route'];
type HeaderToAdd = MessageTypes['envoy.config.core.v3.HeaderValueOption'];

const ALLOW = 'access-control-allow-headers';
const EXPOSE = 'access-control-expose-headers';

/**
 * Notes that a request comes from a permitted origin, for the response to say which headers of Shunt's its scripts may
 * send and read. To whom else the service opens itself, and how far, stays its own affair: browsers heed this only where
 * it permits the origin, and put it beside what it says.
 *
 * It stands ahead of what reads keys: where there is one, what that says to caches counts.
 */
export function corsFilters(options: GatewayOptions): readonly HttpFilter[] {
  const rules = corsRules(options);
  if (rules.length === 0) return [];
  const config = any('envoy.extensions.filters.http.header_to_metadata.v3.Config', { request_rules: [...rules] });
  return [{ name: 'shunt.cors', typed_config: config }];
}

function corsRules(options: GatewayOptions): readonly Rule[] {
  const texts = { [ALLOW]: carrierHeaders(options).join(', '), [EXPOSE]: SERVED_BY };
  return permitted(options).flatMap((origin) => {
    const [scheme, rest] = origin.split('://') as [string, string];
    // A letter that each origin has, and that tells nothing.
    const regex = `^h(t)${scheme.slice(2)}://${hostPattern(rest)}$|^.*$`;
    const rewrite = { pattern: { regex }, substitution: substitution(texts) };
    const note = { metadata_namespace: METADATA.own, key: METADATA.cors, ...ENCODED, regex_value_rewrite: rewrite };
    return [
      { header: 'origin', on_header_present: note },
      { header: 'origin', on_header_present: variesNoteIf(regex, carrierHeaders(options)) },
    ];
  });
}

/** What the responses to such requests say besides; to all others nothing. */
export function corsHeaders(options: GatewayOptions): HeaderToAdd[] {
  if (permitted(options).length === 0) return [];
  return [ALLOW, EXPOSE].map((name) => ({
    header: { key: name, value: `%DYNAMIC_METADATA(${METADATA.own}:${METADATA.cors}:${name})%` },
    append_action: 'APPEND_IF_EXISTS_OR_ADD',
  }));
}

/**
 * Ahead of a virtual host's other routes: preflights that are made for the carrier headers alone. Without these the browser
 * would have sent the request without asking, so the service may know nothing of preflights, and the answer gives nothing
 * away: what the scripts may read of the response, the service still says in that one.
 */
export function preflightRoutes(options: GatewayOptions): readonly Route[] {
  const names = carrierHeaders(options).map(escapeRegex).join('|');
  return permitted(options).map((origin) => ({
    match: {
      prefix: '/',
      headers: [
        { name: ':method', string_match: { exact: 'OPTIONS' } },
        {
          name: 'origin',
          string_match: origin.includes('*') ? { safe_regex: { regex: hostPattern(origin) } } : { exact: origin },
        },
        // Fetch Standard, "CORS-safelisted method".
        { name: 'access-control-request-method', string_match: { safe_regex: { regex: 'GET|HEAD|POST' } } },
        { name: 'access-control-request-headers', string_match: { safe_regex: { regex: `(?:(?:${names}),? ?)+` } } },
      ],
    },
    direct_response: { status: 204 },
    response_headers_to_add: [
      header('access-control-allow-origin', '%REQ(origin)%'),
      header('access-control-allow-methods', '%REQ(access-control-request-method)%'),
      header('access-control-allow-credentials', 'true'),
      header('access-control-max-age', String(MAX_AGE_S)),
      header('vary', 'origin'),
    ],
  }));
}

/** How long a browser need not ask again. */
const MAX_AGE_S = 600;

/** In a host: one or more labels. */
const LABELS = '[a-z0-9.-]+';

/** @param text a host, or an origin. */
function hostPattern(text: string): string {
  return escapeRegex(text).replace('\\*', LABELS);
}

/** Where no header carries a key, there is nothing to permit. */
function permitted(options: GatewayOptions): readonly string[] {
  return carrierHeaders(options).length === 0 ? [] : (options.corsOrigins ?? []);
}

function carrierHeaders({ carriers: { header: own, baggage, tracestate } }: GatewayOptions): readonly string[] {
  return [own, baggage && 'baggage', tracestate && 'tracestate'].filter((name) => name !== undefined);
}

function header(key: string, value: string): HeaderToAdd {
  return { header: { key, value }, append_action: 'OVERWRITE_IF_EXISTS_OR_ADD' };
}
