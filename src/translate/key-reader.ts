import { HOST_PARTS } from '../intercepts/preview-hosts.ts';
import type { MessageTypes } from '../protos/index.ts';
import { any } from '../protos/index.ts';
import { divertedNote, divertedNoteIf } from './caching.ts';
import { corsRules } from './cors.ts';
import type { GatewayOptions } from './gateway.ts';
import { METADATA } from './gateway.ts';
import { KEY, memberStartOf } from './key-syntax.ts';
import { anyCase, escapeRegex } from './regex.ts';

type Config = MessageTypes['envoy.extensions.filters.http.header_to_metadata.v3.Config'];
type Rule = MessageTypes['envoy.extensions.filters.http.header_to_metadata.v3.Config.Rule'];

/** What stands between the dots of a key in a host. */
const PART = '[a-z0-9-]+?';

/**
 * Characters of the longest preview domain whose expression an Envoy takes without the limit that our bootstrap sets
 * (`re2.max_program_size.error_level`, 100 by default): each character is one instruction.
 */
export const LONGEST_DOMAIN_BY_DEFAULT = 49;

/** A carrier: where the key stands, and the expression that extracts it as group 1 unless the whole value is the key. */
interface Carrier {
  /** A cookie is looked for in its own header. */
  readonly from: { readonly header: string } | { readonly cookie: string };
  readonly pattern?: string;
  /** What of the pattern's groups makes the key. Default: group 1. */
  readonly substitution?: string;
  /**
   * Where the whole value is not the key, an expression that holds a letter as group 1 if there is a key. Preview hosts
   * need none: they are virtual hosts of their own.
   */
  readonly present?: { readonly regex: string; readonly letter: string };
  /** Whether the reader makes the baggage member that the route adds: it can where the whole value is the key. */
  readonly addsBaggage: boolean;
}

/**
 * Reads the key of a request into dynamic metadata, where the load balancer finds it, so that no route depends on it.
 *
 * The carriers in rising precedence, from what a request inherits to what it was made with: the members of tracestate and
 * baggage, which services hand on; the cookie, which a browser keeps; the query parameter, which a link may hold; the
 * preview's host, which is a preview's alone; the header, which was set for this request.
 */
export function translateKeyReader(options: GatewayOptions): Config {
  const rules = carriers(options).flatMap((carrier) => [
    stored(carrier, METADATA.loadBalancer, METADATA.preview),
    ...baggageRules(carrier, options),
    ...noteRules(carrier, options),
  ]);
  return { request_rules: [...corsRules(options), ...rules] };
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
    request_rules: [
      { header: ':path', on_header_present: constant },
      ...corsRules(options),
      { header: ':path', on_header_present: divertedNote(options) },
      ...rules,
    ],
  });
}

/**
 * The reader of a listener where a token's claim is the key, and nothing else carries one.
 *
 * @param header that holds the claim, and does not go on.
 */
export function translateClaimReader(header: string, options: GatewayOptions): Config {
  const carrier: Carrier = { from: { header }, pattern: `^(${KEY})$|^.*$`, addsBaggage: true };
  const rules = [
    stored(carrier, METADATA.loadBalancer, METADATA.preview),
    ...baggageRules(carrier, options),
    { header, on_header_present: divertedNote(options) },
  ];
  return { request_rules: rules.map((rule, index) => (index === rules.length - 1 ? { ...rule, remove: true } : rule)) };
}

function carriers({ carriers: on, previewDomain }: GatewayOptions): readonly Carrier[] {
  const { tracestate, baggage, cookie, query, host, header } = on;
  const found: Carrier[] = [];
  if (tracestate !== undefined) found.push(inText('tracestate', tracestate, tracestatePattern));
  if (baggage !== undefined) found.push(inText('baggage', baggage, memberPattern));
  if (cookie !== undefined) found.push({ from: { cookie }, addsBaggage: true });
  if (query !== undefined) found.push(inText(':path', query, queryPattern));
  if (host) found.push({ from: { header: ':authority' }, ...hostReading(previewDomain), addsBaggage: false });
  if (header !== undefined) found.push({ from: { header }, addsBaggage: true });
  return found;
}

