import { once } from 'node:events';
import { createServer as createHttp1Server } from 'node:http';
import { createServer as createHttp2Server, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo, Server } from 'node:net';
import type { UpstreamPorts } from './catalogs.ts';

/** Servers that answer with the port that they were reached at. */
export interface Upstreams extends UpstreamPorts {
  close(): Promise<void>;
}

export async function startUpstreams(count: number): Promise<Upstreams> {
  const closing: (() => Promise<void>)[] = [];
  const listen = async (server: Server, drop: () => void): Promise<number> => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    closing.push(async () => {
      const closed = once(server, 'close');
      server.close();
      drop();
      await closed;
    });
    return (server.address() as AddressInfo).port;
  };
  const http1: number[] = [];
  const http2: number[] = [];
  for (let index = 0; index < count; index++) {
    const one = createHttp1Server((request, response) => {
      request.resume();
      request.on('end', () => response.end(String(request.socket.localPort)));
    });
    http1.push(await listen(one, () => one.closeAllConnections()));
    const sessions = new Set<ServerHttp2Session>();
    const two = createHttp2Server((_, response) => response.end(String(response.stream.session!.socket.localPort)));
    two.on('session', (session) => {
      sessions.add(session);
      session.on('close', () => sessions.delete(session));
    });
    http2.push(
      await listen(two, () => {
        for (const session of sessions) session.destroy();
      }),
    );
  }
  return { http1, http2, close: () => Promise.all(closing.map((close) => close())).then(() => {}) };
}
