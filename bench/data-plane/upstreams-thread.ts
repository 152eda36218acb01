import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { parentPort } from 'node:worker_threads';
import type { Upstreams } from '../upstreams.ts';
import { END_OF_HEAD } from './http.ts';

/**
 * A server on a free port of the loopback address that answers each request without a body with its name. It reads no
 * more of a request than its end: what it costs would be taken from the Envoy that is measured.
 */
async function serve(name: string): Promise<number> {
  const answer = Buffer.from(`HTTP/1.1 200 OK\r\ncontent-length: ${name.length}\r\n\r\n${name}`);
  const server = createServer({ noDelay: true }, (socket) => {
    let rest: Buffer = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      for (let end = rest.indexOf(END_OF_HEAD); end !== -1; end = rest.indexOf(END_OF_HEAD)) {
        rest = rest.subarray(end + END_OF_HEAD.length);
        socket.write(answer);
      }
    });
    // An Envoy that ends resets its connections.
    socket.on('error', () => socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

parentPort!.postMessage({ baseline: await serve('baseline'), preview: await serve('preview') } satisfies Upstreams);
