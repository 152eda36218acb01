import type { Baseline, HttpPort, HttpProtocol, ServiceId } from '../catalog/model.ts';
import type { MessageTypes } from '../protos/index.ts';
import { any, duration, struct, uint32 } from '../protos/index.ts';
import { METADATA } from './gateway.ts';

type Cluster = MessageTypes['envoy.config.cluster.v3.Cluster'];

/** The subset that requests without a key, or with one that names nothing, fall to. It is no valid key. */
export const BASELINE_SUBSET = '-';

/**
 * Shared by a baseline and its previews, so far above need that no preview can use it up: Envoy's default of three
 * retries at a time gave 57 to 66 % of the requests to a killed preview a 503 (measured).
 */
const NO_LIMIT = 1_000_000;
const RETRIES = 1_024;

/**
 * Envoy closes an idle HTTP/1.1 connection before the upstream does: a request that meets the upstream's closing is
 * lost if it may not be sent twice. Node.js and many others close after 5 s.
 */
const IDLE_TIMEOUT_MS = 4_000;

/**
 * A SYN that is lost is sent again after 1 s (RFC 6298, 2.1), so anything shorter takes one lost packet, or an Envoy
 * that got no CPU for so long, for a dead endpoint: it is ejected, and all requests that wait for any connection to it are given up (Envoy's
 * ConnPoolImplBase::purgePendingStreams). A second one is sent after 3 s.
 */
const CONNECT_TIMEOUT_MS = 2_500;

export function clusterName(baseline: Baseline, port: HttpPort): string {
  return `${baseline.id}/${port.port}`;
}

/** The baseline and port that a cluster's name stands for. */
export function readClusterName(name: string): { readonly baseline: ServiceId; readonly port: number } {
  const slash = name.lastIndexOf('/');
  return { baseline: name.slice(0, slash), port: Number(name.slice(slash + 1)) };
}

/**
 * In a row, before an endpoint is left alone. Envoy counts each stream that the upstream cuts off after its headers too, and
 * so does a WebSocket end: at 1, the preview went for seconds whenever somebody closed one.
 */
const FAILURES = 5;

/** A cluster holds a port of a baseline and all its previews; its settings never depend on the previews. */
export function translateCluster(baseline: Baseline, port: HttpPort): Cluster {
  return {
    ...httpCluster(clusterName(baseline, port), port.protocol),
    lb_subset_config: {
      fallback_policy: 'DEFAULT_SUBSET',
      default_subset: struct({ [METADATA.preview]: BASELINE_SUBSET }),
      subset_selectors: [{ keys: [METADATA.preview] }],
      list_as_any: true,
    },
  };
}

/** A cluster whose endpoints come by themselves, and all of which serve everyone. */
export function httpCluster(name: string, protocol: HttpProtocol): Cluster {
  return {
    name,
    ...OVER_ADS,
    connect_timeout: duration(CONNECT_TIMEOUT_MS),
    lb_policy: 'ROUND_ROBIN',
    common_lb_config: {
      // At 0 an outage of the baseline by ejections lasts longer; at the default of 50 a dead preview panics.
      healthy_panic_threshold: { value: 1 },
      // The default of 1 s delays a second ejection, and its callers get 503.
      update_merge_window: duration(0),
    },
    circuit_breakers: {
      thresholds: [
        {
          max_connections: uint32(NO_LIMIT),
          max_pending_requests: uint32(NO_LIMIT),
          max_requests: uint32(NO_LIMIT),
          max_retries: uint32(RETRIES),
        },
      ],
    },
    // Only what never was a response ejects: a preview's errors are its own answers.
    outlier_detection: {
      split_external_local_origin_errors: true,
      consecutive_local_origin_failure: uint32(FAILURES),
      enforcing_consecutive_local_origin_failure: uint32(100),
      enforcing_consecutive_5xx: uint32(0),
      enforcing_consecutive_gateway_failure: uint32(0),
      enforcing_success_rate: uint32(0),
      interval: duration(1_000),
      base_ejection_time: duration(2_000),
      // At the default of 300 s a preview that was away for long, such as a developer's machine, would be left alone for as
      // long after its return; much shorter, and more requests would wait for an address that swallows packets.
      max_ejection_time: duration(20_000),
      max_ejection_percent: uint32(100),
    },
    typed_extension_protocol_options: upstreamProtocol(protocol),
  };
}

/** Endpoints come over the stream that brought the cluster. */
export const OVER_ADS = {
  type: 'EDS',
  // Without a timeout Envoy keeps a changed cluster's predecessor until the endpoints are there.
  eds_cluster_config: {
    eds_config: { ads: {}, resource_api_version: 'V3', initial_fetch_timeout: duration(0) },
  },
} as const satisfies Omit<Cluster, 'name'>;

/** What is spoken with the endpoints of a cluster. */
export function upstreamProtocol(
  protocol: HttpProtocol,
  options: MessageTypes['envoy.config.core.v3.HttpProtocolOptions'] = {},
): NonNullable<Cluster['typed_extension_protocol_options']> {
  const isHttp2 = protocol === 'HTTP/2';
  const common = { ...(isHttp2 ? {} : { idle_timeout: duration(IDLE_TIMEOUT_MS) }), ...options };
  return {
    [HTTP_PROTOCOL_OPTIONS]: any(HTTP_PROTOCOL_OPTIONS, {
      ...(Object.keys(common).length === 0 ? {} : { common_http_protocol_options: common }),
      explicit_http_config: isHttp2 ? { http2_protocol_options: {} } : { http_protocol_options: {} },
    }),
  };
}

const HTTP_PROTOCOL_OPTIONS = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
