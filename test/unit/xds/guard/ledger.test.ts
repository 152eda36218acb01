import { status } from '@grpc/grpc-js';
import { beforeEach, describe, expect, it } from 'vitest';
import { Ledger, type LedgerLimits, type Peer, type Share } from '../../../../src/xds/guard/ledger.ts';

const MIB = 1024 * 1024;
const limits: LedgerLimits = {
  streams: 4,
  peerStreams: 2,
  streamRequests: { burst: 3, perSecond: 1 },
  peerRequests: { burst: 6, perSecond: 2 },
  streamMemoryBytes: 2 * MIB,
  peerMemoryBytes: 3 * MIB,
  memoryBytes: 4 * MIB,
  peerUnreadBytes: 60,
  unreadBytes: 100,
};
const peer = (name: string): Peer => ({ key: name, words: `the address ${name}` });
const [a, b, c] = [peer('a'), peer('b'), peer('c')];

let now: number;
let ledger: Ledger;
beforeEach(() => {
  now = 0;
  ledger = new Ledger(limits, () => now);
});

const refusal = (open: () => unknown) => {
  try {
    open();
  } catch (error) {
    return error;
  }
  return undefined;
};

describe('streams', () => {
  it('have a number for each peer, and one for all', () => {
    ledger.open(a);
    const share = ledger.open(a);
    expect(refusal(() => ledger.open(a))).toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
      message: 'There are 2 streams of the address a here already, which is the limit for one client.',
    });
    ledger.open(b);
    ledger.open(b);
    expect(refusal(() => ledger.open(c))).toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
      message: 'There are 4 streams here already, which is the limit.',
    });
    share.close();
    share.close();
    ledger.open(c);
    expect(refusal(() => ledger.open(c))).toBeDefined();
  });
});

describe('requests', () => {
  const times = (share: Share, most = 100) => {
    let count = 0;
    while (count < most && share.request() === undefined) count += 1;
    return count;
  };

  it('of a stream come in a burst, and then at a rate', () => {
    const share = ledger.open(a);
    expect(times(share)).toBe(3);
    expect(share.request()).toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
      message:
        'This stream asks more than 1 times a second for what no response called for, which is the limit; ask less often.',
    });
    now += 2_000;
    expect(times(share)).toBe(2);
  });

  it('of all streams of a peer are counted together, and to open a stream is one', () => {
    const [first, second] = [ledger.open(a), ledger.open(a)];
    expect(times(first, 2) + times(second, 2)).toBe(4);
    expect(first.request()).toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
      message:
        'The streams of the address a ask more than 2 times a second for what no response called for, which is the limit for one client; ask less often.',
    });
    expect(times(ledger.open(b))).toBe(3);
  });

  it('are not forgotten by going and coming back, not even among many others', () => {
    for (let i = 0; i < 6; i++) ledger.open(a).close();
    for (let i = 0; i < 5_000; i++) ledger.open(peer(`other ${i}`)).close();
    expect(refusal(() => ledger.open(a))).toMatchObject({ message: expect.stringContaining('ask less often') });
    now += 500;
    ledger.open(a);
  });
});

describe('memory', () => {
  const sentence = (amount: string) =>
    expect.stringContaining(`would take more than ${amount} of memory here, which is the limit`);

  it('has a limit for a stream, for a peer and for all', () => {
    const [first, second, other, another] = [ledger.open(a), ledger.open(a), ledger.open(b), ledger.open(c)];
    expect(first.remember(2 * MIB)).toBeUndefined();
    expect(second.remember(2 * MIB)).toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
      message: sentence('3 MiB'),
    });
    second.close();
    expect(other.remember(2 * MIB)).toBeUndefined();
    expect(another.remember(1)).toMatchObject({ message: sentence('4 MiB') });
    another.close();
    expect(other.remember(3 * MIB)).toMatchObject({ message: sentence('2 MiB') });
  });

  it('is given back when less is remembered, and when the stream ends', () => {
    const [first, second] = [ledger.open(a), ledger.open(a)];
    first.remember(2 * MIB);
    first.remember(1 * MIB);
    expect(second.remember(2 * MIB)).toBeUndefined();
    second.close();
    expect(second.remember(2 * MIB)).toBeUndefined();
    expect(first.remember(2 * MIB)).toBeUndefined();
  });

  it('that was too much already is no reason to turn away who gives some back', () => {
    const [first, second] = [ledger.open(a), ledger.open(a)];
    first.remember(2 * MIB);
    second.remember(2 * MIB);
    expect(first.remember(MIB + MIB / 2)).toBeUndefined();
  });
});
