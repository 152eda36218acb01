import type { MethodDefinition } from '@grpc/grpc-js';
import { typeUrls } from '../protos/index.ts';
import type { WireMessage } from './encode.ts';
import type { Variant } from './protocol.ts';

/** One discovery method. */
export interface Method {
  readonly variant: Variant;
  /** The one type that it carries; undefined for ADS, which carries all. */
  readonly typeUrl: string | undefined;
  readonly definition: MethodDefinition<Buffer, WireMessage>;
}

/** The discovery services of Envoy's API, by their methods' names. */
export const methods: readonly Method[] = [
  ...methodsOf('discovery.v3.AggregatedDiscoveryService', 'AggregatedResources', undefined),
  ...methodsOf('cluster.v3.ClusterDiscoveryService', 'Clusters', typeUrls.cluster),
  ...methodsOf('endpoint.v3.EndpointDiscoveryService', 'Endpoints', typeUrls.loadAssignment),
  ...methodsOf('listener.v3.ListenerDiscoveryService', 'Listeners', typeUrls.listener),
  ...methodsOf('route.v3.RouteDiscoveryService', 'Routes', typeUrls.routeConfiguration),
  ...methodsOf('route.v3.ScopedRoutesDiscoveryService', 'ScopedRoutes', typeUrls.scopedRouteConfiguration),
  ...methodsOf('secret.v3.SecretDiscoveryService', 'Secrets', typeUrls.secret),
  // This one has a delta method only.
  ...methodsOf('route.v3.VirtualHostDiscoveryService', 'VirtualHosts', typeUrls.virtualHost).slice(1),
];

/** The full names of these services. */
export const serviceNames: readonly string[] = [
  ...new Set(methods.map(({ definition }) => definition.path.split('/')[1]!)),
];

function methodsOf(service: string, suffix: string, typeUrl: string | undefined): readonly Method[] {
  return [
    { variant: 'sotw', typeUrl, definition: definition(service, `Stream${suffix}`) },
    { variant: 'delta', typeUrl, definition: definition(service, `Delta${suffix}`) },
  ];
}

function definition(service: string, method: string): MethodDefinition<Buffer, WireMessage> {
  return {
    ...bytesMethod(`/envoy.service.${service}/${method}`, 'stream'),
    // grpc-js takes nothing of it but its length and its bytes, copied to where they go.
    responseSerialize: (message) => message as unknown as Buffer,
    responseDeserialize: () => {
      throw new Error('A server reads no responses.');
    },
  };
}

/** Messages pass gRPC as bytes. */
export function bytesMethod(path: string, kind: 'stream' | 'unary'): MethodDefinition<Buffer, Buffer> {
  const bytes = (message: Buffer) => message;
  return {
    path,
    requestStream: kind === 'stream',
    responseStream: kind === 'stream',
    requestSerialize: bytes,
    requestDeserialize: bytes,
    responseSerialize: bytes,
    responseDeserialize: bytes,
  };
}
