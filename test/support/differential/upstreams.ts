import { once } from 'node:events';
import { createServer as createHttp1Server } from 'node:http';
import { createServer as createHttp2Server, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo, Server, Socket } from 'node:net';
import { freePort } from '../ports.ts';
import type { UpstreamPorts } from './catalogs.ts';

/** Servers that answer with the address and port that they were reached at. */
export interface Upstreams extends UpstreamPorts {
  close(): Promise<void>;
}

export async function startUpstreams(count: number, pods: number): Promise<Upstreams> {
  const closing: (() => Promise<void>)[] = [];
  const listen = async (server: Server, drop: () => void, port: number, address: string): Promise<number> => {
    server.listen(port, address);
    await once(server, 'listening');
    closing.push(async () => {
      const closed = once(server, 'close');
      server.close();
      drop();
      await closed;
    });
    return (server.address() as AddressInfo).port;
  };
  const speakHttp1 = (port = 0, address = '127.0.0.1') => {
    const server = createHttp1Server((request, response) => {
      request.resume();
      request.on('end', () => response.end(reachedAt(request.socket)));
    });
    return listen(server, () => server.closeAllConnections(), port, address);
  };
  const speakHttp2 = (port = 0, address = '127.0.0.1') => {
    const sessions = new Set<ServerHttp2Session>();
    const server = createHttp2Server((_, response) => response.end(reachedAt(response.stream.session!.socket)));
    server.on('session', (session) => {
      sessions.add(session);
      session.on('close', () => sessions.delete(session));
    });
    const drop = () => {
      for (const session of sessions) session.destroy();
    };
    return listen(server, drop, port, address);
  };

  const http1: number[] = [];
  const http2: number[] = [];
  for (let index = 0; index < count; index++) {
    http1.push(await speakHttp1());
    http2.push(await speakHttp2());
  }
  const addresses = Array.from({ length: pods }, (_, index) => `127.0.1.${index + 1}`);
  const podPorts = { http1: await freePort(), http2: await freePort() };
  for (const address of addresses) {
    await speakHttp1(podPorts.http1, address);
    await speakHttp2(podPorts.http2, address);
  }
  return {
    http1,
    http2,
    pods: { addresses, ...podPorts },
    close: () => Promise.all(closing.map((close) => close())).then(() => {}),
  };
}

function reachedAt({ localAddress, localPort }: Pick<Socket, 'localAddress' | 'localPort'>): string {
  return `${localAddress}:${localPort}`;
}
