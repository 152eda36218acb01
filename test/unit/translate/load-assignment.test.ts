import { describe, expect, it } from 'vitest';
import type { Baseline } from '../../../src/catalog/model.ts';
import type { EndpointEntry } from '../../../src/intercepts/intercept.ts';
import { translateLoadAssignment } from '../../../src/translate/load-assignment.ts';

const port = { name: 'http', port: 80, protocol: 'HTTP/1.1', targetPort: 80 } as const;
const api: Baseline = {
  ...{ kind: 'Service', id: 'shop/api', namespace: 'shop', name: 'api' },
  ...{ ports: [port], hosts: [], allowFrom: [] },
};
const own: EndpointEntry = { address: '10.0.0.1', port: 80, baseline: true, subsets: [], titles: [] };
const copy = (key: string, address = '10.0.0.2'): EndpointEntry => ({
  ...{ address, port: 80, baseline: false },
  ...{ subsets: [key], titles: [key] },
});

const groupsOf = (...entries: EndpointEntry[]) =>
  translateLoadAssignment(api, { port, entries, denied: new Set(), unready: [], mirrors: [], bridges: [] }).endpoints!;

describe('a load assignment', () => {
  it('says who an endpoint is by its host name, which Envoy never changes under a request, and not in metadata', () => {
    const endpoints = groupsOf(own, copy('pr-1')).flatMap(({ lb_endpoints }) => lb_endpoints!);
    expect(endpoints.map(({ endpoint }) => endpoint!.hostname)).toEqual(['api@pr-1', 'api']);
    for (const { metadata } of endpoints) expect(Object.keys(metadata!.filter_metadata!)).toEqual(['envoy.lb']);
  });

  it('gives an address that is someone else from now on another locality, so that Envoy takes the new name', () => {
    const localities = (key: string) => groupsOf(own, copy(key)).map(({ locality }) => locality);
    expect(localities('pr-1')).toEqual([{ sub_zone: 'api@pr-1' }, undefined]);
    expect(localities('pr-2')).toEqual([{ sub_zone: 'api@pr-2' }, undefined]);
  });

  it('keeps all previews at priority 0, a locality each, and the baseline at 1', () => {
    const groups = groupsOf(own, copy('pr-1'), copy('pr-2', '10.0.0.3'), copy('pr-1', '10.0.0.4'));
    const shape = groups.map(({ priority, lb_endpoints }) => [priority, lb_endpoints!.length]);
    expect(shape).toEqual([
      [0, 2],
      [0, 1],
      [1, 1],
    ]);
  });
});
