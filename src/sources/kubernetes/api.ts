import http from 'node:http';
import https from 'node:https';
import type { KubeConfig } from '@kubernetes/client-node';
import { RequestFailure, refusal } from './failure.ts';

/** A body of a 200 answer as it comes in, decoded. Iterating throws RequestFailure when the connection breaks. */
export type Body = AsyncIterable<string>;

/** A request to the API server. A body is JSON, of the given content type. */
export interface Request {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH';
  /** With its query, below the cluster's `server`. */
  readonly path: string;
  readonly body?: { readonly contentType: string; readonly text: string } | undefined;
}

/** Sends any request, as `Get` does a GET request; its answer may be a 201 too. */
export type Ask = (request: Request, silence: Silence, signal: AbortSignal) => Promise<Body>;

/**
 * Sends a GET request; resolves when the answer's head is there, if it is a 200.
 *
 * @param path with its query, below the cluster's `server`.
 * @param silence how long the API server may send nothing: before its answer, and within it.
 * @throws RequestFailure for any other answer, or none; whatever `signal` was aborted with, if it was.
 */
export type Get = (path: string, silence: Silence, signal: AbortSignal) => Promise<Body>;

export interface Silence {
  readonly answerMs: number;
  readonly bodyMs: number;
}

/** A dead peer is noticed by the system about 40 s after it was last heard: this time, then 10 probes 1 s apart. */
const KEEP_ALIVE_MS = 30_000;

/** No Status object is longer. */
const LONGEST_REFUSAL = 64 * 1024;

/**
 * Requests with the address, trust and credentials of a kubeconfig. The files that it names are read anew now and then,
 * and the whole of it, with what a credentials plugin says, after credentials were not accepted: they may have been
 * rotated. The client's own `Watch` is not used, because it drops the body and headers of a refusal, and
 * with them Retry-After, skips what it cannot parse, and cannot be aborted before the answer is there.
 */
export function askWith(load: () => Promise<KubeConfig>): Ask {
  let current: KubeConfig | undefined;
  return async (request, silence, signal) => {
    const exchange = new Exchange(signal);
    try {
      exchange.allowSilence(silence.answerMs);
      current ??= await exchange.whileHeard(load());
      const config = current;
      const options = await exchange.whileHeard(requestOptions(config, request));
      const cluster = config.getCurrentCluster()!;
      const response = await answerTo(
        new URL(cluster.server.replace(/\/+$/, '') + request.path),
        options,
        request,
        exchange.signal,
      );
      if (response.statusCode === 401 && current === config) current = undefined;
      if (response.statusCode !== 200 && response.statusCode !== 201) throw await refusalOf(response);
      exchange.allowSilence(silence.bodyMs);
      return exchange.body(response);
    } catch (error) {
      throw exchange.failed(error);
    }
  };
}

/** GET requests with the same care. */
export function getWith(load: () => Promise<KubeConfig>): Get {
  const ask = askWith(load);
  return (path, silence, signal) => ask({ method: 'GET', path }, silence, signal);
}

async function requestOptions(config: KubeConfig, { method, body }: Request): Promise<https.RequestOptions> {
  const headers = { accept: 'application/json', 'user-agent': 'shunt' };
  const options: https.RequestOptions = {
    method,
    headers: body === undefined ? headers : { ...headers, 'content-type': body.contentType },
  };
  await config.applyToHTTPSOptions(options);
  // The client keeps one agent for ever, with the certificates it first had; only a proxy needs its agent.
  if (config.getCurrentCluster()?.proxyUrl === undefined) options.agent = false;
  return options;
}

function answerTo(
  url: URL,
  options: https.RequestOptions,
  { body }: Request,
  signal: AbortSignal,
): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = (url.protocol === 'http:' ? http : https).request(url, { ...options, signal }, resolve);
    // Stays in place after the answer: an abort then fails the request as well as the answer, and a failure that nobody
    // listens to ends the process.
    request.on('error', reject);
    request.setSocketKeepAlive(true, KEEP_ALIVE_MS);
    request.end(body?.text);
  });
}

async function refusalOf(response: http.IncomingMessage): Promise<RequestFailure> {
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) {
    text += chunk;
    if (text.length > LONGEST_REFUSAL) break;
  }
  const retryAfterSeconds = Number(response.headers['retry-after'] ?? 0);
  return new RequestFailure(
    refusal(response.statusCode!, statusObject(text), Number.isFinite(retryAfterSeconds) ? retryAfterSeconds : 0),
  );
}

/** A proxy in between answers with text or HTML: its beginning then stands for the message. */
function statusObject(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return { message: text.slice(0, 200) };
  }
}

/** One request and its answer: ends it when it is told to, or when nothing was heard for too long. */
class Exchange {
  readonly #ending = new AbortController();
  readonly #outer: AbortSignal;
  readonly #end = () => this.#ending.abort(this.#outer.reason);
  #timer: NodeJS.Timeout | undefined;
  #silenceMs: number | undefined;

  constructor(outer: AbortSignal) {
    this.#outer = outer;
    outer.throwIfAborted();
    outer.addEventListener('abort', this.#end, { once: true });
  }

  get signal(): AbortSignal {
    return this.#ending.signal;
  }

  allowSilence(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#silenceMs = ms;
      this.#ending.abort();
    }, ms);
  }

  /** A credentials plugin may hang as well; it cannot be aborted, only left alone. */
  whileHeard<T>(work: Promise<T>): Promise<T> {
    const ended = new Promise<never>((_, reject) => {
      this.signal.addEventListener('abort', () => reject(this.signal.reason), { once: true });
    });
    return Promise.race([work, ended]);
  }

  async *body(response: http.IncomingMessage): AsyncGenerator<string, void, void> {
    try {
      for await (const chunk of response.setEncoding('utf8')) {
        this.#timer?.refresh();
        yield chunk;
      }
    } catch (error) {
      throw this.failed(error);
    } finally {
      this.#close();
    }
  }

  /** What to throw for an error of this exchange. */
  failed(error: unknown): unknown {
    this.#close();
    if (this.#outer.aborted) return this.#outer.reason;
    if (this.#silenceMs !== undefined) return new RequestFailure({ kind: 'silent', silenceMs: this.#silenceMs });
    if (error instanceof RequestFailure) return error;
    return new RequestFailure({ kind: 'broken', reason: wordsOf(error) });
  }

  #close(): void {
    clearTimeout(this.#timer);
    this.#outer.removeEventListener('abort', this.#end);
  }
}

/** Node puts the attempts on several addresses into an AggregateError without a message of its own. */
function wordsOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.map(wordsOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}
