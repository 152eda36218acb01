import { describe, expect, it } from 'vitest';
import { decode, typeUrls } from '../../../src/protos/index.ts';
import { ResponseEncoder } from '../../../src/xds/encode.ts';
import type { Respond } from '../../../src/xds/protocol.ts';
import { makeResource } from '../../support/resources.ts';

const a = makeResource(typeUrls.cluster, 'a', '1');
const long = makeResource(typeUrls.cluster, 'näme', '1', { bytes: 70_000 });
const response: Respond = {
  type: 'respond',
  typeUrl: typeUrls.cluster,
  version: '7',
  nonce: 's.1',
  resources: [a, long],
  removed: ['gone', 'too'],
  changes: [],
};

describe('an encoded response', () => {
  it('in delta is what a client decodes, with names and versions', () => {
    const bytes = new ResponseEncoder().encode('delta', response);
    const decoded = decode('envoy.service.discovery.v3.DeltaDiscoveryResponse', bytes);
    expect(decoded).toMatchObject({
      system_version_info: '7',
      type_url: typeUrls.cluster,
      nonce: 's.1',
      removed_resources: ['gone', 'too'],
      resources: [a, long].map(({ name, version, body }) => ({
        name,
        version,
        resource: { type_url: typeUrls.cluster, value: Buffer.from(body) },
      })),
    });
  });

  it('in state of the world is what a client decodes', () => {
    const bytes = new ResponseEncoder().encode('sotw', { ...response, removed: [] });
    const decoded = decode('envoy.service.discovery.v3.DiscoveryResponse', bytes);
    expect(decoded).toMatchObject({
      version_info: '7',
      type_url: typeUrls.cluster,
      nonce: 's.1',
      resources: [a, long].map(({ body }) => ({ type_url: typeUrls.cluster, value: Buffer.from(body) })),
    });
  });

  it('of the same content differs between streams in nothing but the nonce', () => {
    const encoder = new ResponseEncoder();
    const [one, two] = ['s.1', 't.9'].map((nonce) => encoder.encode('delta', { ...response, nonce }));
    expect(two!.subarray(0, -3)).toEqual(one!.subarray(0, -3));
    expect(decode('envoy.service.discovery.v3.DeltaDiscoveryResponse', two!).nonce).toBe('t.9');
  });

  it('is its own for each content, though much of it is the same', () => {
    const encoder = new ResponseEncoder();
    const contents = [
      response,
      { ...response, removed: ['gone'] },
      { ...response, removed: [] },
      { ...response, resources: [a] },
      { ...response, resources: [long] },
      { ...response, version: '8' },
      { ...response, typeUrl: typeUrls.listener },
    ];
    const encoded = contents.map((content) => encoder.encode('delta', content).toString('base64'));
    expect(new Set(encoded).size).toBe(contents.length);
    const fresh = contents.map((content) => new ResponseEncoder().encode('delta', content).toString('base64'));
    expect(encoded).toEqual(fresh);
  });
});
