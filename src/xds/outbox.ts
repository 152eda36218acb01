import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { XdsLimits } from './limits.ts';

/**
 * What was written to a call and has not arrived. A client that reads slower than it asks is not heard meanwhile; one that
 * does not read at all is none of this one's business, but the guard's.
 */
export class Outbox<Message extends { readonly byteLength: number }> {
  readonly #call: ServerDuplexStream<Buffer, Message>;
  readonly #limits: Pick<XdsLimits, 'pendingBytes'>;
  #pending = 0;

  constructor(call: ServerDuplexStream<Buffer, Message>, limits: Pick<XdsLimits, 'pendingBytes'>) {
    this.#call = call;
    this.#limits = limits;
  }

  write(message: Message): void {
    this.#pending += message.byteLength;
    if (this.#pending > this.#limits.pendingBytes) this.#call.pause();
    this.#call.write(message, () => this.#arrived(message.byteLength));
  }

  #arrived(length: number): void {
    this.#pending -= length;
    if (this.#pending <= this.#limits.pendingBytes && this.#call.isPaused()) this.#call.resume();
  }
}
