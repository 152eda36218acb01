import { Duplex } from 'node:stream';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import { expect, it } from 'vitest';
import { Outbox } from '../../../src/xds/outbox.ts';

const MIB = 1024 * 1024;

/** A call of which the test decides when a message arrives. */
class FakeCall extends Duplex {
  #arrived: (() => void) | undefined;

  constructor() {
    super({ objectMode: true });
    this.on('data', () => {});
  }

  override _read(): void {}

  override _write(_message: Buffer, _encoding: string, callback: () => void): void {
    this.#arrived = callback;
  }

  arrive(): void {
    this.#arrived?.();
  }
}

it('what is on its way to a client beyond the limit stops its requests, until it has read enough', () => {
  const call = new FakeCall();
  const outbox = new Outbox(call as unknown as ServerDuplexStream<Buffer, Buffer>, { pendingBytes: 2 * MIB });
  outbox.write(Buffer.alloc(2 * MIB));
  expect(call.isPaused()).toBe(false);
  outbox.write(Buffer.alloc(1));
  expect(call.isPaused()).toBe(true);
  call.arrive();
  expect(call.isPaused()).toBe(false);
});
