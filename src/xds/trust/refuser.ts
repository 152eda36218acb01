import { performServerHandshake, type ServerHttp2Session } from 'node:http2';
import type { Duplex } from 'node:stream';
import { encodeGrpcMessage } from '../grpc-message.ts';
import type { Refusal } from './policy.ts';

/**
 * How long a refused client may keep its connection, in milliseconds. A call on it costs next to nothing, where a
 * handshake costs a millisecond; but a client that is given another certificate shows it on its next connection only.
 */
const CONNECTION_MS = 5_000;

/** Answers every call of clients that may not connect with the reason. They never reach the gRPC server. */
export class Refuser {
  readonly #sessions = new Set<ServerHttp2Session>();
  readonly #connectionMs: number;

  constructor(connectionMs: number = CONNECTION_MS) {
    this.#connectionMs = connectionMs;
  }

  /** Takes the socket over. */
  refuse(socket: Duplex, { code, sentence }: Refusal): void {
    const session = performServerHandshake(socket, { settings: { maxConcurrentStreams: 10 } });
    this.#sessions.add(session);
    const cut = setTimeout(() => session.destroy(), this.#connectionMs);
    cut.unref();
    session.on('close', () => {
      clearTimeout(cut);
      this.#sessions.delete(session);
    });
    // A client that breaks the protocol or the connection ends the session, and that is all that there is to do.
    session.on('error', () => {});
    session.on('stream', (stream) => {
      stream.on('error', () => {});
      // https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md: a response of trailers only.
      stream.respond(
        {
          ':status': 200,
          'content-type': 'application/grpc',
          'grpc-status': String(code),
          'grpc-message': encodeGrpcMessage(sentence),
        },
        { endStream: true },
      );
    });
  }

  /** Ends the connections of those who were refused. */
  close(): void {
    for (const session of this.#sessions) session.destroy();
  }
}
