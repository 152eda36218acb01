import type { DecodedTypes, Json } from '../../protos/index.ts';
import type { Node } from '../node.ts';

type NodeMatcher = DecodedTypes['envoy.type.matcher.v3.NodeMatcher'];
type StringMatcher = NonNullable<NodeMatcher['node_id']>;
type StructMatcher = NodeMatcher['node_metadatas'][number];
type ValueMatcher = NonNullable<StructMatcher['value']>;

/**
 * Which nodes a request asks for: those that any of the matchers accepts, or all if there is none.
 *
 * @throws Error saying what to write instead, if a matcher has no condition that is known here. Regular expressions are
 * none: one that somebody else wrote can keep this process busy for ever.
 */
export function nodeFilter(matchers: readonly NodeMatcher[]): (node: Node) => boolean {
  const conditions = matchers.map(nodeCondition);
  return (node) => conditions.length === 0 || conditions.some((holds) => holds(node));
}

function nodeCondition({ node_id, node_metadatas }: NodeMatcher): (node: Node) => boolean {
  const ofId = node_id ? stringCondition(node_id, 'node_id') : () => true;
  const ofMetadata = node_metadatas.map(metadataCondition);
  return ({ id, metadata }) => ofId(id) && ofMetadata.every((holds) => holds(metadata));
}

function metadataCondition({ path, value }: StructMatcher): (metadata: Node['metadata']) => boolean {
  const keys = path.map(({ key }) => key ?? '');
  if (keys.length === 0 || keys.includes('')) {
    throw new Error('The matcher node_metadatas must say by its path, key for key, where the value stands.');
  }
  const holds = valueCondition(value ?? {}, `node_metadatas at ${keys.join('.')}`);
  return (metadata) => holds(keys.reduce(member, metadata as Json | undefined));
}

function member(value: Json | undefined, key: string): Json | undefined {
  return isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

type ValueCondition = (value: Json | undefined) => boolean;

function valueCondition(matcher: ValueMatcher, where: string): ValueCondition {
  const { string_match, bool_match, present_match, list_match } = matcher;
  if (string_match) {
    const holds = stringCondition(string_match, where);
    return (value) => typeof value === 'string' && holds(value);
  }
  if (bool_match !== undefined) return (value) => value === bool_match;
  if (present_match !== undefined) return (value) => present_match && isPrimitive(value);
  if (list_match?.one_of) {
    const holds = valueCondition(list_match.one_of, where);
    return (value) => Array.isArray(value) && value.some(holds);
  }
  throw new Error(
    `The matcher ${where} has no condition that can be tried here: use string_match, bool_match, present_match or list_match.`,
  );
}

function stringCondition(matcher: StringMatcher, where: string): (text: string) => boolean {
  const { exact, prefix, suffix, contains, ignore_case } = matcher;
  const fold = ignore_case ? (text: string) => text.toLowerCase() : (text: string) => text;
  if (exact !== undefined) return (text) => fold(text) === fold(exact);
  if (prefix) return (text) => fold(text).startsWith(fold(prefix));
  if (suffix) return (text) => fold(text).endsWith(fold(suffix));
  if (contains) return (text) => fold(text).includes(fold(contains));
  throw new Error(
    `The matcher ${where} has no condition that can be tried here: use exact, or a prefix, suffix or contains that is not empty.`,
  );
}

function isObject(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A string, a number, a boolean or null. */
function isPrimitive(value: Json | undefined): boolean {
  return value === null || (value !== undefined && typeof value !== 'object');
}
