import type { status } from '@grpc/grpc-js';

/** Ends a call with a status of gRPC and a sentence that says why. */
export class StatusError extends Error {
  readonly code: status;

  constructor(code: status, message: string) {
    super(message);
    this.code = code;
  }
}
