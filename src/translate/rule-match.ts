import type { Comparison, Condition, Match, PathCondition, ValueTest } from '../catalog/model.ts';
import { isUnder } from '../intercepts/paths.ts';
import type { MessageTypes } from '../protos/index.ts';
import { memberStart } from './key-syntax.ts';
import { escapeRegex } from './regex.ts';

type RouteMatch = MessageTypes['envoy.config.route.v3.RouteMatch'];
type HeaderMatcher = MessageTypes['envoy.config.route.v3.HeaderMatcher'];
type QueryMatcher = MessageTypes['envoy.config.route.v3.QueryParameterMatcher'];
type StringMatcher = MessageTypes['envoy.type.matcher.v3.StringMatcher'];

/** All paths under a prefix, by whole segments; `/` is every path. */
export function pathMatch(prefix: string): RouteMatch {
  return prefix === '/' ? { prefix } : { path_separated_prefix: prefix };
}

/**
 * The requests under a path prefix that match a rule; undefined where there can be none.
 *
 * Envoy's own matcher of cookies is younger than the definitions that gRPC ships, so cookies are read from their header as
 * baggage is from its.
 */
export function translateMatch({ path, method, conditions }: Match, pathPrefix: string): RouteMatch | undefined {
  const match = narrowPath(path, pathPrefix);
  if (match === undefined) return undefined;
  const headers = [
    ...(match.headers ?? []),
    ...(method === undefined ? [] : [{ name: ':method', string_match: { exact: method } }]),
    ...conditions.flatMap((condition) => headerMatcher(condition) ?? []),
  ];
  const query = conditions.flatMap((condition) => queryMatcher(condition) ?? []);
  return {
    ...match,
    ...(headers.length === 0 ? {} : { headers }),
    ...(query.length === 0 ? {} : { query_parameters: query }),
  };
}

/** A path that satisfies a rule and lies under the prefix of an outside host. */
function narrowPath(path: PathCondition | undefined, pathPrefix: string): RouteMatch | undefined {
  if (path === undefined) return pathMatch(pathPrefix);
  switch (path.kind) {
    case 'exact':
      return isUnder(pathPrefix, path.value) ? { path: path.value } : undefined;
    case 'prefix':
      if (isUnder(pathPrefix, path.value)) return pathMatch(path.value);
      return isUnder(path.value, pathPrefix) ? pathMatch(pathPrefix) : undefined;
    case 'regex': {
      const match = { safe_regex: { regex: path.value } };
      if (pathPrefix === '/') return match;
      // A route has one condition on its path. The header holds the query too.
      const under = { regex: `${escapeRegex(pathPrefix)}(?:[/?].*)?` };
      return { ...match, headers: [{ name: ':path', string_match: { safe_regex: under } }] };
    }
    default:
      return path.kind satisfies never;
  }
}

function headerMatcher({ source, name, test }: Condition): HeaderMatcher | undefined {
  switch (source) {
    case 'header':
      if ('value' in test) return { name, string_match: stringMatcher(test) };
      return { name, present_match: true, ...(test.kind === 'absent' ? { invert_match: true } : {}) };
    case 'cookie':
      return listMatcher('cookie', cookiePattern(name, test), test);
    case 'baggage':
      return listMatcher('baggage', memberPattern(name, test), test);
    case 'query':
      return undefined;
    default:
      return source satisfies never;
  }
}

function queryMatcher({ source, name, test }: Condition): QueryMatcher | undefined {
  if (source !== 'query') return undefined;
  return 'value' in test
    ? { name, string_match: stringMatcher(test) }
    : { name, present_match: test.kind === 'present' };
}

/** `ignore_case` says nothing to Envoy beside an expression. */
function stringMatcher({ kind, value, ignoreCase }: Comparison): StringMatcher {
  if (kind === 'regex') return { safe_regex: { regex: ignoreCase ? `(?i:${value})` : value } };
  return { [kind]: value, ...(ignoreCase ? { ignore_case: true } : {}) };
}

/** A header that is not there holds no member: an empty one stands for it, or the inverted condition would fail too. */
function listMatcher(header: string, regex: string, test: ValueTest): HeaderMatcher {
  const matcher = { name: header, string_match: { safe_regex: { regex } } };
  return test.kind === 'absent' ? { ...matcher, invert_match: true, treat_missing_header_as_empty: true } : matcher;
}

/** Of several cookies of one name any may match, quoted or not. Envoy joins their lines by `; `. */
function cookiePattern(name: string, test: ValueTest): string {
  const value = 'value' in test ? `"?${valuePattern(test, ';')}"?[ \\t]*` : '[^;]*';
  return `(?:.*;)?[ \\t]*${escapeRegex(name)}=${value}(?:;.*)?`;
}

/** A member in any position, with spaces, tabs and properties around it, as the reader of keys finds it. */
function memberPattern(name: string, test: ValueTest): string {
  const value = 'value' in test ? `[ \\t]*${valuePattern(test, ',;')}[ \\t]*(?:[,;].*)?` : '.*';
  return `(?:.*,)?${memberStart(name)}${value}`;
}

/** @param end the characters that end a value; an expression excludes them already. */
function valuePattern({ kind, value, ignoreCase }: Comparison, end: string): string {
  const rest = `[^${end}]*`;
  const escaped = kind === 'regex' ? value : escapeRegex(value);
  const before = kind === 'suffix' || kind === 'contains' ? rest : '';
  const after = kind === 'prefix' || kind === 'contains' ? rest : '';
  return `(?${ignoreCase ? 'i' : ''}:${before}${escaped}${after})`;
}
