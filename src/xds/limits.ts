import { getHeapStatistics } from 'node:v8';
import { status } from '@grpc/grpc-js';
import type { Rate } from './guard/index.ts';

/**
 * What one client may cost, and all of them together. A client that goes beyond is told so by a gRPC status, and the log
 * says it once; the others do not notice.
 */
export interface XdsLimits {
  /** The largest request, in bytes. gRPC's 4 MiB are too few for the versions that a large fleet's client comes back with. */
  readonly requestBytes: number;
  /**
   * How many names a stream may subscribe to, of all types together; no single request may have more entries either. Four
   * times the 50,000 resources that a client of a very large fleet comes back with.
   */
  readonly names: number;
  /** The longest name and the longest type URL, in bytes: a name may be an `xdstp://` URL, and 2,048 is ample for any URL. */
  readonly nameBytes: number;
  /**
   * The largest description of a node, in bytes. It is kept for as long as the stream lives. An Envoy 1.40's takes some
   * 60 KB, nearly all of it the list of its extensions; the rest is room for metadata.
   */
  readonly nodeBytes: number;
  /** How many types a stream may ask for. Envoy's API has about a dozen that are delivered by name. */
  readonly types: number;
  /**
   * How many discovery streams there may be at once. An Envoy has one if it uses ADS, else one for each source in its
   * configuration, so this is a fleet of thousands; idle, they take some hundreds of megabytes here.
   */
  readonly streams: number;
  /**
   * How many of them one peer may have: with mutual TLS an identity, else an address. Many Envoys may stand behind either, as
   * the replicas of a Deployment or behind a NAT, so this is a fleet of thousands, too; it leaves room for the others.
   */
  readonly peerStreams: number;
  /**
   * How many streams a connection may have at once. HTTP/2 advises against fewer than 100 (RFC 9113, 6.5.2); an Envoy or
   * a proxy that needs more opens another connection.
   */
  readonly streamsPerConnection: number;
  /** How long a stream may stay without a first request, in milliseconds: clients open a stream in order to ask. */
  readonly firstRequestMs: number;
  /**
   * How often a stream may ask for what no response called for: to open a stream is such a request, and to subscribe; to
   * answer a response is none, however many there are. An Envoy asks about ten times as it starts; one that asked for each of
   * 5,000 clusters by itself would have to do so twice before it met the burst.
   */
  readonly streamRequests: Rate;
  /** The same for all streams of a peer: 10,000 Envoys that start at once, and do so again every minute or two. */
  readonly peerRequests: Rate;
  /**
   * How much memory a stream's names and a request that has not come in to its end may take, in bytes: the largest request,
   * and as much again for names. Each name takes its length and 200 bytes, and 1,000 more if there is nothing of that name.
   */
  readonly streamMemoryBytes: number;
  /** The same for all streams of a peer: three quarters of what all may take. */
  readonly peerMemoryBytes: number;
  /** The same for all streams: half of the memory that this process may use for its objects. */
  readonly memoryBytes: number;
  /**
   * How many bytes may be on their way to all clients at the same time, copied for their sockets. What is more waits for its
   * turn, at no cost: so nobody is refused for it, and one message of each peer is always on its way.
   */
  readonly unreadBytes: number;
  /** How many of them may be those of one peer. */
  readonly peerUnreadBytes: number;
  /**
   * How many bytes may wait for a client to read them before its requests have to wait, too. As a client has one
   * unanswered response of each type at most, only one that answers what it has not read comes far beyond this.
   */
  readonly pendingBytes: number;
  /**
   * How long a client may take to read each begun MiB of a response, in milliseconds; then its stream is reset. 35 KB a
   * second: less than a working network gives to each of a thousand Envoys that all come back at once.
   */
  readonly writeDeadlineMs: number;
  /** How often a silent client is asked whether it is there, and how long it may take to answer, in milliseconds. */
  readonly keepaliveMs: number;
  readonly keepaliveTimeoutMs: number;
  /** How long a connection without streams may last, in milliseconds; an Envoy has one all the time. */
  readonly idleConnectionMs: number;
  /** How long a client is given to ask for all its types before anything is removed, in milliseconds. */
  readonly introductionMs: number;
  /** How long `close` waits for streams to end before it cuts them off, in milliseconds. */
  readonly closeMs: number;
}

const MIB = 1024 * 1024;
/** Bytes that the process may use for objects, by V8's own reckoning with the machine's or the container's memory. */
const HEAP = getHeapStatistics().heap_size_limit;

export const DEFAULT_LIMITS: XdsLimits = {
  requestBytes: 64 * MIB,
  names: 200_000,
  nameBytes: 2_048,
  nodeBytes: 512 * 1024,
  types: 32,
  streams: 20_000,
  peerStreams: 10_000,
  streamsPerConnection: 100,
  firstRequestMs: 10_000,
  streamRequests: { burst: 10_000, perSecond: 100 },
  peerRequests: { burst: 200_000, perSecond: 5_000 },
  streamMemoryBytes: 128 * MIB,
  peerMemoryBytes: (HEAP * 3) / 8,
  memoryBytes: HEAP / 2,
  unreadBytes: 256 * MIB,
  peerUnreadBytes: 128 * MIB,
  pendingBytes: 16 * MIB,
  writeDeadlineMs: 30_000,
  keepaliveMs: 30_000,
  keepaliveTimeoutMs: 10_000,
  idleConnectionMs: 60_000,
  introductionMs: 1_000,
  closeMs: 2_000,
};

/** A client went beyond a limit. The message is a sentence for whoever runs it, the same for all who do the same. */
export class LimitExceeded extends Error {
  readonly code: status;

  constructor(code: status, message: string) {
    super(message);
    this.code = code;
  }
}

/** There is a limit to how much: less of the same would do. */
export function tooMuch(sentence: string): LimitExceeded {
  return new LimitExceeded(status.RESOURCE_EXHAUSTED, sentence);
}

/** No client in order ever says this. */
export function invalid(sentence: string): LimitExceeded {
  return new LimitExceeded(status.INVALID_ARGUMENT, sentence);
}
