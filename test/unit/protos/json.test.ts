import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  any,
  bool,
  double,
  duration,
  encode,
  fromJson,
  type MessageName,
  type MessageTypes,
  struct,
  toJson,
  uint32,
} from '../../../src/protos/index.ts';

describe('a message as JSON', () => {
  const cluster = encode('envoy.config.cluster.v3.Cluster', {
    name: 'shop/api:80',
    type: 'EDS',
    lb_policy: 'ROUND_ROBIN',
    connect_timeout: duration(250),
    per_connection_buffer_limit_bytes: uint32(0),
    common_lb_config: { healthy_panic_threshold: double(1), update_merge_window: duration(0) },
    lb_subset_config: {
      fallback_policy: 'DEFAULT_SUBSET',
      default_subset: struct({ preview: '-' }),
      subset_selectors: [{ keys: ['preview'] }],
      list_as_any: true,
    },
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': any(
        'envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
        { explicit_http_config: { http2_protocol_options: {} } },
      ),
    },
  });

  const json = {
    name: 'shop/api:80',
    type: 'EDS',
    connect_timeout: '0.250s',
    per_connection_buffer_limit_bytes: 0,
    common_lb_config: { healthy_panic_threshold: { value: 1 }, update_merge_window: '0s' },
    lb_subset_config: {
      fallback_policy: 'DEFAULT_SUBSET',
      default_subset: { preview: '-' },
      subset_selectors: [{ keys: ['preview'] }],
      list_as_any: true,
    },
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
        explicit_http_config: { http2_protocol_options: {} },
      },
    },
  };

  it('is what Envoy documents: snake_case, durations, plain wrappers and Structs, expanded Any, no defaults', () => {
    expect(toJson('envoy.config.cluster.v3.Cluster', cluster)).toEqual(json);
  });

  it('is read back to the same bytes', () => {
    expect(fromJson('envoy.config.cluster.v3.Cluster', json)).toEqual(cluster);
  });

  it('expands an Any within an Any, and writes bytes as base64', () => {
    const filter = any('envoy.extensions.filters.http.router.v3.Router', { suppress_envoy_headers: true });
    const listener = encode('envoy.config.listener.v3.Listener', {
      filter_chains: [
        {
          filters: [
            {
              name: 'http',
              typed_config: any('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager', {
                http_filters: [{ name: 'router', typed_config: filter }],
                use_remote_address: bool(false),
                route_config: {
                  virtual_hosts: [
                    { routes: [{ direct_response: { status: 200, body: { inline_bytes: Buffer.from('ok') } } }] },
                  ],
                },
              }),
            },
          ],
        },
      ],
    });
    expect(toJson('envoy.config.listener.v3.Listener', listener)).toEqual({
      filter_chains: [
        {
          filters: [
            {
              name: 'http',
              typed_config: {
                '@type':
                  'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
                http_filters: [
                  {
                    name: 'router',
                    typed_config: {
                      '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router',
                      suppress_envoy_headers: true,
                    },
                  },
                ],
                use_remote_address: false,
                route_config: {
                  virtual_hosts: [{ routes: [{ direct_response: { status: 200, body: { inline_bytes: 'b2s=' } } }] }],
                },
              },
            },
          ],
        },
      ],
    });
  });

  it('keeps the member of a oneof that is set to its default', () => {
    expect(roundTrip('envoy.config.route.v3.RouteMatch', { prefix: '' })).toEqual({ prefix: '' });
  });

  it('writes 64-bit integers as strings, as canonical JSON does', () => {
    expect(
      roundTrip('envoy.config.route.v3.HeaderMatcher', { range_match: { start: 1, end: '9007199254740993' } }),
    ).toEqual({ range_match: { start: '1', end: '9007199254740993' } });
  });

  it('of a Struct is the plain object that it was made from', () => {
    const anyObject = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 6 });
    fc.assert(
      fc.property(anyObject as fc.Arbitrary<Parameters<typeof struct>[0]>, (fields) => {
        expect(JSON.stringify(sorted(roundTrip('google.protobuf.Struct', struct(fields))))).toBe(
          JSON.stringify(sorted(fields)),
        );
      }),
    );
  });

  it('says which field is unknown', () => {
    expect(() => fromJson('envoy.config.cluster.v3.Cluster', { nam: 'api' })).toThrow(
      '.envoy.config.cluster.v3.Cluster: unknown field: "nam"',
    );
  });

  it('says which type within an Any is unknown', () => {
    const unknown = { type_url: 'type.googleapis.com/acme.Rocket', value: Buffer.alloc(0) };
    expect(() => roundTrip('google.protobuf.Any', unknown)).toThrow('acme.Rocket');
  });
});

function roundTrip<Name extends MessageName>(name: Name, message: MessageTypes[Name]): unknown {
  return toJson(name, encode(name, message));
}

/** The same value with the keys of every object in order, so that two can be compared as text. */
function sorted(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(sorted);
  if (typeof json !== 'object' || json === null) return json;
  return Object.fromEntries(
    Object.entries(json)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, value]) => [key, sorted(value)]),
  );
}
