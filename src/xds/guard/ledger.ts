import { type LimitExceeded, tooMuch } from '../limits.ts';
import { type Passage, Room } from './room.ts';
import { type Rate, TokenBucket } from './token-bucket.ts';

/** Whose streams are counted together: a client, or a fleet of them that cannot be told apart. */
export interface Peer {
  /** The same for all that are counted together. */
  readonly key: string;
  /** As sentences call them: `the address 10.0.0.1`. */
  readonly words: string;
}

/** What streams may cost: one of them, those of one peer, and all. Bytes are of memory. */
export interface LedgerLimits {
  readonly streams: number;
  readonly peerStreams: number;
  readonly streamRequests: Rate;
  readonly peerRequests: Rate;
  readonly streamMemoryBytes: number;
  readonly peerMemoryBytes: number;
  readonly memoryBytes: number;
  readonly peerUnreadBytes: number;
  readonly unreadBytes: number;
}

interface PeerUse {
  readonly words: string;
  readonly requests: TokenBucket;
  streams: number;
  memory: number;
}

/** So many peers are remembered before it is asked which of them still matter. */
const PEERS = 1_024;

/** Who uses how much. */
export class Ledger {
  readonly #limits: LedgerLimits;
  readonly #now: () => number;
  readonly #peers = new Map<string, PeerUse>();
  readonly #room: Room<PeerUse>;
  #most = PEERS;
  #streams = 0;
  #memory = 0;

  /** @param now milliseconds of any clock that only goes forward. */
  constructor(limits: LedgerLimits, now: () => number = () => performance.now()) {
    this.#limits = limits;
    this.#now = now;
    this.#room = new Room({ bytes: limits.unreadBytes, peerBytes: limits.peerUnreadBytes });
  }

  /**
   * The share of one more stream. To open one counts as a request.
   *
   * @throws LimitExceeded if the peer, or all together, have as many as they may.
   */
  open(peer: Peer): Share {
    const use = this.#useOf(peer);
    const { streams, peerStreams } = this.#limits;
    if (!use.requests.take()) throw this.#tooManyRequests(use);
    if (this.#streams >= streams) throw tooMuch(`There are ${streams} streams here already, which is the limit.`);
    if (use.streams >= peerStreams) {
      throw tooMuch(
        `There are ${peerStreams} streams of ${use.words} here already, which is the limit for one client.`,
      );
    }
    this.#streams += 1;
    use.streams += 1;
    return this.#shareOf(use);
  }

  #shareOf(use: PeerUse): Share {
    const requests = new TokenBucket(this.#limits.streamRequests, this.#now);
    let memory = 0;
    let open = true;
    return {
      request: () => {
        const { perSecond } = this.#limits.streamRequests;
        if (!requests.take()) {
          return tooMuch(
            `This stream asks more than ${perSecond} times a second for what no response called for, which is the limit; ask less often.`,
          );
        }
        return use.requests.take() ? undefined : this.#tooManyRequests(use);
      },
      remember: (bytes) => {
        if (!open) return undefined;
        const change = bytes - memory;
        memory = bytes;
        use.memory += change;
        this.#memory += change;
        return change > 0 ? this.#tooMuchMemory(memory, use) : undefined;
      },
      pass: (bytes, enter) => this.#room.pass(use, bytes, enter),
      close: () => {
        if (!open) return;
        open = false;
        use.memory -= memory;
        this.#memory -= memory;
        use.streams -= 1;
        this.#streams -= 1;
      },
    };
  }

  #useOf({ key, words }: Peer): PeerUse {
    const known = this.#peers.get(key);
    if (known !== undefined) return known;
    this.#forgetIdlePeers();
    const requests = new TokenBucket(this.#limits.peerRequests, this.#now);
    const use: PeerUse = { words, requests, streams: 0, memory: 0 };
    this.#peers.set(key, use);
    return use;
  }

  /** Whoever has no streams is remembered until its requests are forgiven, or it would only have to come anew. */
  #forgetIdlePeers(): void {
    if (this.#peers.size < this.#most) return;
    for (const [key, { streams, requests }] of this.#peers) {
      if (streams === 0 && requests.full) this.#peers.delete(key);
    }
    this.#most = Math.max(PEERS, 2 * this.#peers.size);
  }

  #tooManyRequests({ words }: PeerUse): LimitExceeded {
    const { perSecond } = this.#limits.peerRequests;
    return tooMuch(
      `The streams of ${words} ask more than ${perSecond} times a second for what no response called for, which is the limit for one client; ask less often.`,
    );
  }

  #tooMuchMemory(memory: number, use: PeerUse): LimitExceeded | undefined {
    const { streamMemoryBytes, peerMemoryBytes, memoryBytes } = this.#limits;
    const most = (bytes: number) => `take more than ${mebibytes(bytes)} of memory here, which is the limit`;
    if (memory > streamMemoryBytes) {
      return tooMuch(`What this stream asks for would ${most(streamMemoryBytes)}; ask for less.`);
    }
    if (use.memory > peerMemoryBytes) {
      return tooMuch(
        `What the streams of ${use.words} ask for would ${most(peerMemoryBytes)} for one client; ask for less.`,
      );
    }
    if (this.#memory > memoryBytes) {
      return tooMuch(`What all clients ask for would ${most(memoryBytes)}; ask again later.`);
    }
    return undefined;
  }
}

/** One stream's part of it all. */
export interface Share {
  /** Pays for a request. @returns why it may not be made. */
  request(): LimitExceeded | undefined;
  /** Says how many bytes are remembered for this stream from now on. @returns why it may not be so many. */
  remember(bytes: number): LimitExceeded | undefined;
  /** Waits for room to send so many bytes. @param enter called at once or later, but not after the passage is left. */
  pass(bytes: number, enter: () => void): Passage;
  /** Gives back what is remembered. Passages are left by themselves. */
  close(): void;
}

function mebibytes(bytes: number): string {
  return `${Math.round((bytes / 1024 / 1024) * 10) / 10} MiB`;
}
