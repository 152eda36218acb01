import { isIP } from 'node:net';
import type { HostPort, Protocol } from '../settings/index.ts';
import { adminCluster, probeListener } from './probe.ts';
import { socketAddress } from './socket-address.ts';
import { type ControlPlaneTls, transportSocket } from './tls.ts';

/** The name of the static cluster through which an Envoy reaches the control plane. */
export const controlPlaneCluster = 'shunt-xds';

/** The key of the node metadata that names the namespace whose Services an Envoy reaches by their short names. */
export const namespaceMetadata = 'shunt.dev/namespace';

export interface BootstrapOptions {
  /** Where the control plane serves ADS. */
  readonly xds: HostPort;
  readonly nodeId: string;
  readonly protocol: Protocol;
  readonly namespace?: string | undefined;
  /** Undefined is plaintext. */
  readonly tls?: ControlPlaneTls | undefined;
  /** Where this Envoy's own admin interface listens: an IP address. */
  readonly admin: HostPort;
  /** Where it says whether it is ready, and its statistics: an IP address. Undefined is nowhere. */
  readonly probe?: HostPort | undefined;
}

/** A `envoy.config.bootstrap.v3.Bootstrap` in its JSON form. */
export type Bootstrap = Readonly<Record<string, unknown>>;

/** What an Envoy is started with, so that it takes everything else from the control plane. Pure. */
export function bootstrapConfig({ xds, nodeId, protocol, namespace, tls, admin, probe }: BootstrapOptions): Bootstrap {
  return {
    node: {
      id: nodeId,
      cluster: 'shunt-gateway',
      ...(namespace === undefined ? {} : { metadata: { [namespaceMetadata]: namespace } }),
    },
    // Whoever reaches this interface controls the Envoy. It must answer even when the limit of connections below is reached.
    admin: { address: socketAddress(admin), ignore_global_conn_limit: true },
    dynamic_resources: {
      ads_config: {
        api_type: protocol === 'delta' ? 'DELTA_GRPC' : 'GRPC',
        transport_api_version: 'V3',
        set_node_on_first_message_only: true,
        grpc_services: [
          {
            envoy_grpc: {
              cluster_name: controlPlaneCluster,
              // Measured: back within 0.3 s of the control plane's return; by default it takes up to 26 s.
              retry_policy: { retry_back_off: { base_interval: '0.1s', max_interval: '0.5s' } },
            },
          },
        ],
      },
      cds_config: overAds,
      lds_config: overAds,
    },
    static_resources: {
      ...(probe === undefined ? {} : { listeners: [probeListener(probe)] }),
      clusters: [
        {
          name: controlPlaneCluster,
          ...(isIP(xds.host) === 0
            ? // A name such as localhost has addresses of both families, of which the control plane may serve only one.
              { type: 'STRICT_DNS', dns_lookup_family: 'ALL' }
            : { type: 'STATIC' }),
          connect_timeout: '1s',
          typed_extension_protocol_options: {
            'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
              '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
              explicit_http_config: {
                http2_protocol_options: {
                  // A control plane that vanished without a word (a lost node, a dropped route) is noticed in 15 s. Without
                  // this the stream would seem alive for as long as TCP takes to give up.
                  connection_keepalive: { interval: '10s', timeout: '5s' },
                },
              },
            },
          },
          ...(tls === undefined ? {} : { transport_socket: transportSocket(tls) }),
          load_assignment: {
            cluster_name: controlPlaneCluster,
            endpoints: [{ lb_endpoints: [{ endpoint: { address: socketAddress(xds) } }] }],
          },
        },
        ...(probe === undefined ? [] : [adminCluster(admin)]),
      ],
    },
    // Previews that speak another protocol than their baseline are reached through listeners without a socket.
    bootstrap_extensions: [
      {
        name: 'envoy.bootstrap.internal_listener',
        typed_config: {
          '@type': 'type.googleapis.com/envoy.extensions.bootstrap.internal_listener.v3.InternalListener',
        },
      },
    ],
    // Most services of a fleet get no request at a given gateway. Measured with 1,000 services of 20 previews: 370 MB instead
    // of 620, and started in 0.9 s instead of 1.4.
    cluster_manager: { enable_deferred_cluster_creation: true },
    deferred_stat_options: { enable_deferred_creation_stats: true },
    overload_manager: {
      resource_monitors: [
        {
          // From Envoy's page "Configuring Envoy as an edge proxy". Without a limit Envoy runs out of file descriptors instead.
          name: 'envoy.resource_monitors.global_downstream_max_connections',
          typed_config: {
            '@type':
              'type.googleapis.com/envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig',
            max_active_downstream_connections: 50_000,
          },
        },
      ],
    },
    layered_runtime: {
      layers: [
        {
          name: 'static',
          // Envoy refuses a regular expression whose program is larger than 100, which the one that reads a key from a host
          // exceeds where the preview domain is long. A domain has 253 characters at most, which stays below this.
          static_layer: { 're2.max_program_size.error_level': 1000 },
        },
      ],
    },
  };
}

// No time limit for the first answer: an Envoy without listeners would call itself ready, and a load balancer send to it.
const overAds = { ads: {}, resource_api_version: 'V3', initial_fetch_timeout: '0s' };
