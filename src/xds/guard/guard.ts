import { constants, type ServerHttp2Stream } from 'node:http2';
import { type Metadata, ServerInterceptingCall, type ServerInterceptingCallInterface, status } from '@grpc/grpc-js';
import { messageTrailers } from '../grpc-message.ts';
import { LimitExceeded } from '../limits.ts';
import type { Ledger, Peer, Share } from './ledger.ts';
import { Patience } from './patience.ts';
import type { Passage } from './room.ts';

type Listener = Parameters<ServerInterceptingCallInterface['start']>[0];
type CallStatus = Parameters<ServerInterceptingCallInterface['sendStatus']>[0];

const MIB = 1024 * 1024;
/** What a piece of an unfinished request takes beside its bytes: a client may send it byte by byte. */
const PIECE_BYTES = 256;

/** What the calls of a kind share. */
export interface GuardContext {
  readonly ledger: Ledger;
  readonly limits: {
    /** How long a client may take for its first request, in milliseconds. */
    readonly firstRequestMs: number;
    /** How long it may take to read each begun MiB, in milliseconds. */
    readonly writeDeadlineMs: number;
  };
  /** Whether each request is charged; otherwise the service charges those that it has to. */
  readonly chargesRequests: boolean;
  readonly peerOf: (call: ServerInterceptingCallInterface) => Peer;
  /** Told what a client did that it should not. */
  readonly onOffence: (call: ServerInterceptingCallInterface, sentence: string) => void;
}

/**
 * Stands between a client and the service that it calls, as an interceptor of grpc-js: it keeps the call's share, and
 * ends calls of clients that ask for nothing, do not read, or want too much.
 */
export class Guard extends ServerInterceptingCall {
  readonly #call: ServerInterceptingCallInterface;
  readonly #context: GuardContext;
  readonly #stream: ServerHttp2Stream;
  readonly #streamed: boolean;
  #share: Share | undefined;
  /** Of what the service remembers for the call, in bytes; and of a request that has not come in to its end. */
  #kept = 0;
  #unfinished = 0;
  /** Of the requests that the service was handed and has not taken, the first first; and of all of them. */
  readonly #handed: number[] = [];
  #untaken = 0;
  #listener: Listener | undefined;
  #firstRequest: Patience | undefined;
  #asked = false;
  #passage: Passage | undefined;
  #reading: Patience | undefined;
  #verdict: string | undefined;

  /** @param streamed whether the client may send more than one request; otherwise it has to say that one was all. */
  constructor(call: ServerInterceptingCallInterface, context: GuardContext, streamed: boolean) {
    super(call);
    this.#call = call;
    this.#streamed = streamed;
    this.#context = context;
    this.#stream = http2StreamOf(call);
  }

  /** Why the client was cut off, if it was. */
  get verdict(): string | undefined {
    return this.#verdict;
  }

  /** Pays for a request. @returns why it may not be made. */
  request(): LimitExceeded | undefined {
    return this.#share?.request();
  }

  /** Says how many bytes the service remembers for this call. @returns why it may not be so many. */
  keep(bytes: number): LimitExceeded | undefined {
    this.#kept = bytes;
    return this.#remember();
  }

  /** To be told for each request when the service begins to work on it: until then it waits in its stream. */
  taken(): void {
    this.#untaken -= this.#handed.shift() ?? 0;
    this.#remember();
  }

  override start(listener: Listener): void {
    // It ends the timers, too, so none of them has to be kept from keeping the process.
    this.#stream.once('close', () => this.#close());
    try {
      if (encodingOf(this.#call) !== 'identity') throw compressed;
      this.#share = this.#context.ledger.open(this.#context.peerOf(this.#call));
    } catch (error) {
      if (!(error instanceof LimitExceeded)) throw error;
      this.#turnAway(error);
      return;
    }
    this.#stream.on('data', (piece: Uint8Array) => this.#arrive(piece));
    this.#listener = listener;
    this.#call.start({
      onReceiveMetadata: (metadata) => listener.onReceiveMetadata(metadata),
      onReceiveMessage: (message) => this.#receive(message),
      onReceiveHalfClose: () => {
        this.#hear();
        listener.onReceiveHalfClose();
      },
      onCancel: () => listener.onCancel(),
    });
  }

