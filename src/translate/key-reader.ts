import { HOST_PARTS } from '../intercepts/preview-hosts.ts';
import type { MessageTypes } from '../protos/index.ts';
import { divertedNote, divertedNoteIf } from './caching.ts';
import type { GatewayOptions } from './gateway.ts';
import { METADATA } from './gateway.ts';
import { KEY, KEY_BY_LETTER, memberStartOf, NO_KEY } from './key-syntax.ts';
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

/** Where a key stands. A cookie is looked for in its own header. */
type Place = { readonly header: string } | { readonly cookie: string };

/** What makes a value the key: matches of the expression give way to the substitution. */
interface Reading {
  readonly regex: string;
  readonly substitution: string;
}

interface Carrier {
  readonly from: Place;
  readonly reading: Reading;
  /** An expression that holds a letter or digit as group 1 if there is a key. */
  readonly present: string;
}

/**
 * Reads the key of a request into dynamic metadata, where the load balancer finds it, so that no route depends on it.
 *
 * The carriers in rising precedence, from what a request inherits to what it was made with: the members of tracestate and
 * baggage, which services hand on; the cookie, which a browser keeps; the query parameter, which a link may hold; the
 * preview's host, which is a preview's alone; the header, which was set for this request.
 */
export function translateKeyReader(options: GatewayOptions): Config {
  const { tracestate, baggage, cookie, query } = options.carriers;
  const rules = [
    ...(tracestate === undefined ? [] : readingRules(inText('tracestate', tracestate, tracestatePattern), options)),
    ...(baggage === undefined ? [] : baggageRules(inText('baggage', baggage, memberPattern), options)),
    ...(cookie === undefined ? [] : readingRules(whole({ cookie }), options)),
    ...(query === undefined ? [] : readingRules(inText(':path', query, queryPattern), options)),
    ...headerRules(options),
  ];
  return { request_rules: rules };
}

/**
 * The same for preview hosts, behind the other: only there a request pays for the look at its host. What such a host begins
 * with is a key, as good as always.
 */
export function translateHostReader(options: GatewayOptions): Config {
  const from = { header: ':authority' };
  const reading = hostReading(options.previewDomain);
  return {
    request_rules: [
      stored(from, reading, METADATA.loadBalancer, METADATA.preview),
      stored(from, reading, METADATA.own, METADATA.handed),
      { ...from, on_header_present: divertedNote(options, memberStartNote(options)) },
      ...headerRules(options),
    ],
  };
}

/**
 * The reader of a listener where a token's claim is the key, and nothing else carries one.
 *
 * @param header that holds the claim, and does not go on.
 */
export function translateClaimReader(header: string, options: GatewayOptions): Config {
  const rules = readingRules(whole({ header }), options);
  return { request_rules: rules.map((rule, index) => (index === rules.length - 1 ? { ...rule, remove: true } : rule)) };
}

function headerRules(options: GatewayOptions): readonly Rule[] {
  const { header } = options.carriers;
  return header === undefined ? [] : readingRules(whole({ header }), options);
}

/**
 * Reads a key for the load balancer, and once more for the request to leave with. A note says that there is one, for the
 * response, and holds what stands ahead of the key in a baggage member. All of it is written or nothing, so that what is no
 * key adds nothing.
 */
function readingRules({ from, reading, present }: Carrier, options: GatewayOptions): readonly Rule[] {
  return [
    stored(from, reading, METADATA.loadBalancer, METADATA.preview),
    stored(from, reading, METADATA.own, METADATA.handed),
    { ...from, on_header_present: divertedNoteIf(present, options, memberStartNote(options)) },
  ];
}

/**
 * Reads a key that the baggage has as a member already, and need not be handed on there; but where tracestate may have
 * another, it has to stand in for that.
 */
function baggageRules(carrier: Carrier, options: GatewayOptions): readonly Rule[] {
  if (options.carriers.tracestate !== undefined) return readingRules(carrier, options);
  const { from, reading, present } = carrier;
  return [
    stored(from, reading, METADATA.loadBalancer, METADATA.preview),
    stored(from, reading, METADATA.own, METADATA.inherited),
    { ...from, on_header_present: divertedNoteIf(present, options) },
  ];
}

const MEMBER_START = 'member';

function memberStartNote({ carriers: { baggage } }: GatewayOptions): Readonly<Record<string, string>> {
  return baggage === undefined ? {} : { [MEMBER_START]: `${baggage}=` };
}

/** The baggage member that the reader has made, or nothing. */
export const MEMBER_READ = [`${METADATA.caching}:${MEMBER_START}`, METADATA.handed]
  .map((path) => `%DYNAMIC_METADATA(${METADATA.own}:${path})%`)
  .join('');

/** Where the whole value is the key. One that is, which no group has to find, is matched by nothing and stays. */
function whole(from: Place): Carrier {
  const reading = { regex: NO_KEY, substitution: '' };
  return { from, reading, present: `^${KEY_BY_LETTER}$|^.*$` };
}

/** @param patternOf makes the expression of those for the name and for the key. */
function inText(header: string, name: string, patternOf: (name: string, key: string) => string): Carrier {
  return {
    from: { header },
    reading: { regex: patternOf(escapeRegex(name), `(${KEY})`), substitution: '\\1' },
    present: patternOf(escapeRegex(name), KEY_BY_LETTER),
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
function hostReading(previewDomain: string): Reading {
  const afterPart = (part: number): string => {
    const ending = part === 1 ? '--[^.]+\\.' : '---[^.]+(\\.)';
    return part === HOST_PARTS ? ending : `(?:--(${PART})${afterPart(part + 1)}|${ending})`;
  };
  // Groups are counted by where they open: the parts, then the dots of the longest key to the shortest.
  const parts = Array.from({ length: HOST_PARTS }, (_, index) => index + 1);
  const dotsAfter = (part: number) => parts.slice(part).map((_, index) => `\\${HOST_PARTS + 1 + index}`);
  return {
    regex: `^(${PART})${afterPart(1)}${anyCase(previewDomain)}[0-:]*$|^.*$`,
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

function stored(from: Place, { regex, substitution }: Reading, space: string, key: string): Rule {
  const rewrite = { pattern: { regex }, substitution };
  return {
    ...from,
    on_header_present: { metadata_namespace: space, key, type: 'STRING', regex_value_rewrite: rewrite },
  };
}
