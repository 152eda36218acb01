import type { Baseline } from '../catalog/model.ts';
import type { BaselineIntercepts } from '../intercepts/intercept.ts';
import type { Listing } from '../intercepts/listing.ts';
import type { Routing } from '../intercepts/routing.ts';
import { type Resource, resourceOf } from '../resources/index.ts';
import { translateBridge } from './bridge.ts';
import { translateListing } from './browser.ts';
import { clusterName, translateCluster } from './cluster.ts';
import type { GatewayOptions, RoutesFor } from './gateway.ts';
import { grpcTargets, translateGrpcListener, translatePlainAssignment } from './grpc-client.ts';
import { translateListener } from './listener.ts';
import { translateLoadAssignment } from './load-assignment.ts';
import { translateMirrorAssignment, translateMirrorCluster } from './mirror.ts';
import { referencesOf } from './references.ts';
import type { RouteIntercepts } from './routes.ts';
import { translateRoutes } from './routes.ts';
import { routesOf } from './trust.ts';

/** The Listeners, which depend on the settings alone. */
export function listenerResources(options: GatewayOptions): readonly Resource[] {
  return options.listen.map((address) =>
    resourceOf('envoy.config.listener.v3.Listener', translateListener(address, options)),
  );
}

/** A Cluster for each port of a baseline. Depends on the baseline alone, and on none of its previews. */
export function clusterResources(baseline: Baseline): readonly Resource[] {
  return baseline.ports.map((port) => resourceOf('envoy.config.cluster.v3.Cluster', translateCluster(baseline, port)));
}

/** A ClusterLoadAssignment for each port of a baseline: all that a preview with a key changes. */
export function loadAssignmentResources({ baseline, ports }: BaselineIntercepts): readonly Resource[] {
  return ports.map((each) =>
    resourceOf('envoy.config.endpoint.v3.ClusterLoadAssignment', translateLoadAssignment(baseline, each)),
  );
}

/** A Cluster and its ClusterLoadAssignment for each port of a baseline's and each mirror of it. */
export function mirrorResources({ ports }: BaselineIntercepts): readonly Resource[] {
  return ports.flatMap(({ port, mirrors }) =>
    mirrors.flatMap((mirror) => [
      resourceOf('envoy.config.cluster.v3.Cluster', translateMirrorCluster(mirror, port)),
      resourceOf('envoy.config.endpoint.v3.ClusterLoadAssignment', translateMirrorAssignment(mirror, port)),
    ]),
  );
}

/** What forwards to previews that speak another protocol than their baseline. */
export function bridgeResources({ baseline, ports }: BaselineIntercepts): readonly Resource[] {
  return ports.flatMap((port) =>
    port.bridges.flatMap((bridge) => {
      const { cluster, assignment, listener } = translateBridge(baseline, port, bridge);
      return [
        resourceOf('envoy.config.cluster.v3.Cluster', cluster),
        resourceOf('envoy.config.endpoint.v3.ClusterLoadAssignment', assignment),
        resourceOf('envoy.config.listener.v3.Listener', listener, { references: [cluster.name!] }),
      ];
    }),
  );
}

/** What gRPC clients get: assignments without previews instead of everybody's, and the targets that they resolve. */
export function grpcResources({ baseline, ports }: BaselineIntercepts): readonly Resource[] {
  return ports.flatMap((each) => [
    resourceOf('envoy.config.endpoint.v3.ClusterLoadAssignment', translatePlainAssignment(baseline, each)),
    ...grpcTargets(baseline, each.port).map((target) =>
      resourceOf('envoy.config.listener.v3.Listener', translateGrpcListener(target, baseline, each.port), {
        references: [clusterName(baseline, each.port)],
      }),
    ),
  ]);
}

/** The RouteConfigurations that the listeners use, for everybody or for the callers in a namespace. */
export function routeResources(
  routing: Routing,
  intercepts: RouteIntercepts,
  options: GatewayOptions,
): readonly Resource[] {
  const used = new Set<RoutesFor>(options.listen.flatMap(({ trust }) => routesOf(trust)));
  return [...used].map((kind) => {
    const routes = translateRoutes(routing, intercepts, options, kind);
    return resourceOf('envoy.config.route.v3.RouteConfiguration', routes, { references: referencesOf(routes) });
  });
}

/** What people may choose from in a browser; nothing where they cannot. */
export function listingResources(listing: Listing, options: GatewayOptions): readonly Resource[] {
  const config = translateListing(listing, options);
  return config === undefined ? [] : [resourceOf('envoy.config.core.v3.TypedExtensionConfig', config)];
}
