import { EventEmitter } from 'node:events';
import { Metadata, type ServerInterceptingCallInterface, status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Guard, Ledger } from '../../../../src/xds/guard/index.ts';
import { DEFAULT_LIMITS, type XdsLimits } from '../../../../src/xds/limits.ts';

const MIB = 1024 * 1024;

/** The innermost interceptor, as grpc-js makes it: what a guard does to it can be seen, and the test plays the client. */
class FakeCall {
  readonly incomingEncoding: string = 'identity';
  readonly resets: number[] = [];
  readonly statuses: { code?: number; details?: string }[] = [];
  readonly stream = Object.assign(new EventEmitter(), {
    destroyed: false,
    close: (code: number) => {
      this.resets.push(code);
      this.stream.destroyed = true;
      this.stream.emit('close');
    },
  });
  listener: Parameters<ServerInterceptingCallInterface['start']>[0] | undefined;
  /** Has what was sent last arrive. */
  arrive: (() => void) | undefined;

  constructor(encoding = 'identity') {
    this.incomingEncoding = encoding;
  }

  start(listener: FakeCall['listener']): void {
    this.listener = listener;
    listener?.onReceiveMetadata(new Metadata());
  }
  startRead(): void {}
  sendMetadata(): void {}
  sendMessage(_message: unknown, callback: () => void): void {
    this.arrive = callback;
  }
  sendStatus(status: { code?: number; details?: string }): void {
    this.statuses.push(status);
  }
}

let limits: XdsLimits;
let ledger: Ledger;
let offences: string[];
let received: unknown[];
let call: FakeCall;
let guard: Guard;

function open({ chargesRequests = false, encoding = 'identity', streamed = true } = {}): void {
  call = new FakeCall(encoding);
  received = [];
  guard = new Guard(
    call as unknown as ServerInterceptingCallInterface,
    {
      ledger,
      limits,
      chargesRequests,
      peerOf: () => ({ key: 'a', words: 'the address a' }),
      onOffence: (_, sentence) => offences.push(sentence),
    },
    streamed,
  );
  guard.start({
    onReceiveMetadata: () => guard.startRead(),
    onReceiveMessage: (message) => received.push(message),
    onReceiveHalfClose: () => {},
    onCancel: () => {},
  });
}

const STUCK = 'It does not read what it is sent, so its stream was reset.';
const send = (bytes: number) => guard.sendMessage(Buffer.alloc(bytes), () => {});
const ask = () => call.listener?.onReceiveMessage('request');

