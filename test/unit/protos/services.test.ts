import { once } from 'node:events';
import {
  Client,
  credentials,
  type handleBidiStreamingCall,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type DecodedTypes,
  discoveryServices,
  encode,
  type MessageTypes,
  typeUrls,
} from '../../../src/protos/index.ts';

type Request = DecodedTypes['envoy.service.discovery.v3.DiscoveryRequest'];

const aggregated = discoveryServices().find((service) => service.typeUrl === undefined)!;

describe('the discovery services', () => {
  it('are the aggregated one and one for each type, of which virtual hosts know only delta', () => {
    expect(
      discoveryServices().map(({ name, typeUrl, stateOfTheWorld, delta }) => [name, typeUrl, stateOfTheWorld, delta]),
    ).toEqual([
      [
        'envoy.service.discovery.v3.AggregatedDiscoveryService',
        undefined,
        'StreamAggregatedResources',
        'DeltaAggregatedResources',
      ],
      ['envoy.service.cluster.v3.ClusterDiscoveryService', typeUrls.cluster, 'StreamClusters', 'DeltaClusters'],
      [
        'envoy.service.endpoint.v3.EndpointDiscoveryService',
        typeUrls.loadAssignment,
        'StreamEndpoints',
        'DeltaEndpoints',
      ],
      ['envoy.service.listener.v3.ListenerDiscoveryService', typeUrls.listener, 'StreamListeners', 'DeltaListeners'],
      ['envoy.service.route.v3.RouteDiscoveryService', typeUrls.routeConfiguration, 'StreamRoutes', 'DeltaRoutes'],
      [
        'envoy.service.route.v3.ScopedRoutesDiscoveryService',
        typeUrls.scopedRouteConfiguration,
        'StreamScopedRoutes',
        'DeltaScopedRoutes',
      ],
      ['envoy.service.route.v3.VirtualHostDiscoveryService', typeUrls.virtualHost, undefined, 'DeltaVirtualHosts'],
      ['envoy.service.secret.v3.SecretDiscoveryService', typeUrls.secret, 'StreamSecrets', 'DeltaSecrets'],
    ]);
  });

  it('stream both ways, under the paths that Envoy calls', () => {
    const methods = discoveryServices().flatMap((service) => Object.values(service.server));
    expect(methods.every((method) => method.requestStream && method.responseStream)).toBe(true);
    expect(aggregated.server[aggregated.delta]?.path).toBe(
      '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources',
    );
  });
});

describe('over gRPC', () => {
  const server = new Server();
  const requests: Request[] = [];
  let client: Client;

  beforeAll(async () => {
    const echo: handleBidiStreamingCall<Request, Uint8Array> = (call) => {
      call.on('data', (request: Request) => {
        requests.push(request);
        call.write(encode('envoy.service.discovery.v3.DiscoveryResponse', { nonce: request.version_info ?? '' }));
      });
      call.on('end', () => call.end());
    };
    server.addService(aggregated.server, { [aggregated.stateOfTheWorld!]: echo, [aggregated.delta]: echo });
    const port = await new Promise<number>((resolve, reject) =>
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      ),
    );
    client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  });

  afterAll(() => {
    client.close();
    server.forceShutdown();
  });

  function open<Written>(definition: ServiceDefinition[string]) {
    const { path, requestSerialize, responseDeserialize } = definition;
    return client.makeBidiStreamRequest<Written, unknown>(path, requestSerialize, responseDeserialize);
  }

  const method = aggregated.client[aggregated.stateOfTheWorld!]!;

  it('a request arrives as an object, and a response that was encoded already arrives whole', async () => {
    const stream = open<MessageTypes['envoy.service.discovery.v3.DiscoveryRequest']>(method);
    stream.write({ version_info: 'v1', node: { id: 'edge' }, error_detail: { code: 3, message: 'no' } });
    const [response] = await once(stream, 'data');
    expect(response).toEqual({ nonce: 'v1', resources: [] });
    expect(requests.at(-1)).toEqual({
      version_info: 'v1',
      resource_names: [],
      node: { id: 'edge', client_features: [] },
      error_detail: { code: 3, message: 'no', details: [] },
    });
    stream.end();
    await once(stream, 'status');
  });

  it.each([
    ['cut short', '0a0561'],
    ['not UTF-8', '0a02fffe'],
  ])('a request that is %s ends its own stream only, with a status that says so', async (_what, bytes) => {
    const seen = requests.length;
    const stream = open<Buffer>({ ...method, requestSerialize: (written: Buffer) => written });
    const failed = once(stream, 'error');
    stream.on('data', () => {});
    stream.write(Buffer.from(bytes, 'hex'));
    const [error] = (await failed) as [ServiceError];
    expect(error).toMatchObject({ code: status.INTERNAL, details: 'Error deserializing request' });
    expect(requests).toHaveLength(seen);

    const next = open<MessageTypes['envoy.service.discovery.v3.DiscoveryRequest']>(method);
    next.write({ version_info: 'v2' });
    expect(await once(next, 'data')).toEqual([{ nonce: 'v2', resources: [] }]);
    next.end();
    await once(next, 'status');
  });
});
