import fc from 'fast-check';
import { describe, expect, expectTypeOf, it } from 'vitest';
import {
  any,
  bool,
  type DecodedTypes,
  decode,
  double,
  duration,
  encode,
  type MessageTypes,
  struct,
  typeUrl,
  typeUrls,
  uint32,
} from '../../../src/protos/index.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

describe('encode and decode', () => {
  it('write a message as protobuf does', () => {
    const bytes = encode('envoy.config.cluster.v3.Cluster', {
      name: 'api',
      type: 'EDS',
      connect_timeout: { nanos: 250_000_000 },
    });
    const [name, type, connectTimeout] = ['0a03617069', '1003', '22051080e59a77'];
    expect(hex(bytes)).toBe(`${name}${type}${connectTimeout}`);
  });

  it('give back what was written, with enums by name, 64-bit integers as strings and every repeated field', () => {
    const bytes = encode('envoy.config.route.v3.RetryPolicy', {
      retry_on: 'connect-failure',
      num_retries: uint32(2),
      host_selection_retry_max_attempts: 3,
    });
    expect(decode('envoy.config.route.v3.RetryPolicy', bytes)).toEqual({
      retry_on: 'connect-failure',
      num_retries: { value: 2 },
      host_selection_retry_max_attempts: '3',
      retry_host_predicate: [],
      retriable_status_codes: [],
      retriable_headers: [],
    });
  });

  it('know the types of each message by its name', () => {
    expectTypeOf<MessageTypes['envoy.config.cluster.v3.Cluster']['name']>().toEqualTypeOf<string | undefined>();
    expectTypeOf<DecodedTypes['envoy.service.discovery.v3.DiscoveryRequest']['resource_names']>().toEqualTypeOf<
      string[]
    >();
  });

  it('tell an absent message from an empty one, and keep a set member of a oneof that has its default', () => {
    const absent = encode('envoy.config.route.v3.RouteAction', { cluster: 'a' });
    const zero = encode('envoy.config.route.v3.RouteAction', { cluster: 'a', timeout: duration(0) });
    expect(decode('envoy.config.route.v3.RouteAction', absent).timeout).toBeUndefined();
    expect(decode('envoy.config.route.v3.RouteAction', zero).timeout).toEqual({});

    const everything = encode('envoy.config.route.v3.RouteMatch', { prefix: '' });
    expect(decode('envoy.config.route.v3.RouteMatch', everything).prefix).toBe('');
  });

  it('skip what protos/ does not name: a newer Envoy may say more', () => {
    const unknownField = Buffer.from('fa7f0161', 'hex'); // field 2047: "a"
    const request = encode('envoy.service.discovery.v3.DiscoveryRequest', { version_info: 'v' });
    expect(
      decode('envoy.service.discovery.v3.DiscoveryRequest', Buffer.concat([unknownField, request])).version_info,
    ).toBe('v');
  });

  it('read from any Uint8Array, and give fields of bytes as Buffers', () => {
    const bytes = encode('google.protobuf.Any', { type_url: 'x', value: Buffer.from('value') });
    const partOfLarger = new Uint8Array([0xff, ...bytes, 0xff]).subarray(1, -1);
    expect(decode('google.protobuf.Any', partOfLarger)).toEqual({ type_url: 'x', value: Buffer.from('value') });
  });

  it.each([
    [
      'cut short',
      '0a0561',
      /^The bytes are no valid envoy\.service\.discovery\.v3\.DiscoveryRequest: index out of range/,
    ],
    ['not UTF-8', '0a02fffe', /^The bytes are no valid envoy\.service\.discovery\.v3\.DiscoveryRequest: .*utf-8/],
    [
      'no protobuf',
      'ffffffffffffffffffffff',
      /^The bytes are no valid envoy\.service\.discovery\.v3\.DiscoveryRequest: /,
    ],
  ])('refuse bytes that are %s, and say so', (_what, bytes, sentence) => {
    expect(() => decode('envoy.service.discovery.v3.DiscoveryRequest', Buffer.from(bytes, 'hex'))).toThrow(sentence);
  });

  it('refuse two members of one oneof, of which a reader would take only one', () => {
    expect(() =>
      encode('envoy.config.route.v3.RouteAction', { host_rewrite_literal: 'a', auto_host_rewrite: bool(true) }),
    ).toThrow('envoy.config.route.v3.RouteAction cannot be encoded: host_rewrite_specifier: multiple values.');
  });
});

