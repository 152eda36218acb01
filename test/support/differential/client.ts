import { Agent, request as http1Request } from 'node:http';
import { type ClientHttp2Session, connect } from 'node:http2';
import { text } from 'node:stream/consumers';
import type { SentRequest } from './requests.ts';

/** Where a request really went. */
export interface Arrival {
  readonly status: number;
  /** As the gateway says; empty if it says nothing. */
  readonly servedBy: string;
  /** What the upstream says: its address and port. Of an answer of the gateway's own, its text. */
  readonly body: string;
}

/** Sends requests as they stand, in every line. */
export class RawClient {
  readonly #port: number;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 32 });
  #session: ClientHttp2Session | undefined;

  constructor(port: number) {
    this.#port = port;
  }

  send(request: SentRequest): Promise<Arrival> {
    return request.protocol === 'HTTP/1.1' ? this.#http1(request) : this.#http2(request);
  }

  #http1({ method, host, path, headers }: SentRequest): Promise<Arrival> {
    return new Promise((resolve, reject) => {
      const lines = [['host', host], ...headers, ...(method === 'GET' ? [] : [['content-length', '0']])];
      const outgoing = http1Request({
        host: '127.0.0.1',
        port: this.#port,
        agent: this.#agent,
        method,
        path,
        headers: lines.flat().map(asBytes),
      });
      outgoing.on('error', reject);
      outgoing.on('response', (response) => {
        const servedBy = String(response.headers['x-shunt-served-by'] ?? '');
        text(response).then((body) => resolve({ status: response.statusCode!, servedBy, body }), reject);
      });
      outgoing.end();
    });
  }

  #http2({ method, host, path, headers }: SentRequest): Promise<Arrival> {
    const byName = Map.groupBy(headers, ([name]) => name.toLowerCase());
    const lines = [...byName].map(([name, all]) => [name, all.map(([, value]) => asBytes(value.trim()))]);
    const stream = this.#connected().request(
      { ':method': method, ':authority': host, ':path': path, ...Object.fromEntries(lines) },
      { endStream: true },
    );
    return new Promise((resolve, reject) => {
      stream.on('error', reject);
      stream.on('response', (got) => {
        const servedBy = String(got['x-shunt-served-by'] ?? '');
        text(stream).then((body) => resolve({ status: got[':status']!, servedBy, body }), reject);
      });
    });
  }

  #connected(): ClientHttp2Session {
    if (this.#session === undefined || this.#session.closed || this.#session.destroyed) {
      this.#session = connect(`http://127.0.0.1:${this.#port}`);
      // Its streams tell.
      this.#session.on('error', () => {});
    }
    return this.#session;
  }

  close(): void {
    this.#agent.destroy();
    this.#session?.destroy();
  }
}

/** UTF-8, one character for each byte, as Node wants headers. */
function asBytes(value: string): string {
  return Buffer.from(value).toString('latin1');
}
