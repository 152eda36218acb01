import type { ServiceDefinition } from '@grpc/grpc-js';
import type protobuf from 'protobufjs';
import { decode, encode, typeUrls } from './codec.ts';
import type { MessageName } from './messages.ts';
import { schema } from './schema.ts';

/** A gRPC service that hands out resources. */
export interface DiscoveryService {
  /** Full name: `envoy.service.discovery.v3.AggregatedDiscoveryService`. */
  readonly name: string;
  /** The only type that it serves; undefined for the aggregated service, where each request names its type. */
  readonly typeUrl: string | undefined;
  /** Name of the state-of-the-world method; virtual hosts have none. */
  readonly stateOfTheWorld: string | undefined;
  /** Name of the delta method. */
  readonly delta: string;
  /**
   * For a grpc-js server: requests arrive as `DecodedTypes`, responses leave as the bytes of a response that was encoded
   * already. A request that cannot be read ends its stream with the status INTERNAL, `Error deserializing request`.
   */
  readonly server: ServiceDefinition;
  /** For a grpc-js client: requests are written as `MessageTypes`, responses arrive as `DecodedTypes`. */
  readonly client: ServiceDefinition;
}

const servedTypes: ReadonlyMap<string, string | undefined> = new Map([
  ['envoy.service.discovery.v3.AggregatedDiscoveryService', undefined],
  ['envoy.service.cluster.v3.ClusterDiscoveryService', typeUrls.cluster],
  ['envoy.service.endpoint.v3.EndpointDiscoveryService', typeUrls.loadAssignment],
  ['envoy.service.listener.v3.ListenerDiscoveryService', typeUrls.listener],
  ['envoy.service.route.v3.RouteDiscoveryService', typeUrls.routeConfiguration],
  ['envoy.service.route.v3.ScopedRoutesDiscoveryService', typeUrls.scopedRouteConfiguration],
  ['envoy.service.route.v3.VirtualHostDiscoveryService', typeUrls.virtualHost],
  ['envoy.service.secret.v3.SecretDiscoveryService', typeUrls.secret],
]);

/**
 * The aggregated service and the service of each type, read from `protos/`.
 *
 * Messages go through Shunt's own codec, not proto-loader's: the protobufjs 7 in there takes text that is cut short or not
 * UTF-8 for valid.
 */
export function discoveryServices(): readonly DiscoveryService[] {
  return Array.from(servedTypes, ([name, typeUrl]) => discoveryService(name, typeUrl));
}

function discoveryService(name: string, typeUrl: string | undefined): DiscoveryService {
  const methods = schema().lookupService(name).methodsArray;
  const delta = methods.find((method) => method.name.startsWith('Delta'));
  if (delta === undefined) throw new Error(`The service ${name} in protos/ has no delta method.`);
  const client = Object.fromEntries(methods.map((method) => [method.name, clientMethod(name, method)]));
  return {
    name,
    typeUrl,
    stateOfTheWorld: methods.find((method) => method.name.startsWith('Stream'))?.name,
    delta: delta.name,
    client,
    server: Object.fromEntries(
      Object.entries(client).map(([method, definition]) => [method, { ...definition, responseSerialize: asEncoded }]),
    ),
  };
}

function clientMethod(service: string, method: protobuf.Method): ServiceDefinition[string] {
  const request = method.resolvedRequestType?.fullName.slice(1) as MessageName;
  const response = method.resolvedResponseType?.fullName.slice(1) as MessageName;
  return {
    path: `/${service}/${method.name}`,
    requestStream: method.requestStream === true,
    responseStream: method.responseStream === true,
    requestSerialize: (message) => Buffer.from(encode(request, message)),
    requestDeserialize: (bytes) => decode(request, bytes),
    responseSerialize: (message) => Buffer.from(encode(response, message)),
    responseDeserialize: (bytes) => decode(response, bytes),
  };
}

function asEncoded(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
