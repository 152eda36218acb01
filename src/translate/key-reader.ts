import type { MessageTypes } from '../protos/index.ts';
import { any } from '../protos/index.ts';
import type { GatewayOptions } from './gateway.ts';
import { METADATA } from './gateway.ts';

type Config = MessageTypes['envoy.extensions.filters.http.header_to_metadata.v3.Config'];
type Rule = MessageTypes['envoy.extensions.filters.http.header_to_metadata.v3.Config.Rule'];

/** A key, as a carrier may hold it (see `isKey`); a little wider, since a wrong key names no preview. */
const KEY = '[a-z0-9][a-z0-9.-]*';

/** A carrier: where the key stands, and the expression that extracts it as group 1 unless the whole value is the key. */
interface Carrier {
  /** A cookie is looked for in its own header. */
  readonly from: { readonly header: string } | { readonly cookie: string };
  readonly pattern?: string;
  /** Whether the request must still be given the key as a baggage member by its route. */
  readonly addsBaggage: boolean;
}

/**
 * Reads the key of a request into dynamic metadata, where the load balancer finds it, so that no route depends on it.
 *
 * The carriers in rising precedence, from what a request inherits to what it was made with: the baggage member, which
 * services hand on; the cookie, which a browser keeps; the preview's host, which was typed; the header, which was set
 * for this request.
 */
export function translateKeyReader(options: GatewayOptions): Config {
  const rules = carriers(options).flatMap((carrier) => [
    stored(carrier, METADATA.loadBalancer, METADATA.preview),
    ...baggageRules(carrier, options),
  ]);
  return { request_rules: rules };
}

/**
 * The reader on the route of a rule: the rule's preview serves whatever keys the request carries, since those may mean
 * other services. They are read into metadata of their own, so that the request leaves with them.
 */
export function translateRuleReader(subset: string, options: GatewayOptions) {
  const rules = carriers(options).flatMap((carrier) => [
    stored(carrier, METADATA.own, METADATA.carried),
    ...baggageRules(carrier, options),
  ]);
  // Every request has a path.
  const constant = {
    metadata_namespace: METADATA.loadBalancer,
    key: METADATA.preview,
    type: 'STRING',
    value: subset,
  } as const;
  return any('envoy.extensions.filters.http.header_to_metadata.v3.Config', {
    request_rules: [{ header: ':path', on_header_present: constant }, ...rules],
  });
}

function carriers({ carriers: { baggage, cookie, host, header }, previewDomain }: GatewayOptions): readonly Carrier[] {
  const found: Carrier[] = [];
  if (baggage !== undefined) {
    found.push({ from: { header: 'baggage' }, pattern: memberPattern(baggage), addsBaggage: false });
  }
  if (cookie !== undefined) found.push({ from: { cookie }, addsBaggage: true });
  if (host) found.push({ from: { header: ':authority' }, pattern: hostPattern(previewDomain), addsBaggage: false });
  if (header !== undefined) found.push({ from: { header }, addsBaggage: true });
  return found;
}

/** Tied to the preview domain: elsewhere `xn--…` is a name, and no key. Hosts are the same in any case, keys are not. */
function hostPattern(previewDomain: string): string {
  return `^(${KEY}?)--(?i:[^.]+\\.${escapeRegex(previewDomain)})(?::[0-9]+)?$|^.*$`;
}

/**
 * A member of W3C `baggage`: in any position, with spaces, tabs and properties around it. Of several the last counts.
 * What does not match is rewritten to nothing, and nothing is not written.
 */
function memberPattern(name: string): string {
  return `^(?:.*,)?[ \\t]*${escapeRegex(name)}[ \\t]*=[ \\t]*(${KEY})[ \\t]*(?:[,;].*)?$|^.*$`;
}

function stored({ from, pattern }: Carrier, space: string, key: string): Rule {
  const target = { metadata_namespace: space, key, type: 'STRING' } as const;
  if (pattern === undefined) return { ...from, on_header_present: target };
  const rewrite = { pattern: { regex: pattern }, substitution: '\\1' };
  return { ...from, on_header_present: { ...target, regex_value_rewrite: rewrite } };
}

/**
 * The key as the baggage member that a route adds to the request. A substitution cannot say "only if it matched", so
 * this works for carriers whose whole value is the key, and what is none leaves an empty member; preview hosts have
 * routes of their own that add it.
 */
function baggageRules({ from, addsBaggage }: Carrier, { carriers: { baggage } }: GatewayOptions): readonly Rule[] {
  if (!addsBaggage || baggage === undefined) return [];
  const rewrite = { pattern: { regex: `^(${KEY})$|^.*$` }, substitution: `${baggage}=\\1` };
  const target = { metadata_namespace: METADATA.own, key: METADATA.baggage, type: 'STRING' } as const;
  return [{ ...from, on_header_present: { ...target, regex_value_rewrite: rewrite } }];
}

/** For RE2. */
function escapeRegex(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
