import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { listenFailure, reasonOf } from '../listening.ts';
import type { HostPort } from '../settings/index.ts';
import { type Denial, denial } from './access.ts';

/** Whether the control plane can serve Envoys, and what is missing otherwise. */
export interface Readiness {
  readonly ready: boolean;
  /** Sentences for the operator, one on a line. */
  readonly detail: string;
}

/** Answers a GET by its query: a status and what becomes the body, as JSON. */
export type Endpoint = (query: URLSearchParams) => { readonly status: number; readonly body: unknown };

/** What a scraper reads. */
export interface Scraped {
  readonly contentType: string;
  text(): Promise<string>;
}

export interface AdminServer {
  /** The port that it listens on, which the system chose if 0 was asked for. */
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Serves `/healthz` (the process answers), `/readyz` (200 once Envoys can be served, 503 before), `/metrics`, and endpoints
 * that answer in JSON once Envoys can be served.
 *
 * @param endpoints by path, for those whom `denial` does not turn away.
 * @param token that lets others than this machine ask.
 * @throws a sentence naming the setting, if the address is taken or is not this machine's.
 */
export async function startAdminServer(
  address: HostPort,
  readiness: () => Readiness,
  endpoints: ReadonlyMap<string, Endpoint>,
  metrics: Scraped,
  token?: string,
): Promise<AdminServer> {
  const server = createServer(async (request, response) => {
    const { method = '', url = '' } = request;
    const [path = '', query = ''] = url.split(/\?(.*)/s);
    if (path === '/metrics' && isRead(method)) {
      const text = await metrics.text();
      response.writeHead(200, { 'content-type': metrics.contentType, 'cache-control': 'no-store' });
      response.end(method === 'HEAD' ? undefined : text);
      return;
    }
    const endpoint = endpoints.get(path);
    const { status, text, type } =
      endpoint === undefined || !isRead(method)
        ? { ...answer(method, path, readiness, [...endpoints.keys()]), type: 'text/plain; charset=utf-8' }
        : { ...answerJson(endpoint, query, readiness, denial(request, token)), type: 'application/json' };
    response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' });
    response.end(method === 'HEAD' ? undefined : `${text}\n`);
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

function isRead(method: string): boolean {
  return method === 'GET' || method === 'HEAD';
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

function answer(method: string, path: string, readiness: () => Readiness, endpoints: readonly string[]): Answer {
  if (!isRead(method)) return { status: 405, text: `${method} is not served here; use GET.` };
  switch (path) {
    case '/healthz':
      return { status: 200, text: 'ok' };
    case '/readyz': {
      const { ready, detail } = readiness();
      return { status: ready ? 200 : 503, text: detail };
    }
    default:
      return {
        status: 404,
        text: `${path} is not here; there are ${['/healthz', '/readyz', '/metrics', ...endpoints].join(', ')}.`,
      };
  }
}

/** A mistake in an endpoint costs its caller an answer, and nobody else anything. */
function answerJson(endpoint: Endpoint, query: string, readiness: () => Readiness, denied: Denial | undefined): Answer {
  if (denied !== undefined) return { status: denied.status, text: JSON.stringify({ error: denied.sentence }) };
  const { ready, detail } = readiness();
  if (!ready) return { status: 503, text: JSON.stringify({ error: detail }) };
  try {
    const { status, body } = endpoint(new URLSearchParams(query));
    return { status, text: JSON.stringify(body) };
  } catch (error) {
    return { status: 500, text: JSON.stringify({ error: `a mistake in Shunt itself: ${(error as Error).message}` }) };
  }
}
