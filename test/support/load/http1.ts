import { Agent, request } from 'node:http';
import { text } from 'node:stream/consumers';
import type { OutgoingRequest } from './kind.ts';
import type { Outcome } from './outcome.ts';
import { readEcho, type Sender } from './sender.ts';

/** Sends over HTTP/1.1, on as many kept connections as it takes for no request to wait for another. Nothing is sent twice. */
export function http1Sender(port: number, timeoutMs: number): Sender {
  const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });
  return {
    send: ({ method, path, authority, headers, body }: OutgoingRequest) =>
      new Promise<Outcome>((resolve) => {
        const outgoing = request({
          host: '127.0.0.1',
          port,
          agent,
          method,
          path,
          headers: { host: authority, 'content-length': String(Buffer.byteLength(body)), ...headers },
        });
        const limit = setTimeout(() => {
          resolve({ kind: 'timeout' });
          outgoing.destroy();
        }, timeoutMs);
        const settle = (outcome: Outcome) => {
          clearTimeout(limit);
          resolve(outcome);
        };
        const fail = (error: NodeJS.ErrnoException) =>
          settle({ kind: 'connection', detail: `${error.code ?? error.name}: ${error.message}` });
        outgoing.on('error', fail);
        outgoing.on('response', (response) => {
          const servedBy = String(response.headers['x-shunt-served-by'] ?? '');
          text(response).then((answer) => {
            const echo = readEcho(answer);
            const said = echo === undefined ? answer : undefined;
            settle({ kind: 'answer', status: response.statusCode!, servedBy, echo, said });
          }, fail);
        });
        outgoing.end(body);
      }),
    close: () => agent.destroy(),
  };
}
