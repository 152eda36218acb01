import { readFileSync } from 'node:fs';
import type { MessageTypes } from '../protos/index.ts';
import { any } from '../protos/index.ts';
import { type Filters, turnedOn } from './filters.ts';
import { type GatewayOptions, METADATA } from './gateway.ts';
import { anyMember } from './key-syntax.ts';
import { anyCase } from './regex.ts';

type HttpFilter = MessageTypes['envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter'];
type HeaderMutation = MessageTypes['envoy.config.common.mutation_rules.v3.HeaderMutation'];
type Rule = MessageTypes['envoy.extensions.filters.http.header_to_metadata.v3.Config.Rule'];
type RouteMatch = MessageTypes['envoy.config.route.v3.RouteMatch'];

const TAKE = 'shunt.strip';
const PUT_BACK = 'shunt.stripped';
const QUERY = 'shunt.strip-query';

/** A header with members, of which one may hold a key. */
interface MemberHeader {
  readonly header: string;
  /** Of the member. */
  readonly name: string;
  /** What members end with. */
  readonly separators: string;
}

/**
 * Filters that are off, but on the routes of `strippingMatches`: the first takes headers away and notes what of them is no
 * key, the second puts that back. What is too long for metadata, 8 KiB, is not put back: a key is not to get through.
 *
 * No filter but a program changes a query without decoding all of it.
 */
export function stripFilters(options: GatewayOptions): readonly HttpFilter[] {
  const headers = memberHeaders(options);
  const { query } = options.carriers;
  const ofHeaders: HttpFilter[] = [
    {
      name: TAKE,
      disabled: true,
      typed_config: any('envoy.extensions.filters.http.header_to_metadata.v3.Config', {
        request_rules: headers.map(takeRule),
      }),
    },
    {
      name: PUT_BACK,
      disabled: true,
      typed_config: any('envoy.extensions.filters.http.header_mutation.v3.HeaderMutation', {
        mutations: { request_mutations: headers.map(putBack) },
      }),
    },
  ];
  const source = () => readFileSync(new URL('../../envoy/strip-query.lua', import.meta.url), 'utf8');
  const ofQuery = (name: string): HttpFilter => ({
    name: QUERY,
    disabled: true,
    typed_config: any('envoy.extensions.filters.http.lua.v3.Lua', {
      // The name is of characters that Lua quotes as JSON does.
      default_source_code: { inline_string: `local NAME = ${JSON.stringify(name.toLowerCase())}\n${source()}` },
    }),
  });
  return [...(headers.length === 0 ? [] : ofHeaders), ...(query === undefined ? [] : [ofQuery(query)])];
}

/** Wider than what the key reader takes: in whatever case, with whatever value. */
function takeRule(carrier: MemberHeader): Rule {
  const { header, name, separators } = carrier;
  const regex = anyMember(`[ \\t]*${anyCase(name)}[ \\t]*=`, separators);
  const rewrite = { pattern: { regex }, substitution: '' };
  return {
    header,
    remove: true,
    on_header_present: { ...noted(carrier), type: 'STRING', regex_value_rewrite: rewrite },
  };
}

function putBack(carrier: MemberHeader): HeaderMutation {
  const { metadata_namespace, key } = noted(carrier);
  const value = `%DYNAMIC_METADATA(${metadata_namespace}:${key})%`;
  return { append: { header: { key: carrier.header, value }, append_action: 'ADD_IF_ABSENT' } };
}

function noted({ header }: MemberHeader) {
  return { metadata_namespace: METADATA.own, key: `stripped-${header}` };
}

/** The requests among those of a match that may hold a key, with the filters that then are turned on. */
export function strippingMatches(
  match: RouteMatch,
  options: GatewayOptions,
): readonly { readonly match: RouteMatch; readonly filters: Filters }[] {
  const { query } = options.carriers;
  const headers = memberHeaders(options);
  const ofHeaders: Filters = headers.length === 0 ? {} : turnedOn(TAKE, PUT_BACK);
  const when = (name: string, contains: string, filters: Filters) => {
    const condition = { name, string_match: { contains, ignore_case: true } };
    return { match: { ...match, headers: [...(match.headers ?? []), condition] }, filters };
  };
  // The name of a parameter may be encoded.
  const texts = query === undefined ? [] : [query, '%'];
  return [
    ...texts.map((text) => when(':path', text, { ...ofHeaders, ...turnedOn(QUERY) })),
    ...headers.map(({ header, name }) => when(header, name, ofHeaders)),
  ];
}

/** Headers that never go on with a request of somebody who is not trusted: the key's, also as CGI programs spell it. */
export function strippedHeaders({ carriers: { header } }: GatewayOptions): readonly string[] {
  return header === undefined ? [] : [...new Set([header, header.replaceAll('-', '_')])];
}

function memberHeaders({ carriers: { tracestate, baggage, cookie } }: GatewayOptions): readonly MemberHeader[] {
  const found: MemberHeader[] = [];
  if (tracestate !== undefined) found.push({ header: 'tracestate', name: tracestate, separators: ',' });
  if (baggage !== undefined) found.push({ header: 'baggage', name: baggage, separators: ',' });
  // Of several lines of HTTP/1.1 one is made, with commas.
  if (cookie !== undefined) found.push({ header: 'cookie', name: cookie, separators: ';,' });
  return found;
}
