import type { Baseline } from '../catalog/model.ts';
import type { BaselineIntercepts } from '../intercepts/intercept.ts';
import type { Routing } from '../intercepts/routing.ts';
import type { MessageTypes } from '../protos/index.ts';
import { encode, typeUrl, typeUrls } from '../protos/index.ts';
import type { Resource, ResourceName } from '../resources/resource.ts';
import { contentVersion } from '../resources/version.ts';
import { clusterName, translateCluster } from './cluster.ts';
import type { GatewayOptions } from './gateway.ts';
import { ROUTES } from './gateway.ts';
import { grpcTargets, translateGrpcListener, translatePlainAssignment } from './grpc-client.ts';
import { listenerName, translateListener } from './listener.ts';
import { translateLoadAssignment } from './load-assignment.ts';
import type { RulesOf } from './routes.ts';
import { translateRoutes } from './routes.ts';

/** The Listeners, which depend on the settings alone. */
export function listenerResources(options: GatewayOptions): readonly Resource[] {
  return options.listen.map((address) =>
    resource('envoy.config.listener.v3.Listener', listenerName(address), translateListener(address, options)),
  );
}

/** A Cluster for each port of a baseline. Depends on the baseline alone, and on none of its previews. */
export function clusterResources(baseline: Baseline): readonly Resource[] {
  return baseline.ports.map((port) => {
    const name = clusterName(baseline, port);
    const follower = { typeUrl: typeUrls.loadAssignment, name };
    return resource('envoy.config.cluster.v3.Cluster', name, translateCluster(baseline, port), follower);
  });
}

/** A ClusterLoadAssignment for each port of a baseline: all that a preview with a key changes. */
export function loadAssignmentResources({ baseline, ports }: BaselineIntercepts): readonly Resource[] {
  return ports.map((each) =>
    resource(
      'envoy.config.endpoint.v3.ClusterLoadAssignment',
      clusterName(baseline, each.port),
      translateLoadAssignment(baseline, each),
    ),
  );
}

/** What gRPC clients get: assignments without previews instead of everybody's, and the targets that they resolve. */
export function grpcResources({ baseline, ports }: BaselineIntercepts): readonly Resource[] {
  return ports.flatMap((each) => [
    resource(
      'envoy.config.endpoint.v3.ClusterLoadAssignment',
      clusterName(baseline, each.port),
      translatePlainAssignment(baseline, each),
    ),
    ...grpcTargets(baseline, each.port).map((target) =>
      resource('envoy.config.listener.v3.Listener', target, translateGrpcListener(target, baseline, each.port)),
    ),
  ]);
}

/** The RouteConfiguration, one for everybody or one for the callers in a namespace. */
export function routeResource(routing: Routing, rulesOf: RulesOf, options: GatewayOptions): Resource {
  return resource('envoy.config.route.v3.RouteConfiguration', ROUTES, translateRoutes(routing, rulesOf, options));
}

function resource<T extends keyof MessageTypes>(
  type: T,
  name: string,
  message: MessageTypes[T],
  follower?: ResourceName,
): Resource {
  const body = encode(type, message);
  return Object.freeze({ typeUrl: typeUrl(type), name, version: contentVersion(body), body, follower });
}
