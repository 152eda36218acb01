import { constants, type ServerHttp2Stream } from 'node:http2';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { XdsLimits } from './limits.ts';

const MIB = 1024 * 1024;

/**
 * What was written to a call and is still on its way. A client that reads slower than it asks is not heard meanwhile; one
 * that does not read is cut off. That holds for a call that is over for us, too: its last words, and all that is before
 * them, wait in memory for as long as the client likes.
 */
export class Outbox<Message extends { readonly byteLength: number }> {
  readonly #call: ServerDuplexStream<Buffer, Message>;
  readonly #limits: Pick<XdsLimits, 'pendingBytes' | 'writeDeadlineMs'>;
  readonly #onStuck: () => void;
  /** Lengths of the messages on their way, the oldest first. */
  readonly #lengths: number[] = [];
  #pending = 0;
  #deadline: NodeJS.Timeout | undefined;

  /** @param onStuck called once, when the client has not read in time; its stream is reset right after. */
  constructor(
    call: ServerDuplexStream<Buffer, Message>,
    limits: Pick<XdsLimits, 'pendingBytes' | 'writeDeadlineMs'>,
    onStuck: () => void,
  ) {
    this.#call = call;
    this.#limits = limits;
    this.#onStuck = onStuck;
    // What is on its way then is never said to have arrived.
    call.on('cancelled', () => clearTimeout(this.#deadline));
  }

  write(message: Message): void {
    this.#lengths.push(message.byteLength);
    this.#pending += message.byteLength;
    if (this.#lengths.length === 1) this.#await(message.byteLength);
    if (this.#pending > this.#limits.pendingBytes) this.#call.pause();
    this.#call.write(message, () => this.#arrived());
  }

  #arrived(): void {
    clearTimeout(this.#deadline);
    this.#pending -= this.#lengths.shift() ?? 0;
    const [next] = this.#lengths;
    if (next !== undefined) this.#await(next);
    if (this.#pending <= this.#limits.pendingBytes && this.#call.isPaused()) this.#call.resume();
  }

  #await(length: number): void {
    const begun = Math.max(1, Math.ceil(length / MIB));
    this.#deadline = setTimeout(() => {
      this.#onStuck();
      reset(this.#call);
    }, begun * this.#limits.writeDeadlineMs);
    this.#deadline.unref();
  }
}

/**
 * grpc-js has no way to end a call but by a status, which waits behind what is not read. The client takes this code for
 * RESOURCE_EXHAUSTED. https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#errors
 */
function reset(call: unknown): void {
  const { stream } = (call as { readonly call: { readonly stream: ServerHttp2Stream } }).call;
  stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
}
