import type { HttpPort, Preview, ServiceId } from '../catalog/model.ts';
import type { PortMirror } from '../intercepts/intercept.ts';
import type { MirrorCondition, MirroredRequests } from '../intercepts/mirrors.ts';
import type { MessageTypes } from '../protos/index.ts';
import { any, duration, uint32 } from '../protos/index.ts';
import { OVER_ADS, upstreamProtocol } from './cluster.ts';
import { type Filters, turnedOn } from './filters.ts';
import type { GatewayOptions } from './gateway.ts';
import { METADATA } from './gateway.ts';

type Cluster = MessageTypes['envoy.config.cluster.v3.Cluster'];
type ClusterLoadAssignment = MessageTypes['envoy.config.endpoint.v3.ClusterLoadAssignment'];
type HttpFilter = MessageTypes['envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter'];
type RouteMatch = MessageTypes['envoy.config.route.v3.RouteMatch'];
type Policies = NonNullable<MessageTypes['envoy.config.route.v3.RouteAction']['request_mirror_policies']>;

/** The request header by which a preview, and what it calls, can tell a copy: the preview that it was made for. */
export const MIRROR_HEADER = 'x-shunt-mirror';

/** How many copies a mirror works on at a time; others are not made. */
const MOST_COPIES = 64;

/**
 * Of a copy's body, in decimal digits. Envoy stops reading from the caller while a copy's bytes find no room (observed on
 * 1.40.0: an upload of 20 MB waited until its copy was given up), so there is room for all copies that a mirror may have.
 */
const BODY_DIGITS = 6;
const ROOM = MOST_COPIES * 1024 * 1024;

/** The end of a copy, whatever it waits for. */
const LONGEST_MS = 15_000;

const CONNECT_TIMEOUT_MS = 1_000;

/** Clusters of baselines have one slash less. */
const MIRROR_PREFIX = 'mirror/';

export function mirrorClusterName(preview: Preview, port: HttpPort): string {
  return `${MIRROR_PREFIX}${preview.id}/${port.port}`;
}

/** The preview that a mirror's cluster is of. */
export function readMirrorClusterName(name: string): ServiceId {
  return name.slice(MIRROR_PREFIX.length, name.lastIndexOf('/'));
}

/** A mirror has a cluster of its own, with limits of its own: nothing that it does can use up its baseline's. */
export function translateMirrorCluster({ preview, protocol }: PortMirror, port: HttpPort): Cluster {
  return {
    name: mirrorClusterName(preview, port),
    ...OVER_ADS,
    connect_timeout: duration(CONNECT_TIMEOUT_MS),
    lb_policy: 'ROUND_ROBIN',
    per_connection_buffer_limit_bytes: uint32(ROOM),
    circuit_breakers: {
      thresholds: [
        {
          max_connections: uint32(MOST_COPIES),
          max_pending_requests: uint32(MOST_COPIES),
          max_requests: uint32(MOST_COPIES),
        },
      ],
    },
    typed_extension_protocol_options: upstreamProtocol(protocol, { max_stream_duration: duration(LONGEST_MS) }),
  };
}

export function translateMirrorAssignment({ preview, endpoints }: PortMirror, port: HttpPort): ClusterLoadAssignment {
  return {
    cluster_name: mirrorClusterName(preview, port),
    endpoints: [
      {
        lb_endpoints: endpoints.map(({ address, port: number }) => ({
          endpoint: { address: { socket_address: { address, port_value: number } } },
        })),
      },
    ],
  };
}

/** Where copies of a port's requests go. The host stays the baseline's, as virtual hosts of services may depend on it. */
export function mirrorPolicies({ on, previews }: MirroredRequests, port: HttpPort, options: GatewayOptions): Policies {
  return previews.map((preview) => {
    const { perMillion } = preview.mirror!;
    return {
      cluster: mirrorClusterName(preview, port),
      ...(perMillion === 1_000_000
        ? {}
        : { runtime_fraction: { default_value: { numerator: perMillion, denominator: 'MILLION' } } }),
      disable_shadow_host_suffix_append: true,
      request_headers_mutations: [
        {
          append: {
            header: { key: MIRROR_HEADER, value: preview.id },
            append_action: 'OVERWRITE_IF_EXISTS_OR_ADD',
          },
        },
        ...ownKey(preview, on, options),
      ],
    };
  });
}

/** A copy without a key gets its preview's, so that what the preview calls is its group's. */
function ownKey({ key }: Preview, on: MirrorCondition, { carriers: { header, baggage } }: GatewayOptions) {
  if (key === undefined || on.keys !== undefined) return [];
  if (header !== undefined) {
    return [{ append: { header: { key: header, value: key }, append_action: 'ADD_IF_ABSENT' } } as const];
  }
  if (baggage === undefined) return [];
  const member = { key: 'baggage', value: `${baggage}=${key}` };
  return [{ append: { header: member, append_action: 'APPEND_IF_EXISTS_OR_ADD' } } as const];
}

/**
 * Requests without a body, or with one that surely has room; no upgrades, whose streams may last for ever; and no copies,
 * which would be copied without end where a mirror's endpoint leads back to a gateway.
 */
const COPYABLE: NonNullable<RouteMatch['headers']> = [
  { name: MIRROR_HEADER, present_match: true, invert_match: true },
  {
    name: 'content-length',
    string_match: { safe_regex: { regex: `[0-9]{0,${BODY_DIGITS}}` } },
    treat_missing_header_as_empty: true,
  },
  { name: 'transfer-encoding', present_match: true, invert_match: true },
  { name: 'upgrade', present_match: true, invert_match: true },
];

/** Of the requests of a match, those that are copied. */
export function mirroredMatch(match: RouteMatch, { keys }: MirrorCondition): RouteMatch {
  const headers = [...(match.headers ?? []), ...COPYABLE];
  if (keys === undefined) return { ...match, headers };
  const matchers = keys.map((key) => ({ string_match: { exact: key } }));
  // Envoy takes no choice of one.
  const value = matchers.length === 1 ? matchers[0] : { or_match: { value_matchers: matchers } };
  return {
    ...match,
    headers,
    dynamic_metadata: [{ filter: METADATA.loadBalancer, path: [{ key: METADATA.preview }], value }],
  };
}

const RECONSIDER = 'shunt.reconsider';

/**
 * A route is chosen before the key is read. This filter has it chosen anew, for routes that depend on the key; it is off but
 * where there are such.
 */
export const RECONSIDERING: HttpFilter = {
  name: RECONSIDER,
  disabled: true,
  typed_config: any('envoy.extensions.filters.http.set_filter_state.v3.Config', {
    on_request_headers: [
      {
        object_key: 'shunt.key',
        factory_key: 'envoy.string',
        format_string: {
          text_format_source: { inline_string: `%DYNAMIC_METADATA(${METADATA.loadBalancer}:${METADATA.preview})%` },
          omit_empty_values: true,
        },
        skip_if_empty: true,
      },
    ],
    clear_route_cache: true,
  }),
};

/** What turns it on, on the routes that requests with the key of a mirror take at first. */
export function reconsidered(mirrored: readonly MirroredRequests[]): Filters {
  if (!mirrored.some(({ on }) => on.keys !== undefined)) return {};
  return turnedOn(RECONSIDER);
}
