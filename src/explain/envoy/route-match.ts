import type { MessageTypes } from '../../protos/index.ts';
import { matchesWhole } from './expression.ts';
import { linesOf, pathOf, queryParameter, type SeenRequest } from './request.ts';
import { nothingElse } from './unknown.ts';

type RouteMatch = MessageTypes['envoy.config.route.v3.RouteMatch'];
type HeaderMatcher = MessageTypes['envoy.config.route.v3.HeaderMatcher'];
type QueryMatcher = MessageTypes['envoy.config.route.v3.QueryParameterMatcher'];
type MetadataMatcher = NonNullable<RouteMatch['dynamic_metadata']>[number];
type ValueMatcher = NonNullable<MetadataMatcher['value']>;
type StringMatcher = MessageTypes['envoy.type.matcher.v3.StringMatcher'];

/** What the filters have written about a request: values by namespace and key. */
export type DynamicMetadata = (space: string, key: string) => string | undefined;

const NOTHING_WRITTEN: DynamicMetadata = () => undefined;

/** Whether a route takes a request. */
export function matchesRoute(match: RouteMatch, request: SeenRequest, metadata = NOTHING_WRITTEN): boolean {
  const { prefix, path, safe_regex, path_separated_prefix, headers = [], query_parameters = [], ...others } = match;
  const { dynamic_metadata = [], ...rest } = others;
  nothingElse('RouteMatch', rest);
  const own = pathOf(request);
  if (typeof prefix === 'string' && !own.startsWith(prefix)) return false;
  if (typeof path === 'string' && own !== path) return false;
  if (typeof path_separated_prefix === 'string' && !isUnder(path_separated_prefix, own)) return false;
  if (safe_regex?.regex !== undefined && !matchesWhole(safe_regex.regex, own)) return false;
  return (
    headers.every((matcher) => matchesHeader(matcher, request)) &&
    query_parameters.every((matcher) => matchesQuery(matcher, request)) &&
    dynamic_metadata.every((matcher) => matchesMetadata(matcher, metadata))
  );
}

function matchesMetadata({ filter, path, value, ...rest }: MetadataMatcher, metadata: DynamicMetadata): boolean {
  nothingElse('MetadataMatcher', rest);
  const own = metadata(filter!, path![0]!.key!);
  return own !== undefined && matchesValue(value!, own);
}

function matchesValue({ string_match, or_match, ...rest }: ValueMatcher, value: string): boolean {
  nothingElse('ValueMatcher', rest);
  if (or_match) return or_match.value_matchers!.some((each) => matchesValue(each, value));
  return matchesText(string_match!, value);
}

function isUnder(prefix: string, path: string): boolean {
  return path === prefix || path.startsWith(`${prefix}/`);
}

function matchesHeader(matcher: HeaderMatcher, request: SeenRequest): boolean {
  const { name, present_match, string_match, invert_match, treat_missing_header_as_empty, ...rest } = matcher;
  nothingElse('HeaderMatcher', rest);
  const lines = linesOf(request, name!);
  const inverted = invert_match === true;
  if (typeof present_match === 'boolean') return (lines.length > 0 === present_match) !== inverted;
  // A header that is not there matches nothing, not even the opposite of something.
  if (lines.length === 0 && treat_missing_header_as_empty !== true) return false;
  // Since Envoy 1.39 each line is compared by itself.
  const values = lines.length === 0 ? [''] : lines;
  return values.some((value) => matchesText(string_match!, value)) !== inverted;
}

function matchesQuery(matcher: QueryMatcher, request: SeenRequest): boolean {
  const { name, present_match, string_match, ...rest } = matcher;
  nothingElse('QueryParameterMatcher', rest);
  const value = queryParameter(request, name!);
  if (typeof present_match === 'boolean') return (value !== undefined) === present_match;
  return value !== undefined && matchesText(string_match!, value);
}

function matchesText(matcher: StringMatcher, text: string): boolean {
  const { exact, prefix, suffix, contains, safe_regex, ignore_case, ...rest } = matcher;
  nothingElse('StringMatcher', rest);
  if (safe_regex?.regex !== undefined) return matchesWhole(safe_regex.regex, text);
  const fold = (each: string) => (ignore_case === true ? lowerAscii(each) : each);
  const own = fold(text);
  if (typeof exact === 'string') return own === fold(exact);
  if (typeof prefix === 'string') return own.startsWith(fold(prefix));
  if (typeof suffix === 'string') return own.endsWith(fold(suffix));
  return own.includes(fold(contains!));
}

/** Envoy folds ASCII only. */
function lowerAscii(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
