import { describe, expect, it } from 'vitest';
import { decode, encode, type Json, type MessageTypes } from '../../../src/protos/index.ts';
import { nodeFilter } from '../../../src/xds/csds/node-filter.ts';

type NodeMatcher = MessageTypes['envoy.type.matcher.v3.NodeMatcher'];
type Condition = NonNullable<NonNullable<NodeMatcher['node_metadatas']>[number]['value']>;

/** As they come over the wire. */
function filterOf(matchers: readonly NodeMatcher[]) {
  const name = 'envoy.type.matcher.v3.NodeMatcher';
  return nodeFilter(matchers.map((matcher) => decode(name, encode(name, matcher))));
}

function accepts(matchers: readonly NodeMatcher[], id: string, metadata: { [key: string]: Json } = {}): boolean {
  return filterOf(matchers)({ id, cluster: '', metadata, userAgent: '', clientFeatures: [] });
}

function metadataMatcher(path: string, value: Condition): NodeMatcher {
  return { node_metadatas: [{ path: path.split('.').map((key) => ({ key })), value }] };
}

describe('a filter of nodes', () => {
  it.each<[matcher: NonNullable<NodeMatcher['node_id']>, accepted: string[], others: string[]]>([
    [{ exact: 'edge-1' }, ['edge-1'], ['edge-10', 'Edge-1', '']],
    [{ exact: '' }, [''], ['edge']],
    [{ prefix: 'edge-' }, ['edge-', 'edge-1'], ['my-edge-1', 'Edge-1']],
    [{ suffix: '-1' }, ['edge-1'], ['edge-10']],
    [{ contains: 'dge' }, ['edge-1', 'dge'], ['EDGE']],
    [{ exact: 'Edge', ignore_case: true }, ['edge', 'EDGE'], ['edge-1']],
    [{ prefix: 'EDGE', ignore_case: true }, ['edge-1'], ['my-edge']],
    [{ suffix: 'A', ignore_case: true }, ['a', 'bA'], ['ab']],
    [{ contains: 'DG', ignore_case: true }, ['edge'], ['egde']],
  ])('takes ids by %o', (node_id, accepted, others) => {
    for (const id of accepted) expect(accepts([{ node_id }], id)).toBe(true);
    for (const id of others) expect(accepts([{ node_id }], id)).toBe(false);
  });

  const metadata = { team: 'web', canary: true, at: { zone: 'z1', empty: {} }, tags: ['a', 'b', 3], none: null };

  it.each<[path: string, condition: Condition, holds: boolean]>([
    ['team', { string_match: { exact: 'web' } }, true],
    ['team', { string_match: { exact: 'api' } }, false],
    ['at.zone', { string_match: { prefix: 'z' } }, true],
    ['at.region', { string_match: { prefix: 'z' } }, false],
    ['at', { string_match: { prefix: 'z' } }, false],
    ['team.zone', { string_match: { exact: 'web' } }, false],
    ['canary', { bool_match: true }, true],
    ['canary', { bool_match: false }, false],
    ['nothing', { bool_match: false }, false],
    ['canary', { present_match: true }, true],
    ['none', { present_match: true }, true],
    ['at', { present_match: true }, false],
    ['tags', { present_match: true }, false],
    ['nothing', { present_match: true }, false],
    ['team', { present_match: false }, false],
    ['tags', { list_match: { one_of: { string_match: { exact: 'b' } } } }, true],
    ['tags', { list_match: { one_of: { string_match: { exact: 'c' } } } }, false],
    ['team', { list_match: { one_of: { string_match: { exact: 'web' } } } }, false],
    ['constructor', { present_match: true }, false],
    ['at.__proto__', { present_match: true }, false],
  ])('takes metadata at %s by %o: %s', (path, condition, holds) => {
    expect(accepts([metadataMatcher(path, condition)], 'edge', metadata)).toBe(holds);
  });

  it('takes all nodes if there is no matcher, or one without conditions', () => {
    expect(accepts([], 'edge')).toBe(true);
    expect(accepts([{}], 'edge')).toBe(true);
  });

  it('takes what any matcher takes', () => {
    const matchers = [{ node_id: { exact: 'a' } }, { node_id: { exact: 'b' } }];
    expect(accepts(matchers, 'a')).toBe(true);
    expect(accepts(matchers, 'b')).toBe(true);
    expect(accepts(matchers, 'c')).toBe(false);
  });

  it('holds a node to all conditions of a matcher', () => {
    const team = metadataMatcher('team', { string_match: { exact: 'web' } });
    const zone = metadataMatcher('at.zone', { string_match: { exact: 'z2' } });
    const both = { node_metadatas: [...team.node_metadatas!, ...zone.node_metadatas!] };
    expect(accepts([{ ...team, node_id: { exact: 'edge' } }], 'edge', metadata)).toBe(true);
    expect(accepts([{ ...team, node_id: { exact: 'other' } }], 'edge', metadata)).toBe(false);
    expect(accepts([both], 'edge', metadata)).toBe(false);
  });

  const noString =
    'has no condition that can be tried here: use exact, or a prefix, suffix or contains that is not empty.';

  it.each<[what: string, matcher: NodeMatcher, sentence: string]>([
    [
      'a regular expression, which somebody else wrote',
      { node_id: { safe_regex: { regex: '(a+)+$' } } },
      `The matcher node_id ${noString}`,
    ],
    ['an empty prefix', { node_id: { prefix: '' } }, `The matcher node_id ${noString}`],
    ['no pattern', { node_id: {} }, `The matcher node_id ${noString}`],
    [
      'no path',
      { node_metadatas: [{ value: { bool_match: true } }] },
      'The matcher node_metadatas must say by its path, key for key, where the value stands.',
    ],
    [
      'an empty key',
      { node_metadatas: [{ path: [{ key: 'at' }, {}], value: { bool_match: true } }] },
      'The matcher node_metadatas must say by its path, key for key, where the value stands.',
    ],
    [
      'no value, or one of a kind that is not known here',
      metadataMatcher('at.zone', {}),
      'The matcher node_metadatas at at.zone has no condition that can be tried here: use string_match, bool_match, present_match or list_match.',
    ],
    [
      'no condition for the elements of a list',
      metadataMatcher('tags', { list_match: {} }),
      'The matcher node_metadatas at tags has no condition that can be tried here: use string_match, bool_match, present_match or list_match.',
    ],
  ])('is refused with %s', (_what, matcher, sentence) => {
    expect(() => filterOf([matcher])).toThrow(sentence);
  });
});
