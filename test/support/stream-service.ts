import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
} from '@grpc/grpc-js';
import { decodeText, encodeText } from './echo-message.ts';

const TEXT = {
  requestSerialize: encodeText,
  requestDeserialize: decodeText,
  responseSerialize: encodeText,
  responseDeserialize: decodeText,
};

/** A unary call, and streams of both kinds. */
export const TALK = {
  say: { path: '/talk.Talk/Say', requestStream: false, responseStream: false, ...TEXT },
  list: { path: '/talk.Talk/List', requestStream: false, responseStream: true, ...TEXT },
  chat: { path: '/talk.Talk/Chat', requestStream: true, responseStream: true, ...TEXT },
} as const;

/** The trailer by which each gRPC answer says who gave it. */
export const WHO = 'x-who';

/** An upstream whose answers last: it says its title whenever it is told to, and nothing before. */
export interface StreamService {
  /** Of HTTP/1.1: `/events` are server-sent events, `/wait` is a long poll, and any upgrade is taken. */
  readonly http1Port: number;
  readonly grpcPort: number;
  /** Each event stream gets another event; each long poll its answer. */
  tell(): void;
  close(): Promise<void>;
}

export async function startStreamService(title: string): Promise<StreamService> {
  const open = new Set<ServerResponse>();
  const http1 = createServer((request, response) => {
    open.add(response);
    response.on('close', () => open.delete(response));
    if (request.url === '/events') {
      response.setHeader('content-type', 'text/event-stream');
      response.write(`data: ${title}\n\n`);
    }
  });
  http1.on('upgrade', (_, socket) => {
    socket.on('error', () => {});
    socket.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n');
    socket.on('data', (said: Buffer) => socket.write(`${title}: ${said}`));
    socket.on('end', () => socket.end());
  });
  http1.listen(0, '127.0.0.1');
  await once(http1, 'listening');

  const trailers = new Metadata();
  trailers.set(WHO, title);
  const grpc = new Server();
  grpc.addService(TALK, {
    say: ({ request }: ServerUnaryCall<string, string>, answer: sendUnaryData<string>) =>
      answer(null, `${title}: ${request}`, trailers),
    list: (call: ServerWritableStream<string, string>) => {
      for (const word of call.request.split(' ')) call.write(`${title}: ${word}`);
      call.end(trailers);
    },
    chat: (call: ServerDuplexStream<string, string>) => {
      call.on('data', (said: string) => call.write(`${title}: ${said}`));
      call.on('error', () => {});
      call.on('end', () => call.end(trailers));
    },
  });
  const grpcPort = await new Promise<number>((resolve, reject) => {
    grpc.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
      error === null ? resolve(port) : reject(error),
    );
  });

  return {
    http1Port: (http1.address() as AddressInfo).port,
    grpcPort,
    tell() {
      for (const response of open) {
        if (response.headersSent) response.write(`data: ${title}\n\n`);
        else response.end(title);
      }
    },
    async close() {
      grpc.forceShutdown();
      const closed = once(http1, 'close');
      http1.close();
      http1.closeAllConnections();
      await closed;
    },
  };
}
