import { once } from 'node:events';
import { createServer } from 'node:http';
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { type AddressInfo, connect } from 'node:net';

/** What an upstream saw of a request, to the letter. */
export interface Sighting {
  /** The upstream. */
  readonly title: string;
  /** Path and query. */
  readonly path: string;
  /** Header lines, `name: value`, as they came. */
  readonly lines: readonly string[];
}

/** An upstream that answers each request with all that it saw of it, which `sighted` reads. */
export async function startWitness(title: string): Promise<{ readonly port: number; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    const lines: string[] = [];
    for (let index = 0; index < request.rawHeaders.length; index += 2) {
      lines.push(`${request.rawHeaders[index]}: ${request.rawHeaders[index + 1]}`);
    }
    response.end(JSON.stringify({ title, path: request.url!, lines } satisfies Sighting));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

export interface RawRequest {
  readonly port: number;
  readonly host: string;
  /** Default: `/`. */
  readonly path?: string;
  /** Header lines, sent as they stand here. */
  readonly lines?: readonly string[];
  /** The loopback address that it comes from. Default: 127.0.0.1. */
  readonly from?: string;
}

/**
 * Sends a request over HTTP/1.1, with header lines as they stand there.
 * @throws if the answer is no witness's: its first line.
 */
export async function askRaw({ port, host, path = '/', lines = [], from }: RawRequest): Promise<Sighting> {
  const socket = connect({ port, host: '127.0.0.1', ...(from === undefined ? {} : { localAddress: from }) });
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  const head = [`GET ${path} HTTP/1.1`, `host: ${host}`, ...lines, 'connection: close'].join('\r\n');
  socket.write(Buffer.from(`${head}\r\n\r\n`, 'latin1'));
  await once(socket, 'close');
  return sighted(Buffer.concat(chunks).toString('latin1'));
}

/** Likewise over HTTP/2; a list of values is as many fields. */
export async function askHttp2(
  { port, host, path = '/' }: RawRequest,
  headers: Readonly<Record<string, string | string[]>>,
): Promise<Sighting> {
  const session: ClientHttp2Session = connectHttp2(`http://127.0.0.1:${port}`);
  try {
    const stream = session.request({ ...headers, ':authority': host, ':path': path });
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    await once(stream, 'end');
    return sighted(`\r\n\r\n${Buffer.concat(chunks).toString()}`);
  } finally {
    session.close();
  }
}

function sighted(answer: string): Sighting {
  const body = answer.slice(answer.indexOf('\r\n\r\n') + 4);
  const json = /\{.*\}/s.exec(body)?.[0];
  if (json === undefined) throw new Error(answer.slice(0, answer.indexOf('\r\n')));
  return JSON.parse(json) as Sighting;
}
