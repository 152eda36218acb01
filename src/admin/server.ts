import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { listenFailure, reasonOf } from '../listening.ts';
import type { HostPort } from '../settings/index.ts';

/** Whether the control plane can serve Envoys, and what is missing otherwise. */
export interface Readiness {
  readonly ready: boolean;
  /** Sentences for the operator, one on a line. */
  readonly detail: string;
}

export interface AdminServer {
  /** The port that it listens on, which the system chose if 0 was asked for. */
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Serves `/healthz` (the process answers) and `/readyz` (200 once Envoys can be served, 503 before).
 *
 * @throws a sentence naming the setting, if the address is taken or is not this machine's.
 */
export async function startAdminServer(address: HostPort, readiness: () => Readiness): Promise<AdminServer> {
  const server = createServer((request, response) => {
    const path = request.url?.split('?')[0];
    const { status, text } = answer(request.method ?? '', path ?? '', readiness);
    response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' });
    response.end(request.method === 'HEAD' ? undefined : `${text}\n`);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenFailure('admin', address, reasonOf(error))));
    server.listen(address.port, address.host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function answer(method: string, path: string, readiness: () => Readiness): { status: number; text: string } {
  if (method !== 'GET' && method !== 'HEAD') return { status: 405, text: `${method} is not served here; use GET.` };
  switch (path) {
    case '/healthz':
      return { status: 200, text: 'ok' };
    case '/readyz': {
      const { ready, detail } = readiness();
      return { status: ready ? 200 : 503, text: detail };
    }
    default:
      return { status: 404, text: `${path} is not here; there are /healthz and /readyz.` };
  }
}
