import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from 'node:http2';
import { frameText, unframeText } from '../echo-message.ts';
import type { OutgoingRequest } from './kind.ts';
import type { Outcome } from './outcome.ts';
import { readEcho, type Sender } from './sender.ts';

/**
 * Sends over HTTP/2, plain or as unary gRPC calls, on one connection, which is made anew when it is gone. Nothing is sent
 * twice; a gRPC library would do so by itself where a stream is refused, and hide the failure.
 */
export function http2Sender(port: number, timeoutMs: number): Sender {
  let session: ClientHttp2Session | undefined;
  const usable = (): ClientHttp2Session => {
    if (session !== undefined && !session.closed && !session.destroyed) return session;
    const opened = connect(`http://127.0.0.1:${port}`);
    // The streams of a broken connection tell of it themselves.
    opened.on('error', () => {});
    opened.on('goaway', () => opened.close());
    session = opened;
    return opened;
  };
  return {
    send: (request) => send(usable(), request, timeoutMs),
    close: () => session?.destroy(),
  };
}

function send(session: ClientHttp2Session, request: OutgoingRequest, timeoutMs: number): Promise<Outcome> {
  const isGrpc = request.protocol === 'gRPC';
  const body = isGrpc ? frameText(request.body) : Buffer.from(request.body);
  const stream = session.request(
    {
      ':method': request.method,
      ':path': request.path,
      ':authority': request.authority,
      ...(isGrpc ? { 'content-type': 'application/grpc+proto', te: 'trailers' } : {}),
      ...request.headers,
    },
    { endStream: body.length === 0 },
  );
  return new Promise<Outcome>((resolve) => {
    const limit = setTimeout(() => {
      resolve({ kind: 'timeout' });
      stream.destroy();
    }, timeoutMs);
    const chunks: Buffer[] = [];
    let headers: IncomingHttpHeaders & { ':status'?: number } = {};
    let trailers: IncomingHttpHeaders = {};
    let failure: NodeJS.ErrnoException | undefined;
    let complete = false;
    stream.on('response', (got) => {
      headers = got;
    });
    stream.on('trailers', (got) => {
      trailers = got;
    });
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => {
      complete = true;
    });
    stream.on('error', (error) => {
      failure = error;
    });
    stream.on('close', () => {
      clearTimeout(limit);
      const status = headers[':status'];
      if (failure !== undefined || status === undefined || !complete) {
        const detail = failure === undefined ? 'the stream was cut off' : `${failure.code}: ${failure.message}`;
        resolve({ kind: 'connection', detail });
        return;
      }
      const grpcStatus = trailers['grpc-status'] ?? headers['grpc-status'];
      const text = textOf(Buffer.concat(chunks), isGrpc);
      const echo = readEcho(text);
      const message = trailers['grpc-message'] ?? headers['grpc-message'];
      resolve({
        kind: 'answer',
        status,
        servedBy: String(headers['x-shunt-served-by'] ?? ''),
        said: echo === undefined ? (isGrpc ? decodeURIComponent(String(message ?? '')) : text) : undefined,
        ...(isGrpc ? { grpcStatus: grpcStatus === undefined ? 'missing' : String(grpcStatus) } : {}),
        echo,
      });
    });
    stream.end(body.length === 0 ? undefined : body);
  });
}

function textOf(body: Buffer, isGrpc: boolean): string {
  if (!isGrpc) return body.toString('utf8');
  try {
    return unframeText(body);
  } catch {
    return '';
  }
}
