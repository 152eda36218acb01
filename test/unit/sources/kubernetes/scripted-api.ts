import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An HTTP server that answers as the test says, request by request. */
export class ScriptedApi {
  readonly #server: Server;
  readonly #arrived: Exchange[] = [];
  readonly #expected: ((exchange: Exchange) => void)[] = [];

  private constructor(server: Server) {
    this.#server = server;
    server.on('request', (request, response) => this.#take(new Exchange(request, response)));
  }

  static async start(): Promise<ScriptedApi> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new ScriptedApi(server);
  }

  /** Text of a kubeconfig. */
  get kubeconfig(): string {
    const { port } = this.#server.address() as AddressInfo;
    return JSON.stringify({
      clusters: [{ name: 'c', cluster: { server: `http://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true } }],
      users: [{ name: 'u', user: { token: 'secret' } }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    });
  }

  /** The next request, in the order in which they come. */
  next(): Promise<Exchange> {
    const exchange = this.#arrived.shift();
    if (exchange !== undefined) return Promise.resolve(exchange);
    return new Promise((resolve) => this.#expected.push(resolve));
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await once(this.#server.close(), 'close');
  }

  #take(exchange: Exchange): void {
    const resolve = this.#expected.shift();
    if (resolve === undefined) this.#arrived.push(exchange);
    else resolve(exchange);
  }
}

/** One request and the answer that the test gives it. */
export class Exchange {
  readonly url: URL;
  readonly authorization: string | undefined;
  /** When the client has gone away, or has had the whole answer. */
  readonly closed: Promise<unknown>;
  readonly #response: ServerResponse;

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.url = new URL(request.url!, 'http://api');
    this.authorization = request.headers.authorization;
    this.#response = response;
    this.closed = once(response, 'close');
  }

  /** Path and query, as Kubernetes documents them. */
  get asked(): string {
    return `${this.url.pathname}${this.url.search}`;
  }

  parameter(name: string): string | null {
    return this.url.searchParams.get(name);
  }

  answer(status: number, body: object | string, headers: Readonly<Record<string, string>> = {}): void {
    this.#response.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body));
  }

  list(resourceVersion: string, items: readonly object[], continueToken?: string): void {
    this.answer(200, {
      kind: 'List',
      metadata: { resourceVersion, ...(continueToken === undefined ? {} : { continue: continueToken }) },
      items,
    });
  }

  refuse(code: number, reason: string, message: string, headers?: Readonly<Record<string, string>>): void {
    this.answer(code, { kind: 'Status', status: 'Failure', code, reason, message }, headers);
  }

  /** Opens a watch, with these events as its beginning. */
  watch(...events: readonly { readonly type: string; readonly object: object }[]): void {
    this.#response.writeHead(200).flushHeaders();
    for (const event of events) this.write(`${JSON.stringify(event)}\n`);
  }

  write(text: string): void {
    this.#response.write(text);
  }

  /** Ends the answer as it should be. */
  end(): void {
    this.#response.end();
  }

  /** Breaks the connection. */
  reset(): void {
    this.#response.socket?.resetAndDestroy();
  }
}

/** A Service as the API writes it within a list. */
export function service(name: string, version: string, labels: Readonly<Record<string, string>> = {}): object {
  return {
    metadata: { namespace: 'shop', name, resourceVersion: version, uid: `uid-${name}`, labels },
    spec: { type: 'ClusterIP', clusterIP: '10.96.0.7', ports: [{ port: 80, protocol: 'TCP' }] },
  };
}

/** An event of a watch of Services. */
export function event(type: 'ADDED' | 'MODIFIED' | 'DELETED', object: object): { type: string; object: object } {
  return { type, object: { ...object, apiVersion: 'v1', kind: 'Service' } };
}

export function bookmark(resourceVersion: string): { type: string; object: object } {
  return { type: 'BOOKMARK', object: { apiVersion: 'v1', kind: 'Service', metadata: { resourceVersion } } };
}

export function errorEvent(code: number, reason: string, message: string): { type: string; object: object } {
  return { type: 'ERROR', object: { apiVersion: 'v1', kind: 'Status', status: 'Failure', code, reason, message } };
}
