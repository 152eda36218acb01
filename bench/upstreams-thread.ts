import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import type { Upstreams } from './upstreams.ts';

/** A server on a free port that answers with its name. */
async function serve(name: string): Promise<number> {
  const server = createServer((_, response) => {
    response.setHeader('content-length', name.length);
    response.end(name);
  });
  // Left to Envoy: a connection that closes under a request would be measured as well.
  server.keepAliveTimeout = 0;
  server.listen(0, workerData.host);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

parentPort!.postMessage({ baseline: await serve('baseline'), preview: await serve('preview') } satisfies Upstreams);
