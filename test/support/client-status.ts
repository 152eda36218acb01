import { fileURLToPath } from 'node:url';
import {
  type ChannelCredentials,
  type Client,
  type ClientDuplexStream,
  credentials,
  makeClientConstructor,
  type ServiceDefinition,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import type { DecodedTypes, MessageTypes } from '../../src/protos/index.ts';

export type ClientStatusRequest = MessageTypes['envoy.service.status.v3.ClientStatusRequest'];
export type ClientStatusResponse = DecodedTypes['envoy.service.status.v3.ClientStatusResponse'];
export type ClientConfig = ClientStatusResponse['config'][number];

/** Envoy's own definitions, as the gRPC project ships them: ours may not agree with themselves only. */
const official = (name: string) =>
  fileURLToPath(new URL(`../../node_modules/@grpc/grpc-js-xds/deps/${name}`, import.meta.url));

const definitions = loadSync('envoy/service/status/v3/csds.proto', {
  includeDirs: ['envoy-api', 'xds', 'googleapis', 'protoc-gen-validate'].map(official),
  ...{ keepCase: true, enums: String, longs: Number, arrays: true },
});
const service = definitions['envoy.service.status.v3.ClientStatusDiscoveryService'] as ServiceDefinition;
const Connection = makeClientConstructor(service, 'ClientStatusDiscoveryService');

interface Methods {
  FetchClientStatus(
    request: ClientStatusRequest,
    answer: (error: Error | null, response: ClientStatusResponse) => void,
  ): void;
  StreamClientStatus(): ClientDuplexStream<ClientStatusRequest, ClientStatusResponse>;
}

const options = {
  'grpc.max_receive_message_length': -1,
  'grpc.use_local_subchannel_pool': 1,
  // With TLS; grpc-js reaches no server by an address alone.
  'grpc.ssl_target_name_override': 'localhost',
};

/** Asks an xDS server for the status of its clients. */
export class ClientStatusClient {
  readonly #client: Client & Methods;

  constructor(port: number, trust: ChannelCredentials = credentials.createInsecure()) {
    this.#client = new Connection(`127.0.0.1:${port}`, trust, options) as unknown as Client & Methods;
  }

  /** Rejects with the status. */
  fetch(request: ClientStatusRequest = {}): Promise<ClientStatusResponse> {
    return new Promise((resolve, reject) => {
      this.#client.FetchClientStatus(request, (error, response) =>
        error === null ? resolve(response) : reject(error),
      );
    });
  }

  stream(): ClientDuplexStream<ClientStatusRequest, ClientStatusResponse> {
    return this.#client.StreamClientStatus();
  }

  close(): void {
    this.#client.close();
  }
}
