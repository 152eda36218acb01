import { once } from 'node:events';
import { createServer as createHttp1Server, type IncomingHttpHeaders } from 'node:http';
import { createServer as createHttp2Server, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { Server, Socket } from 'node:net';
import { type EchoAnswer, frameText, unframeText } from './echo-message.ts';
import type { History } from './history.ts';
import { freePort } from './ports.ts';

/** An upstream that says who it is, over HTTP/1.1 on one port, and HTTP/2 (prior knowledge) and gRPC on another. */
export interface Echo {
  readonly title: string;
  /** Of HTTP/1.1. */
  readonly http1Port: number;
  /** Of HTTP/2 and gRPC. */
  readonly http2Port: number;
  /** The requests that came so far, by whether they had the header `x-preview`. */
  readonly requests: { readonly withKey: number; readonly withoutKey: number };
  /** Takes no more connections, and closes those it has once their requests are answered: a graceful end. */
  refuse(): Promise<void>;
  /** Takes no more connections, and cuts off those it has: a crash. */
  die(): Promise<void>;
  /** Comes back at the same ports after `refuse` or `die`. */
  revive(): Promise<void>;
  close(): Promise<void>;
}

/**
 * @param title who it says it is.
 * @param workMs how long it works on each request before it answers, so that some are always under way.
 * @param address of loopback, where it listens.
 * @param heard gets what it answers, for tests of requests whose answers nobody sees.
 */
export async function startEcho(
  title: string,
  workMs = 0,
  address = '127.0.0.1',
  heard?: History<EchoAnswer>,
): Promise<Echo> {
  const worked = workMs === 0 ? (done: () => void) => done() : (done: () => void) => void setTimeout(done, workMs);
  const requests = { withKey: 0, withoutKey: 0 };
  const answer = (method: string, path: string, headers: IncomingHttpHeaders, bodyLength: number): string => {
    requests[headers['x-preview'] === undefined ? 'withoutKey' : 'withKey'] += 1;
    const answer: EchoAnswer = { title, method, path, headers: mentioned(headers), bodyLength };
    heard?.add(answer);
    return JSON.stringify(answer);
  };

  const http1 = createHttp1Server((request, response) => {
    let bodyLength = 0;
    request.on('data', (chunk: Buffer) => {
      bodyLength += chunk.length;
    });
    request.on('end', () =>
      worked(() => {
        response.setHeader('content-type', 'application/json');
        if (!http1.listening) response.setHeader('connection', 'close');
        response.end(answer(request.method!, request.url!, request.headers, bodyLength));
      }),
    );
  });
  const http2 = createHttp2Server();
  const sessions = new Set<ServerHttp2Session>();
  http2.on('session', (session) => {
    sessions.add(session);
    session.on('close', () => sessions.delete(session));
  });
  http2.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    // A caller that goes away is no concern of the upstream's.
    stream.on('error', () => {});
    stream.on('end', () =>
      worked(() => {
        const body = Buffer.concat(chunks);
        const say = (bodyLength: number) =>
          answer(String(headers[':method']), String(headers[':path']), headers, bodyLength);
        if (headers['content-type']?.startsWith('application/grpc')) respondGrpc(stream, body, say);
        else if (!stream.destroyed) {
          stream.respond({ ':status': 200, 'content-type': 'application/json' });
          stream.end(say(body.length));
        }
      }),
    );
  });

  const listeners = [
    await Listener.start(http1, address, () => http1.closeIdleConnections()),
    await Listener.start(http2, address, () => {
      for (const session of sessions) session.close();
    }),
  ] as const;
  const all = (step: (listener: Listener) => Promise<void>) => Promise.all(listeners.map(step)).then(() => {});
  return {
    title,
    http1Port: listeners[0].port,
    http2Port: listeners[1].port,
    requests,
    refuse: () => all((listener) => listener.refuse()),
    die: () => all((listener) => listener.die()),
    revive: () => all((listener) => listener.listen()),
    close: () => all((listener) => listener.die()),
  };
}

const MENTIONED = ['x-preview', 'baggage', 'cookie', 'host', ':authority', 'x-user', 'x-shunt-mirror'];

function mentioned(headers: IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(
    MENTIONED.flatMap((name) => {
      const value = headers[name];
      return value === undefined ? [] : [[name, String(value)]];
    }),
  );
}

function respondGrpc(stream: ServerHttp2Stream, body: Buffer, say: (bodyLength: number) => string): void {
  if (stream.destroyed) return;
  let trailers: Record<string, string> = { 'grpc-status': '0' };
  stream.on('wantTrailers', () => stream.sendTrailers(trailers));
  stream.respond({ ':status': 200, 'content-type': 'application/grpc+proto' }, { waitForTrailers: true });
  try {
    stream.end(frameText(say(unframeText(body).length)));
  } catch (error) {
    // INVALID_ARGUMENT
    trailers = { 'grpc-status': '3', 'grpc-message': (error as Error).message };
    stream.end();
  }
}

/** A server that keeps its port for as long as the test runs, whether or not it listens. */
class Listener {
  readonly port: number;
  readonly #server: Server;
  readonly #address: string;
  readonly #finish: () => void;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server, address: string, port: number, finish: () => void) {
    this.#server = server;
    this.#address = address;
    this.#finish = finish;
    this.port = port;
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  /** @param finish asks the server's connections to end when their requests are answered. */
  static async start(server: Server, address: string, finish: () => void): Promise<Listener> {
    const listener = new Listener(server, address, await freePort(), finish);
    await listener.listen();
    return listener;
  }

  async listen(): Promise<void> {
    this.#server.listen(this.port, this.#address);
    await once(this.#server, 'listening');
  }

  refuse(): Promise<void> {
    return this.#end(this.#finish);
  }

  die(): Promise<void> {
    return this.#end(() => {
      for (const socket of this.#sockets) socket.resetAndDestroy();
    });
  }

  async #end(connections: () => void): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    connections();
    await closed;
  }
}
