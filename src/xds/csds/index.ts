import { type ServerDuplexStream, type ServerUnaryCall, type sendUnaryData, status } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import { guardOf } from '../guard/index.ts';
import type { StreamReport } from '../report.ts';
import { bytesMethod } from '../service.ts';
import type { SideServices } from '../side-services.ts';
import { answer } from './answer.ts';
import { StatusError } from './status-error.ts';

export const CLIENT_STATUS_SERVICE = 'envoy.service.status.v3.ClientStatusDiscoveryService';

/** So many requests wait for their turn; what comes then is turned away. */
const QUEUE = 16;

type FetchCall = ServerUnaryCall<Buffer, Buffer>;
type StreamCall = ServerDuplexStream<Buffer, Buffer>;

/** The reports that a caller may see, of streams whose clients have said who they are. */
export type ReportsFor = (call: FetchCall | StreamCall) => readonly StreamReport[];

/**
 * The client status discovery service (CSDS): what each client was sent, and how it answered. Answers can be large, so
 * they are made one at a time.
 */
export function addClientStatus(services: SideServices, reportsFor: ReportsFor, log: Logger): void {
  let queue: Promise<unknown> = Promise.resolve();
  let queued = 0;

  const inTurn = async (call: FetchCall | StreamCall, request: Buffer): Promise<Buffer> => {
    if (queued >= QUEUE) throw new StatusError(status.RESOURCE_EXHAUSTED, 'Too many ask at once. Ask again later.');
    queued += 1;
    const answered = queue.then(() => answer(request, () => reportsFor(call)));
    queue = answered.catch(() => {}).finally(() => (queued -= 1));
    const response = await answered;
    // Until it is read, and for a single answer until the call is over.
    const excess = guardOf(call).keep(response.length);
    if (excess !== undefined) throw new StatusError(excess.code, excess.message);
    return response;
  };
  const failure = (error: unknown) => {
    if (error instanceof StatusError) return { code: error.code, details: error.message };
    log.error({ err: error }, 'A request for the status of clients failed.');
    return { code: status.INTERNAL, details: 'The control plane failed to answer; its log says why.' };
  };

  const fetchStatus = (call: FetchCall, callback: sendUnaryData<Buffer>) => {
    inTurn(call, call.request).then(
      (response) => callback(null, response),
      (error) => callback(failure(error)),
    );
  };
  const read = (call: StreamCall) => {
    guardOf(call).keep(0);
    call.resume();
  };
  const streamStatus = (call: StreamCall) => {
    call.on('data', (request: Buffer) => {
      // The next request is read when this one's answer is sent, so a client that does not read holds up itself only.
      call.pause();
      inTurn(call, request).then(
        (response) => call.writable && call.write(response, () => read(call)),
        (error) => call.emit('error', failure(error)),
      );
    });
    call.on('end', () => call.end());
  };
  const [fetchPath, streamPath] = [
    `/${CLIENT_STATUS_SERVICE}/FetchClientStatus`,
    `/${CLIENT_STATUS_SERVICE}/StreamClientStatus`,
  ];
  services.addService(
    { [fetchPath]: bytesMethod(fetchPath, 'unary'), [streamPath]: bytesMethod(streamPath, 'stream') },
    { [fetchPath]: fetchStatus, [streamPath]: streamStatus },
  );
}
