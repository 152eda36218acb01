import type {
  handleUnaryCall,
  Server,
  ServerDuplexStream,
  ServerWritableStream,
  ServiceDefinition,
  UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { guardOf } from './guard/index.ts';

type StreamingCall = ServerWritableStream<unknown, unknown> | ServerDuplexStream<unknown, unknown>;
type UnaryHandler = handleUnaryCall<unknown, unknown>;
type UnaryCall = Parameters<UnaryHandler>[0];

/**
 * What a server offers beside discovery. Streams last as long as their clients like, so a server that closes has to end
 * them.
 */
export class SideServices {
  readonly #server: Pick<Server, 'addService'>;
  readonly #streams = new Set<StreamingCall>();

  constructor(server: Pick<Server, 'addService'>) {
    this.#server = server;
  }

  addService(definition: ServiceDefinition, handlers: UntypedServiceImplementation): void {
    const followed = Object.entries(handlers).map(([name, handler]) => [
      name,
      (call: UnaryCall | StreamingCall, callback: Parameters<UnaryHandler>[1]) => {
        if ('end' in call) this.#follow(call);
        (handler as (call: UnaryCall | StreamingCall, callback: Parameters<UnaryHandler>[1]) => void)(call, callback);
      },
    ]);
    this.#server.addService(definition, Object.fromEntries(followed));
  }

  /** Ends all streams once what was written is sent. */
  end(): void {
    for (const stream of this.#streams) stream.end();
  }

  #follow(stream: StreamingCall): void {
    this.#streams.add(stream);
    if ('read' in stream) stream.on('data', () => guardOf(stream).taken());
    for (const over of ['cancelled', 'finish', 'error']) stream.on(over, () => this.#streams.delete(stream));
  }
}