  /** The time for a first request runs from when the service wants to hear it. */
  override startRead(): void {
    if (!this.#asked && this.#firstRequest === undefined) {
      const { firstRequestMs } = this.#context.limits;
      this.#firstRequest = new Patience(firstRequestMs, () => {
        const sentence = `No request came within ${firstRequestMs / 1_000} s of the stream's beginning.`;
        this.#turnAway(new LimitExceeded(status.DEADLINE_EXCEEDED, sentence));
      });
    }
    this.#call.startRead();
  }

  override sendMetadata(metadata: Metadata): void {
    this.#call.sendMetadata(metadata);
  }

  override sendMessage(message: unknown, callback: () => void): void {
    const bytes = byteLengthOf(message);
    this.#passage = this.#share?.pass(bytes, () => {
      if (this.#verdict !== undefined || this.#stream.destroyed) return;
      this.#awaitReading(bytes);
      this.#call.sendMessage(message, () => {
        this.#reading?.end();
        this.#passage?.leave();
        callback();
      });
    });
  }

  override sendStatus(status: CallStatus): void {
    this.#firstRequest?.end();
    this.#call.sendStatus(status);
    // The client, too, has to end the stream; until then it has its place here. A reset at once would overtake the status.
    this.#within(0, () => this.#stream.close(constants.NGHTTP2_NO_ERROR));
  }

  #arrive(piece: Uint8Array): void {
    if (this.#verdict !== undefined) return;
    this.#unfinished += piece.length + PIECE_BYTES;
    const excess = this.#remember();
    if (excess !== undefined) this.#turnAway(excess);
  }

  #remember(): LimitExceeded | undefined {
    return this.#share?.remember(this.#kept + this.#unfinished + this.#untaken);
  }

  #receive(message: unknown): void {
    if (this.#verdict !== undefined) return;
    if (this.#streamed) this.#hear();
    this.#handed.push(this.#unfinished);
    this.#untaken += this.#unfinished;
    this.#unfinished = 0;
    const excess = this.#context.chargesRequests ? this.#share?.request() : undefined;
    if (excess === undefined) this.#listener?.onReceiveMessage(message);
    else this.#turnAway(excess);
  }

  #hear(): void {
    this.#asked = true;
    this.#firstRequest?.end();
  }

  #awaitReading(bytes: number): void {
    this.#within(bytes, () => {
      this.#judge('It does not read what it is sent, so its stream was reset.');
      // grpc-js has no way to end a call but by a status, which waits behind what is not read. A client takes this code for
      // RESOURCE_EXHAUSTED: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#errors
      this.#stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    });
  }

  #within(bytes: number, late: () => void): void {
    const begun = Math.max(1, Math.ceil(bytes / MIB));
    this.#reading?.end();
    if (this.#stream.destroyed) return;
    this.#reading = new Patience(begun * this.#context.limits.writeDeadlineMs, late);
  }

  #turnAway({ code, message }: LimitExceeded): void {
    this.#judge(message);
    this.sendStatus({ code, details: message, metadata: messageTrailers(message) });
  }

  #judge(sentence: string): void {
    this.#verdict ??= sentence;
    this.#context.onOffence(this.#call, sentence);
  }

  #close(): void {
    this.#firstRequest?.end();
    this.#reading?.end();
    this.#passage?.leave();
    this.#share?.close();
  }
}

/** The guard of a call that grpc-js has handed to a service. */
export function guardOf(call: unknown): Guard {
  return (call as { readonly call: Guard }).call;
}

/** The innermost of a call's interceptors has it, in a field of its own. */
function http2StreamOf(call: ServerInterceptingCallInterface): ServerHttp2Stream {
  return (call as unknown as { readonly stream: ServerHttp2Stream }).stream;
}

function encodingOf(call: ServerInterceptingCallInterface): string {
  return (call as unknown as { readonly incomingEncoding: string }).incomingEncoding;
}

/** A few bytes can become as many as a request may have, and all calls at the same time: nobody could count on that. */
const compressed = new LimitExceeded(
  status.UNIMPLEMENTED,
  'This server takes no compressed requests; have the client send them as they are.',
);

/** Of a message that is not encoded yet nobody knows; those are small ones. */
function byteLengthOf(message: unknown): number {
  return (message as { readonly byteLength?: number }).byteLength ?? 0;
}
