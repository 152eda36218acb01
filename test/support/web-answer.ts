import { once } from 'node:events';
import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';

export interface WebAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface WebQuestion {
  readonly host: string;
  /** Default: `/`. */
  readonly path?: string;
  /** Default: GET. */
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
}

/** Asks over HTTP/1.1 on a connection of its own, and follows no redirect. */
export async function askWeb(port: number, question: WebQuestion): Promise<WebAnswer> {
  const { host, path = '/', method = 'GET', headers } = question;
  const sent = request({ host: '127.0.0.1', port, path, method, headers: { host, ...headers }, agent: false });
  sent.end();
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  return { status: answer.statusCode!, headers: answer.headers, body: await text(answer) };
}
