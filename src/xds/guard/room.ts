/** How much may be on its way at once. */
export interface RoomLimits {
  readonly bytes: number;
  readonly peerBytes: number;
}

/** A message that is on its way, or waits for its turn. */
export interface Passage {
  /** To be called once, when it has arrived or is given up. */
  leave(): void;
}

interface Waiting {
  readonly bytes: number;
  readonly enter: () => void;
}

/**
 * What is on its way to all clients, in bytes copied for a socket. When it is full, messages wait outside, where they cost
 * next to nothing: a thousand clients that come back at once are not sent their worlds all at the same time, and clients
 * that do not read cannot fill the memory with what they are sent. A peer has its own part of it, and may always have one
 * message on its way, so nobody waits for others that do not read.
 *
 * Within a peer the first comes first; the peers take turns.
 */
export class Room<Peer extends object> {
  readonly #limits: RoomLimits;
  readonly #used = new Map<Peer, number>();
  /** In the order of their turns. */
  readonly #waiting = new Map<Peer, Set<Waiting>>();
  #total = 0;

  constructor(limits: RoomLimits) {
    this.#limits = limits;
  }

  /** @param enter called at once, or when there is room; never after `leave`. */
  pass(peer: Peer, bytes: number, enter: () => void): Passage {
    const queue = this.#waiting.get(peer);
    if (queue === undefined && this.#fits(peer, bytes)) {
      this.#add(peer, bytes);
      enter();
      return { leave: once(() => this.#remove(peer, bytes)) };
    }
    let inside = false;
    const waiting: Waiting = {
      bytes,
      enter: () => {
        inside = true;
        enter();
      },
    };
    if (queue === undefined) this.#waiting.set(peer, new Set([waiting]));
    else queue.add(waiting);
    const leave = () => {
      if (inside) this.#remove(peer, bytes);
      else this.#giveUp(peer, waiting);
    };
    return { leave: once(leave) };
  }

  #fits(peer: Peer, bytes: number): boolean {
    const used = this.#used.get(peer) ?? 0;
    return used === 0 || (used + bytes <= this.#limits.peerBytes && this.#total + bytes <= this.#limits.bytes);
  }

  #add(peer: Peer, bytes: number): void {
    this.#total += bytes;
    this.#used.set(peer, (this.#used.get(peer) ?? 0) + bytes);
  }

  #remove(peer: Peer, bytes: number): void {
    this.#total -= bytes;
    const left = (this.#used.get(peer) ?? 0) - bytes;
    if (left > 0) this.#used.set(peer, left);
    else this.#used.delete(peer);
    this.#admit(peer);
    this.#admitOthers();
  }

  #giveUp(peer: Peer, waiting: Waiting): void {
    const queue = this.#waiting.get(peer);
    queue?.delete(waiting);
    if (queue?.size === 0) this.#waiting.delete(peer);
  }

  /** Lets in the first message of a peer, if it fits; the peer's next turn is then after the others. */
  #admit(peer: Peer): void {
    const queue = this.#waiting.get(peer);
    const [first] = queue ?? [];
    if (queue === undefined || first === undefined || !this.#fits(peer, first.bytes)) return;
    queue.delete(first);
    this.#waiting.delete(peer);
    if (queue.size > 0) this.#waiting.set(peer, queue);
    this.#add(peer, first.bytes);
    first.enter();
  }

  /** While there is room for whoever is next of those who have not filled their own part. */
  #admitOthers(): void {
    for (const [peer, [first]] of this.#waiting) {
      if (first !== undefined && this.#total + first.bytes > this.#limits.bytes) return;
      this.#admit(peer);
    }
  }
}

function once(run: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    run();
  };
}
