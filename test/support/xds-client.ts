import {
  type ChannelCredentials,
  Client,
  type ClientDuplexStream,
  credentials,
  type StatusObject,
} from '@grpc/grpc-js';
import { type DecodedTypes, decode, encode, type MessageTypes } from '../../src/protos/index.ts';

type SotwRequest = MessageTypes['envoy.service.discovery.v3.DiscoveryRequest'];
type SotwResponse = DecodedTypes['envoy.service.discovery.v3.DiscoveryResponse'];
type DeltaRequest = MessageTypes['envoy.service.discovery.v3.DeltaDiscoveryRequest'];
type DeltaResponse = DecodedTypes['envoy.service.discovery.v3.DeltaDiscoveryResponse'];

/** One discovery stream over real gRPC, of which a test says and hears every message. */
export interface XdsStream<Request, Response> {
  send(request: Request): void;
  /** Bytes that are no request, for instance. */
  sendBytes(bytes: Uint8Array): void;
  /** The next response, in the order of arrival. Rejects if the stream ends first. */
  next(): Promise<Response>;
  /** Responses that have arrived and were not asked for yet. */
  readonly unread: readonly Response[];
  /** Ends this side of the stream. */
  end(): void;
  /** Drops the stream, as a client that dies. */
  cancel(): void;
  /** The status that the stream ended with. */
  readonly ended: Promise<StatusObject>;
}

/** A connection to an xDS server; each stream may be opened as often as a test likes. */
export class XdsClient {
  readonly #client: Client;

  constructor(port: number, trust: ChannelCredentials = credentials.createInsecure()) {
    this.#client = new Client(`127.0.0.1:${port}`, trust, {
      'grpc.max_receive_message_length': -1,
      'grpc.max_send_message_length': -1,
      'grpc.use_local_subchannel_pool': 1,
      // With TLS; grpc-js reaches no server by an address alone.
      'grpc.ssl_target_name_override': 'localhost',
    });
  }

  sotw(
    method = 'envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources',
  ): XdsStream<SotwRequest, SotwResponse> {
    return this.#open(
      method,
      (request: SotwRequest) => encode('envoy.service.discovery.v3.DiscoveryRequest', request),
      (bytes) => decode('envoy.service.discovery.v3.DiscoveryResponse', bytes),
    );
  }

  delta(
    method = 'envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources',
  ): XdsStream<DeltaRequest, DeltaResponse> {
    return this.#open(
      method,
      (request: DeltaRequest) => encode('envoy.service.discovery.v3.DeltaDiscoveryRequest', request),
      (bytes) => decode('envoy.service.discovery.v3.DeltaDiscoveryResponse', bytes),
    );
  }

  close(): void {
    this.#client.close();
  }

  #open<Request, Response>(
    method: string,
    write: (request: Request) => Uint8Array,
    read: (bytes: Buffer) => Response,
  ): XdsStream<Request, Response> {
    const bytes = (message: Buffer) => message;
    const call: ClientDuplexStream<Buffer, Buffer> = this.#client.makeBidiStreamRequest(`/${method}`, bytes, bytes);
    const unread: Response[] = [];
    const waiting: { resolve(response: Response): void; reject(reason: Error): void }[] = [];
    let over: Error | undefined;
    call.on('data', (message: Buffer) => {
      const response = read(message);
      const next = waiting.shift();
      if (next === undefined) unread.push(response);
      else next.resolve(response);
    });
    // The status says the same.
    call.on('error', () => {});
    const ended = new Promise<StatusObject>((resolve) => {
      call.on('status', (status: StatusObject) => {
        over = new Error(`The stream has ended: ${status.code} ${status.details}`);
        for (const { reject } of waiting.splice(0)) reject(over);
        resolve(status);
      });
    });
    return {
      send: (request) => void call.write(Buffer.from(write(request))),
      sendBytes: (message) => void call.write(Buffer.from(message)),
      next: () =>
        new Promise((resolve, reject) => {
          const response = unread.shift();
          if (response !== undefined) resolve(response);
          else if (over !== undefined) reject(over);
          else waiting.push({ resolve, reject });
        }),
      unread,
      end: () => void call.end(),
      cancel: () => call.cancel(),
      ended,
    };
  }
}
