import type { MessageTypes } from '../protos/index.ts';
import { constant, ENCODED, substitution } from './conditional-constant.ts';
import type { GatewayOptions } from './gateway.ts';
import { METADATA } from './gateway.ts';

type HeaderToAdd = MessageTypes['envoy.config.core.v3.HeaderValueOption'];
type Rule = MessageTypes['envoy.extensions.filters.http.header_to_metadata.v3.Config.Rule'];
type KeyValuePair = NonNullable<Rule['on_header_present']>;

/**
 * What the answers to diverted requests say to caches, so that nobody else is given a preview's answer: not to keep it,
 * and by which headers of the request it was chosen. Whoever served: an answer of the baseline to a request with a key is
 * not everybody's either, since the preview may be there a moment later.
 *
 * The answers to all other requests stay as they are.
 */
function texts({ carriers, storeDiverted = false }: GatewayOptions): Readonly<Record<string, string>> {
  // The query and the host are part of what caches go by anyway.
  const headers = [
    carriers.header,
    carriers.cookie && 'cookie',
    carriers.baggage && 'baggage',
    carriers.tracestate && 'tracestate',
  ].filter((name) => name !== undefined);
  return {
    ...(storeDiverted ? {} : { [CACHE_CONTROL]: 'private, no-store' }),
    ...(headers.length === 0 ? {} : { [VARY]: headers.join(', ') }),
  };
}

const CACHE_CONTROL = 'cache-control';
const VARY = 'vary';

/** Notes it in any case. */
export function divertedNote(options: GatewayOptions, others: Readonly<Record<string, string>>): KeyValuePair {
  return { ...NOTE, value: constant({ ...texts(options), ...others }) };
}

/**
 * Notes that a request is diverted, where an expression's group 1 holds a letter or digit.
 *
 * @param others what else is noted then.
 */
export function divertedNoteIf(
  regex: string,
  options: GatewayOptions,
  others: Readonly<Record<string, string>> = {},
): KeyValuePair {
  const rewrite = { pattern: { regex }, substitution: substitution({ ...texts(options), ...others }) };
  return { ...NOTE, regex_value_rewrite: rewrite };
}

/**
 * For requests that other sites' scripts may add a key to: the answers differ by these headers even where there is none,
 * since the browser that stores them is one and the same.
 */
export function variesNoteIf(regex: string, headers: readonly string[]): KeyValuePair {
  const rewrite = { pattern: { regex }, substitution: substitution({ [VARY]: headers.join(', ') }) };
  return { ...NOTE, regex_value_rewrite: rewrite };
}

const NOTE = { metadata_namespace: METADATA.own, key: METADATA.caching, ...ENCODED } as const;

/** For a virtual host whose requests are diverted if it is noted of them. */
export function headersIfNoted(options: GatewayOptions): HeaderToAdd[] {
  return headers(options, (name) => `%DYNAMIC_METADATA(${METADATA.own}:${METADATA.caching}:${name})%`);
}

/** For a virtual host all of whose requests are diverted. */
export function headersOfDiverted(options: GatewayOptions): HeaderToAdd[] {
  return headers(options, (_, text) => text);
}

function headers(options: GatewayOptions, written: (name: string, text: string) => string): HeaderToAdd[] {
  return Object.entries(texts(options)).map(([name, text]) => ({
    header: { key: name, value: written(name, text) },
    // A value that comes out empty changes nothing.
    append_action: name === VARY ? 'APPEND_IF_EXISTS_OR_ADD' : 'OVERWRITE_IF_EXISTS_OR_ADD',
  }));
}
