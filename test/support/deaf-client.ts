import { once } from 'node:events';
import { type ClientHttp2Session, type ClientHttp2Stream, connect, type OutgoingHttpHeaders } from 'node:http2';
import { encode, type MessageTypes } from '../../src/protos/index.ts';

type DeltaRequest = MessageTypes['envoy.service.discovery.v3.DeltaDiscoveryRequest'];

/** A delta stream whose responses are left where they are. */
export interface DeafStream {
  ask(request: DeltaRequest): void;
  /** A message that is compressed, as the header `grpc-encoding` says. */
  askCompressed(message: Uint8Array): void;
  /** Takes all responses from now on. */
  read(): void;
  /** The HTTP/2 error code that the stream ended with, 0 if with none. */
  readonly ended: Promise<number>;
  /** The gRPC status, if the server sends nothing else. */
  readonly status: Promise<number>;
}

/** A connection that grants each stream no more than HTTP/2's first 64 KiB; a gRPC client would take in megabytes unread. */
export class DeafClient {
  readonly #session: ClientHttp2Session;

  private constructor(session: ClientHttp2Session) {
    this.#session = session;
    session.on('error', () => {});
  }

  static async connect(port: number): Promise<DeafClient> {
    const session = connect(`http://127.0.0.1:${port}`);
    await once(session, 'connect');
    return new DeafClient(session);
  }

  open(headers: OutgoingHttpHeaders = {}): DeafStream {
    const stream: ClientHttp2Stream = this.#session.request(
      {
        ':method': 'POST',
        ':path': '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources',
        'content-type': 'application/grpc',
        te: 'trailers',
        ...headers,
      },
      { endStream: false },
    );
    stream.on('error', () => {});
    const send = (message: Uint8Array, compressed: boolean) => {
      const head = Buffer.alloc(5);
      head.writeUInt8(compressed ? 1 : 0);
      head.writeUInt32BE(message.length, 1);
      stream.write(Buffer.concat([head, message]));
    };
    return {
      ask: (request) => send(encode('envoy.service.discovery.v3.DeltaDiscoveryRequest', request), false),
      askCompressed: (message) => send(message, true),
      read: () => void stream.resume(),
      ended: new Promise((resolve) => stream.on('close', () => resolve(stream.rstCode ?? 0))),
      status: new Promise((resolve) => stream.on('response', (answer) => resolve(Number(answer['grpc-status'])))),
    };
  }

  close(): void {
    this.#session.destroy();
  }
}