/** @param patternOf makes the expression of those for the name and for the key. */
function inText(header: string, name: string, patternOf: (name: string, key: string) => string): Carrier {
  const letter = /[A-Za-z0-9]/.exec(name)![0];
  const [before, after] = [name.slice(0, name.indexOf(letter)), name.slice(name.indexOf(letter) + 1)];
  const withLetter = `${escapeRegex(before)}(${letter})${escapeRegex(after)}`;
  return {
    from: { header },
    pattern: patternOf(escapeRegex(name), `(${KEY})`),
    present: { regex: patternOf(withLetter, KEY), letter },
    addsBaggage: false,
  };
}

/**
 * Reads `KEY--SERVICE` in the preview domain, where a key's dots are written `--` and a key with dots ends in `---`:
 * `checkout--alice---api` holds `checkout.alice`. So a preview's host stays one DNS label under the domain, as wildcard
 * certificates want, and is never two keys'. (If `--` ended keys with dots too, `checkout--alice--api` would also be the
 * key `checkout` for the Service `alice` in the namespace `api`.)
 *
 * A substitution writes its own text even where groups are empty, so the dots are those of the host, captured once for
 * each number of parts: where nothing matches, nothing is written.
 *
 * Tied to the preview domain: elsewhere `xn--…` is a name, and no key. Hosts are the same in any case, keys are not.
 */
function hostReading(previewDomain: string): { readonly pattern: string; readonly substitution: string } {
  const afterPart = (part: number): string => {
    const ending = part === 1 ? '--[^.]+\\.' : '---[^.]+(\\.)';
    return part === HOST_PARTS ? ending : `(?:--(${PART})${afterPart(part + 1)}|${ending})`;
  };
  // Groups are counted by where they open: the parts, then the dots of the longest key to the shortest.
  const parts = Array.from({ length: HOST_PARTS }, (_, index) => index + 1);
  const dotsAfter = (part: number) => parts.slice(part).map((_, index) => `\\${HOST_PARTS + 1 + index}`);
  return {
    pattern: `^(${PART})${afterPart(1)}${anyCase(previewDomain)}[0-:]*$|^.*$`,
    substitution: parts.flatMap((part) => [`\\${part}`, ...dotsAfter(part)]).join(''),
  };
}

/**
 * A member of W3C `baggage`: in any position, with spaces, tabs and properties around it. Of several the last counts.
 * What does not match is rewritten to nothing, and nothing is not written.
 */
function memberPattern(name: string, key: string): string {
  return `^(?:.*,)?${memberStartOf(name)}[ \\t]*${key}[ \\t]*(?:[,;].*)?$|^.*$`;
}

/** A member of W3C `tracestate`, which has no properties and no spaces but around members. The newest stands first. */
function tracestatePattern(name: string, key: string): string {
  return `^(?:.*?,)??[ \\t]*${name}=${key}[ \\t]*(?:,.*)?$|^.*$`;
}

/** A query parameter of a path. Of several the first counts, as in `URLSearchParams`. */
function queryPattern(name: string, key: string): string {
  return `^[^?]*\\?(?:.*?&)??${name}=${key}(?:&.*)?$|^.*$`;
}

function stored({ from, pattern, substitution = '\\1' }: Carrier, space: string, key: string): Rule {
  const target = { metadata_namespace: space, key, type: 'STRING' } as const;
  if (pattern === undefined) return { ...from, on_header_present: target };
  const rewrite = { pattern: { regex: pattern }, substitution };
  return { ...from, on_header_present: { ...target, regex_value_rewrite: rewrite } };
}

/** Notes that there is a key, for the response to say so. */
function noteRules({ from, pattern, present }: Carrier, options: GatewayOptions): readonly Rule[] {
  if (present !== undefined) {
    return [{ ...from, on_header_present: divertedNoteIf(present.regex, present.letter, options) }];
  }
  return pattern === undefined ? [{ ...from, on_header_present: divertedNote(options) }] : [];
}

/**
 * The key as the baggage member that a route adds to the request. A substitution cannot say "only if it matched", so
 * this works for carriers whose whole value is the key, and what is none leaves an empty member; for the others there are
 * routes that add it.
 */
function baggageRules({ from, addsBaggage }: Carrier, { carriers: { baggage } }: GatewayOptions): readonly Rule[] {
  if (!addsBaggage || baggage === undefined) return [];
  const rewrite = { pattern: { regex: `^(${KEY})$|^.*$` }, substitution: `${baggage}=\\1` };
  const target = { metadata_namespace: METADATA.own, key: METADATA.baggage, type: 'STRING' } as const;
  return [{ ...from, on_header_present: { ...target, regex_value_rewrite: rewrite } }];
}
