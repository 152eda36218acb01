import { createServer, type IncomingHttpHeaders, type IncomingMessage, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A small HTTP server of the demo's story, which calls others through the gateway and hands on trace context only. */
export interface DemoService {
  /** What it answers with: `api@pr-123`. */
  readonly title: string;
  readonly port: number;
  close(): Promise<void>;
}

export interface DemoServiceOptions {
  readonly title: string;
  /** In-cluster names of the services that it calls. */
  readonly calls: readonly string[];
  /** Where the gateway listens. */
  readonly gateway: { readonly host: string; readonly port: number };
  /** Told of each request that it serves, with the trace context's baggage. */
  readonly onRequest: (title: string, baggage: string | undefined) => void;
}

/** What OpenTelemetry's propagators hand on: W3C Trace Context and Baggage. The demo's services know no other header. */
const TRACE_CONTEXT = ['traceparent', 'tracestate', 'baggage'];

/** Starts a service on a free port of the loopback address. */
export async function startDemoService(options: DemoServiceOptions): Promise<DemoService> {
  const server = createServer((incoming, response) => {
    const baggage = incoming.headers.baggage;
    options.onRequest(options.title, typeof baggage === 'string' ? baggage : undefined);
    respond(options, incoming).then(
      (text) => response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' }).end(`${text}\n`),
      (error: Error) =>
        response.writeHead(502, { 'content-type': 'text/plain; charset=utf-8' }).end(`${error.message}\n`),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { title: options.title, port: (server.address() as AddressInfo).port, close: () => end(server) };
}

async function respond({ title, calls, gateway }: DemoServiceOptions, incoming: IncomingMessage): Promise<string> {
  const answers = await Promise.all(calls.map((name) => call(name, gateway, incoming.headers)));
  return answers.length === 0 ? title : `${title} → ${answers.join(', ')}`;
}

/** Calls a service by its in-cluster name. */
function call(name: string, gateway: DemoServiceOptions['gateway'], received: IncomingHttpHeaders): Promise<string> {
  const headers: Record<string, string> = { host: name };
  for (const header of TRACE_CONTEXT) {
    const value = received[header];
    if (typeof value === 'string') headers[header] = value;
  }
  return new Promise((resolve, reject) => {
    const outgoing = request({ ...gateway, path: '/', headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8').trim();
        if (response.statusCode === 200) resolve(text);
        else reject(new Error(`${name} answered ${response.statusCode}: ${text}`));
      });
    });
    outgoing.on('error', (error) =>
      reject(new Error(`${name} cannot be reached through the gateway: ${error.message}`)),
    );
    outgoing.end();
  });
}

function end(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
