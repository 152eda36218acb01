import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A service of a test's own, over HTTP/1.1. */
export interface WebSite {
  readonly port: number;
  readonly server: Server;
  close(): Promise<void>;
}

/** Starts it on 127.0.0.1. */
export async function startWebSite(answer: RequestListener): Promise<WebSite> {
  const server = createServer(answer);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    server,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
