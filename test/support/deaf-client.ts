import { once } from 'node:events';
import { type ClientHttp2Session, type ClientHttp2Stream, connect, type OutgoingHttpHeaders } from 'node:http2';
import { connect as connectTcp } from 'node:net';
import { encode, type MessageTypes } from '../../src/protos/index.ts';

type DeltaRequest = MessageTypes['envoy.service.discovery.v3.DeltaDiscoveryRequest'];

/** A delta stream whose responses are left where they are. */
export interface DeafStream {
  ask(request: DeltaRequest): void;
  /** A message of another service. */
  askBytes(message: Uint8Array): void;
  /** A message that is compressed, as the header `grpc-encoding` says. */
  askCompressed(message: Uint8Array): void;
  /** The head of a message of so many bytes, and less than these. */
  askPart(length: number, part: Uint8Array): void;
  end(): void;
  /** Takes all responses from now on. */
  read(): void;
  /** Reads the responses, as far as they are asked for. */
  messages(): AsyncGenerator<Uint8Array>;
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

  /**
   * @param from the address that it comes from, of this machine.
   * @param window how much each stream may be sent unread, in bytes.
   */
  static async connect(port: number, { from = '127.0.0.1', window = 65_535 } = {}): Promise<DeafClient> {
    const session = connect(`http://127.0.0.1:${port}`, {
      createConnection: () => connectTcp({ port, host: '127.0.0.1', localAddress: from }),
      settings: { initialWindowSize: window },
    });
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
    const send = (message: Uint8Array, compressed: boolean, length = message.length) => {
      const head = Buffer.alloc(5);
      head.writeUInt8(compressed ? 1 : 0);
      head.writeUInt32BE(length, 1);
      stream.write(Buffer.concat([head, message]));
    };
    return {
      ask: (request) => send(encode('envoy.service.discovery.v3.DeltaDiscoveryRequest', request), false),
      askBytes: (message) => send(message, false),
      askCompressed: (message) => send(message, true),
      askPart: (length, part) => send(part, false, length),
      end: () => void stream.end(),
      read: () => void stream.resume(),
      messages: () => messagesOf(stream),
      ended: new Promise((resolve) => stream.on('close', () => resolve(stream.rstCode ?? 0))),
      status: new Promise((resolve) => stream.on('response', (answer) => resolve(Number(answer['grpc-status'])))),
    };
  }

  close(): void {
    this.#session.destroy();
  }
}

async function* messagesOf(stream: AsyncIterable<Buffer>): AsyncGenerator<Uint8Array> {
  let rest = Buffer.alloc(0);
  for await (const piece of stream) {
    rest = Buffer.concat([rest, piece]);
    while (rest.length >= 5 && rest.length >= 5 + rest.readUInt32BE(1)) {
      const end = 5 + rest.readUInt32BE(1);
      yield rest.subarray(5, end);
      rest = rest.subarray(end);
    }
  }
}