describe('the bytes of a message', () => {
  it('do not depend on the order in which the entries of a map were written', () => {
    const a = any('envoy.extensions.filters.http.router.v3.Router', {});
    const b = any('envoy.extensions.filters.http.header_to_metadata.v3.Config', {});
    const route = (typed_per_filter_config: object) =>
      encode('envoy.config.route.v3.VirtualHost', {
        routes: [{ typed_per_filter_config: { ...typed_per_filter_config } }],
      });
    expect(hex(route({ a, b }))).toBe(hex(route({ b, a })));
  });

  it('do not depend on the order of the keys of a Struct, at any depth and in any field', () => {
    const shuffled = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 }), {
      maxKeys: 6,
    }) as fc.Arbitrary<JsonObject>;
    fc.assert(
      fc.property(shuffled, (fields) => {
        expect(hex(assignment(reversed(fields) as JsonObject))).toBe(hex(assignment(fields)));
      }),
    );
  });

  it('are made without changing the message, which may be frozen', () => {
    const filter_metadata = deepFreeze({ b: struct({}), a: struct({ z: 1, y: [2, 3] }) });
    const locality = deepFreeze({ lb_endpoints: [{ metadata: { filter_metadata } }] });
    encode('envoy.config.endpoint.v3.ClusterLoadAssignment', deepFreeze({ endpoints: [locality] }));
    expect(Object.keys(filter_metadata)).toEqual(['b', 'a']);
  });
});

type JsonObject = Parameters<typeof struct>[0];

/** A load assignment with these fields in the metadata of an endpoint. */
function assignment(fields: JsonObject): Uint8Array {
  return encode('envoy.config.endpoint.v3.ClusterLoadAssignment', {
    endpoints: [{ lb_endpoints: [{ metadata: { filter_metadata: { 'envoy.lb': struct(fields) } } }] }],
  });
}

function deepFreeze<Value extends object>(value: Value): Value {
  for (const nested of Object.values(value)) if (typeof nested === 'object' && nested !== null) deepFreeze(nested);
  return Object.freeze(value);
}

/** The same value with the keys of every object in the opposite order. */
function reversed(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(reversed);
  if (typeof json !== 'object' || json === null) return json;
  return Object.fromEntries(
    Object.entries(json)
      .reverse()
      .map(([key, value]) => [key, reversed(value)]),
  );
}

describe('the small constructors', () => {
  it.each([
    [0, {}],
    [250, { nanos: 250_000_000 }],
    [1500, { seconds: '1', nanos: 500_000_000 }],
    [999.9999999, { seconds: '1' }],
    [-1500, { seconds: '-1', nanos: -500_000_000 }],
    [365 * 24 * 3600 * 1000, { seconds: '31536000' }],
  ])('make a Duration of %d milliseconds', (milliseconds, expected) => {
    const read = decode(
      'envoy.config.cluster.v3.Cluster',
      encode('envoy.config.cluster.v3.Cluster', { connect_timeout: duration(milliseconds) }),
    );
    expect(read.connect_timeout).toEqual(expected);
  });

  it('make the messages that hold one value', () => {
    expect([uint32(7), bool(false), double(0.5)]).toEqual([{ value: 7 }, { value: false }, { value: 0.5 }]);
  });

  it('make an Any with the type URL and the bytes of a message', () => {
    const router = { suppress_envoy_headers: true };
    expect(any('envoy.extensions.filters.http.router.v3.Router', router)).toEqual({
      type_url: 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router',
      value: encode('envoy.extensions.filters.http.router.v3.Router', router),
    });
  });

  it('name the types of resources by their URLs', () => {
    expect(typeUrls.loadAssignment).toBe('type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment');
    expect(typeUrls.cluster).toBe(typeUrl('envoy.config.cluster.v3.Cluster'));
  });
});
