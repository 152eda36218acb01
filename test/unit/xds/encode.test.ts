import { describe, expect, it } from 'vitest';
import { decode, typeUrls } from '../../../src/protos/index.ts';
import { deltaPrefix } from '../../../src/resources/index.ts';
import { encodeResponse, type WireMessage } from '../../../src/xds/encode.ts';
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
  unknown: ['nüt'],
  changes: [],
};

describe('an encoded response', () => {
  it('in delta is what a client decodes, with names and versions', () => {
    const bytes = bytesOf(encodeResponse('delta', response));
    const decoded = decode('envoy.service.discovery.v3.DeltaDiscoveryResponse', bytes);
    expect(decoded).toMatchObject({
      system_version_info: '7',
      type_url: typeUrls.cluster,
      nonce: 's.1',
      removed_resources: ['gone', 'too'],
      resources: [
        ...[a, long].map(({ name, version, body }) => ({
          name,
          version,
          resource: { type_url: typeUrls.cluster, value: Buffer.from(body) },
        })),
        { name: 'nüt', aliases: ['nüt'] },
      ],
    });
    expect(decoded.resources[2]?.resource).toBeFalsy();
  });

  it('in state of the world is what a client decodes', () => {
    const bytes = bytesOf(encodeResponse('sotw', { ...response, removed: [], unknown: [] }));
    const decoded = decode('envoy.service.discovery.v3.DiscoveryResponse', bytes);
    expect(decoded).toMatchObject({
      version_info: '7',
      type_url: typeUrls.cluster,
      nonce: 's.1',
      resources: [a, long].map(({ body }) => ({ type_url: typeUrls.cluster, value: Buffer.from(body) })),
    });
  });

  it('copies no resource before it goes out: the pieces are those of every other stream', () => {
    const copied: Uint8Array[] = [];
    const target = { set: (piece: Uint8Array) => copied.push(piece) } as unknown as Uint8Array;
    encodeResponse('delta', response).copy(target);
    encodeResponse('delta', { ...response, nonce: 't.9' }).copy(target);
    expect(copied.filter((piece) => piece === a.body)).toHaveLength(2);
    expect(copied.filter((piece) => piece === deltaPrefix(long))).toHaveLength(2);
  });

  it('differs between streams in nothing but the nonce', () => {
    const [one, two] = ['s.1', 't.9'].map((nonce) => bytesOf(encodeResponse('delta', { ...response, nonce })));
    expect(two!.subarray(0, -3)).toEqual(one!.subarray(0, -3));
    expect(decode('envoy.service.discovery.v3.DeltaDiscoveryResponse', two!).nonce).toBe('t.9');
  });
});

/** As grpc-js does it. */
function bytesOf(message: WireMessage): Buffer {
  const output = Buffer.alloc(message.byteLength + 5);
  message.copy(output, 5);
  return output.subarray(5);
}
