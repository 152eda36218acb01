import { Metadata } from '@grpc/grpc-js';

/**
 * A status message as it travels: only what must be is percent-encoded, so that a sentence can be read in the log of an
 * Envoy, which does not decode it.
 * https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#responses
 */
export function encodeGrpcMessage(message: string): string {
  return message.toWellFormed().replace(/[^\x20-\x24\x26-\x7e]/gu, encodeURIComponent);
}

/** Trailers that put the message there in this form: grpc-js by itself encodes each space. */
export function messageTrailers(message: string): Metadata {
  const trailers = new Metadata();
  trailers.set('grpc-message', encodeGrpcMessage(message));
  return trailers;
}
