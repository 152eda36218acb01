import { describe, expect, it } from 'vitest';
import { Catalog } from '../../../src/catalog/catalog.ts';
import { mirroredRequests } from '../../../src/intercepts/mirrors.ts';
import { resolveIntercepts } from '../../../src/intercepts/resolve.ts';
import { formatProblem } from '../../../src/problems.ts';
import type { SourceRecord } from '../../../src/sources/source.ts';
import { baseline, preview, slice } from '../../support/records.ts';

const mirror = (name: string, key?: string, annotations: Record<string, string> = {}) =>
  preview(`shop/${name}`, 'api', key, { annotations: { 'shunt.dev/mode': 'mirror', ...annotations } });
const onMatch = (text: string) => ({ 'shunt.dev/match': text });
const ALL = { 'shunt.dev/percentage': '100' };

function resolve(...records: SourceRecord[]) {
  const catalog = new Catalog('preview.example.com');
  catalog.apply(
    { upserts: [baseline('shop/api'), slice('shop/api', ['10.0.0.1', '10.0.0.2']), ...records], deletes: [] },
    0,
  );
  const { intercepts, problems } = resolveIntercepts('shop/api', catalog);
  const [port] = intercepts!.ports;
  return {
    port: port!,
    intercepts: intercepts!,
    problems: problems.map(formatProblem),
    requests: mirroredRequests(port!.mirrors).map(({ on, previews }) => [
      on.keys?.join(' ') ?? (on.match === undefined ? 'all' : 'rule'),
      ...previews.map(({ name }) => name),
    ]),
  };
}

describe('requests are copied', () => {
  it('by rules, the more specific first, then by keys, then all', () => {
    const { requests } = resolve(
      mirror('all', undefined, ALL),
      mirror('key', 'k'),
      mirror('wide', undefined, onMatch('x=1')),
      mirror('narrow', undefined, onMatch('{ path: /pay, headers: { y: 2 } }')),
    );
    expect(requests).toEqual([
      ['rule', 'narrow', 'all'],
      ['rule', 'wide', 'all'],
      ['k', 'key', 'all'],
      ['all', 'all'],
    ]);
  });

  it('to every mirror that surely wants them', () => {
    const { requests } = resolve(
      mirror('a', 'k'),
      mirror('b', 'k'),
      mirror('wide', undefined, onMatch('x=1')),
      mirror('same', undefined, onMatch('x=1')),
      mirror('narrow', undefined, onMatch('{ path: /pay, headers: { x: 1 } }')),
    );
    expect(requests).toEqual([
      ['rule', 'narrow', 'same', 'wide'],
      ['rule', 'same', 'wide'],
      ['rule', 'same', 'wide'],
      ['k', 'a', 'b'],
    ]);
  });

  it('also with the keys that fall back to that of a mirror, but for those of which there is a nearer preview', () => {
    const { requests } = resolve(
      mirror('team', 'team'),
      preview('shop/alice', 'api', 'team.alice'),
      preview('shop/bob', 'elsewhere', 'team.bob'),
    );
    expect(requests).toEqual([['team team.bob', 'team']]);
  });
});

describe('a mirror', () => {
  it('takes no requests away from the preview with the same key or match', () => {
    const { intercepts, problems } = resolve(
      mirror('copy', 'k', onMatch('x=1')),
      preview('shop/own', 'api', 'k', { annotations: onMatch('x=1') }),
    );
    expect(intercepts.intercepts.map((each) => each.preview.name)).toEqual(['own']);
    expect(problems).toEqual([]);
  });

  it("gets no requests that are its baseline's, though its pods are, and its baseline gets none of its own", () => {
    const { port } = resolve(mirror('copy', 'k'), slice('shop/copy', ['10.0.0.2', '10.0.0.9']));
    expect(port.entries.map(({ address, baseline }) => [address, baseline])).toEqual([['10.0.0.1', true]]);
    expect(port.mirrors[0]!.endpoints.map(({ address }) => address)).toEqual(['10.0.0.2', '10.0.0.9']);
  });

  it('that selects the baseline itself gets nothing, as that had the requests already, and its owner is told', () => {
    const { port, problems } = resolve(mirror('copy', 'k'), slice('shop/copy', ['10.0.0.1', '10.0.0.2']));
    expect(port.entries).toHaveLength(2);
    expect(port.mirrors[0]!.endpoints).toEqual([]);
    expect(problems.join()).toContain('all endpoints of Service shop/api are its endpoints too');
  });

  it('is one of ten at most, the older ones', () => {
    const { port, problems } = resolve(
      ...Array.from({ length: 12 }, (_, index) => mirror(`m${String.fromCharCode(97 + index)}`, 'k')),
    );
    expect(port.mirrors).toHaveLength(10);
    expect(problems).toHaveLength(2);
    expect(problems[0]).toContain(
      'Service shop/mk: Service shop/api has 10 mirrors of precedence over this one already',
    );
  });
});