beforeEach(() => {
  vi.useFakeTimers();
  limits = { ...DEFAULT_LIMITS, firstRequestMs: 1_000, writeDeadlineMs: 100, streamMemoryBytes: MIB };
  ledger = new Ledger(limits);
  offences = [];
  open();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('what is on its way to a client', () => {
  beforeEach(ask);

  it('is waited for until the deadline; then the stream is reset, once', () => {
    send(1);
    vi.advanceTimersByTime(99);
    expect(offences).toEqual([]);
    vi.advanceTimersByTime(1_000);
    expect(offences).toEqual([STUCK]);
    expect(guard.verdict).toBe(STUCK);
    // ENHANCE_YOUR_CALM: a gRPC client is told RESOURCE_EXHAUSTED.
    expect(call.resets).toEqual([11]);
  });

  it('has the more time the larger it is: so much for each begun MiB', () => {
    send(2 * MIB + 1);
    vi.advanceTimersByTime(299);
    expect(offences).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(offences).toEqual([STUCK]);
  });

  it('is no matter any more once it has arrived, or the call is over', () => {
    send(1);
    call.arrive?.();
    vi.advanceTimersByTime(1_000);
    send(1);
    call.stream.close(0);
    vi.advanceTimersByTime(1_000);
    expect(offences).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('has its time from when there was room for it', () => {
    const first = call;
    send(limits.peerUnreadBytes);
    open();
    ask();
    send(1);
    expect(call.arrive).toBeUndefined();
    vi.advanceTimersByTime(99);
    expect(call.resets).toEqual([]);
    first.arrive?.();
    expect(call.arrive).toBeDefined();
    vi.advanceTimersByTime(99);
    expect(call.resets).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(call.resets).toEqual([11]);
  });

  it('makes room when the call is over, and takes none if it was waiting', () => {
    const first = call;
    send(limits.peerUnreadBytes);
    open();
    send(1);
    call.stream.close(0);
    expect(call.arrive).toBeUndefined();
    open();
    send(1);
    first.stream.close(0);
    expect(call.arrive).toBeDefined();
  });
});

describe('a client', () => {
  it('has some time for its first request, from when the service wants to hear it', () => {
    vi.advanceTimersByTime(999);
    expect(call.statuses).toEqual([]);
    vi.advanceTimersByTime(1);
    const details = "No request came within 1 s of the stream's beginning.";
    expect(call.statuses).toMatchObject([{ code: status.DEADLINE_EXCEEDED, details }]);
    expect(offences).toEqual([details]);
  });

  it('that has asked may be silent', () => {
    ask();
    guard.startRead();
    vi.advanceTimersByTime(1e9);
    expect(call.statuses).toEqual([]);
  });

  it('that may ask only once has to say that this was all', () => {
    open({ streamed: false });
    ask();
    vi.advanceTimersByTime(1_000);
    expect(call.statuses).toMatchObject([{ code: status.DEADLINE_EXCEEDED }]);
    open({ streamed: false });
    ask();
    call.listener?.onReceiveHalfClose();
    vi.advanceTimersByTime(1_000);
    expect(call.statuses).toEqual([]);
  });

  it('that does not end a stream that is over has it reset', () => {
    ask();
    guard.sendStatus({ code: status.OK, details: 'OK' });
    vi.advanceTimersByTime(99);
    expect(call.resets).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(call.resets).toEqual([0]);
    expect(offences).toEqual([]);
  });

  it('that compresses is told that it may not', () => {
    open({ encoding: 'gzip' });
    expect(call.listener).toBeUndefined();
    expect(call.statuses).toMatchObject([
      {
        code: status.UNIMPLEMENTED,
        details: 'This server takes no compressed requests; have the client send them as they are.',
      },
    ]);
  });
});

describe('a request that has not come in to its end', () => {
  it('counts as memory, with what each of its pieces takes', () => {
    const piece = Buffer.alloc(1);
    for (let i = 0; i < 4_000; i++) call.stream.emit('data', piece);
    expect(call.statuses).toEqual([]);
    for (let i = 0; i < 100; i++) call.stream.emit('data', piece);
    expect(call.statuses).toMatchObject([{ code: status.RESOURCE_EXHAUSTED }]);
    expect(offences).toHaveLength(1);
  });

  it('counts until the service takes it', () => {
    for (let i = 0; i < 3; i++) {
      call.stream.emit('data', Buffer.alloc(MIB / 4));
      ask();
    }
    guard.taken();
    call.stream.emit('data', Buffer.alloc(MIB / 4));
    expect(call.statuses).toEqual([]);
    call.stream.emit('data', Buffer.alloc(MIB / 4));
    expect(call.statuses).toMatchObject([{ code: status.RESOURCE_EXHAUSTED }]);
  });

  it('counts no more once it has come and was taken', () => {
    for (let i = 0; i < 10; i++) {
      call.stream.emit('data', Buffer.alloc(MIB / 2));
      ask();
      guard.taken();
    }
    expect(received).toHaveLength(10);
    expect(guard.keep(MIB)).toBeUndefined();
    call.stream.emit('data', Buffer.alloc(1));
    expect(call.statuses).toMatchObject([{ code: status.RESOURCE_EXHAUSTED }]);
  });
});

describe('the requests of a service that does not charge them itself', () => {
  it('are counted', () => {
    limits = { ...limits, streamRequests: { burst: 3, perSecond: 1 } };
    ledger = new Ledger(limits);
    open({ chargesRequests: true });
    for (let i = 0; i < 5; i++) ask();
    expect(received).toHaveLength(3);
    expect(call.statuses).toMatchObject([{ code: status.RESOURCE_EXHAUSTED }]);
  });
});
