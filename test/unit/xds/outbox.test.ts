import { Duplex } from 'node:stream';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Outbox } from '../../../src/xds/outbox.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

/** A call of which the test decides when each message arrives; what is reset is told by the HTTP/2 error code. */
class FakeCall extends Duplex {
  readonly resets: number[] = [];
  readonly call = { stream: { close: (code: number) => this.resets.push(code) } };
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

let call: FakeCall;
let stuck: number;
let outbox: Outbox<Buffer>;

beforeEach(() => {
  vi.useFakeTimers();
  call = new FakeCall();
  stuck = 0;
  const limits = { pendingBytes: 2 * MIB, writeDeadlineMs: 100 };
  outbox = new Outbox(call as unknown as ServerDuplexStream<Buffer, Buffer>, limits, () => {
    stuck += 1;
  });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('what is on its way to a client', () => {
  it('is waited for until the deadline; then the stream is reset, once', () => {
    outbox.write(Buffer.alloc(1));
    vi.advanceTimersByTime(99);
    expect(stuck).toBe(0);
    vi.advanceTimersByTime(1_000);
    expect(stuck).toBe(1);
    // ENHANCE_YOUR_CALM: a gRPC client is told RESOURCE_EXHAUSTED.
    expect(call.resets).toEqual([11]);
  });

  it('has the more time the larger it is: so much for each begun MiB', () => {
    outbox.write(Buffer.alloc(2 * MIB + 1));
    vi.advanceTimersByTime(299);
    expect(stuck).toBe(0);
    vi.advanceTimersByTime(1);
    expect(stuck).toBe(1);
  });

  it('has its time from when all before it has arrived', async () => {
    outbox.write(Buffer.alloc(1));
    outbox.write(Buffer.alloc(1));
    vi.advanceTimersByTime(90);
    call.arrive();
    vi.advanceTimersByTime(90);
    expect(stuck).toBe(0);
    vi.advanceTimersByTime(10);
    expect(stuck).toBe(1);
  });

  it('is no matter any more once it has arrived, or the call is over', () => {
    outbox.write(Buffer.alloc(1));
    call.arrive();
    vi.advanceTimersByTime(1_000);
    outbox.write(Buffer.alloc(1));
    call.emit('cancelled');
    vi.advanceTimersByTime(1_000);
    expect(stuck).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('beyond the limit stops the requests of that client, until it has read enough', () => {
    outbox.write(Buffer.alloc(2 * MIB));
    expect(call.isPaused()).toBe(false);
    outbox.write(Buffer.alloc(1));
    expect(call.isPaused()).toBe(true);
    call.arrive();
    expect(call.isPaused()).toBe(false);
  });
});
