import type { View } from '../resources/index.ts';
import type { Guard } from './guard/index.ts';
import { type LimitExceeded, tooMuch, type XdsLimits } from './limits.ts';
import type { Action, DiscoveryRequest } from './protocol.ts';
import type { Speech } from './speech.ts';
import type { Stream } from './stream.ts';

/** What is remembered with a name, in bytes beside its length: measured, 150 for one that is held and acknowledged. */
const NAME_BYTES = 200;
/**
 * How much more it is, in bytes, where there is no such resource: measured, 250 in delta, and up to 900 in state of the
 * world, where empty endpoints are made for a name that an Envoy may wait for.
 */
const MADE_UP_BYTES = 1_000;

/** What the requests of one stream cost. */
export class Charges<Request extends DiscoveryRequest> {
  readonly #speech: Speech<Request>;
  readonly #limits: XdsLimits;
  readonly #guard: Guard;
  /** For names of which there was nothing when they were asked for, as long as the stream lives. */
  #madeUpBytes = 0;
  #asksForMore = false;

  constructor(speech: Speech<Request>, limits: XdsLimits, guard: Guard) {
    this.#speech = speech;
    this.#limits = limits;
    this.#guard = guard;
  }

  /** To be told of each request before the stream is. */
  take(request: Request, stream: Stream<Request>, view: View): void {
    const type = request.typeUrl || (this.#speech.typeUrl ?? '');
    const wanted = stream.types().find(({ typeUrl }) => typeUrl === type)?.wanted;
    for (const name of this.#speech.names(request)) {
      if (wanted?.names.has(name) || view.get(type, name) !== undefined) continue;
      this.#madeUpBytes += name.length + MADE_UP_BYTES;
    }
    this.#asksForMore = wanted === undefined || this.#speech.asks(request, wanted);
  }

  /**
   * To be asked once the stream has taken the request, so that it is known what the client wants, and whether it has
   * answered a response: that is free if it is all. Whoever asks for something with each answer would be sent it for ever.
   *
   * @returns why it goes too far.
   */
  settle(stream: Stream<Request>, actions: readonly Action[]): LimitExceeded | undefined {
    const { names, types } = this.#limits;
    const asked = stream.types();
    if (asked.length > types)
      return tooMuch(`A stream may ask for ${types} types at most, and this one asks for more.`);
    let count = 0;
    let bytes = this.#madeUpBytes;
    for (const { wanted } of asked) {
      count += wanted.names.size;
      bytes += wanted.names.length + wanted.names.size * NAME_BYTES;
    }
    if (count > names) {
      return tooMuch(
        `A stream may subscribe to ${names} names at most, of all types together, and this one wants more.`,
      );
    }
    const isFree = !this.#asksForMore && actions.some(isAnswer);
    return this.#guard.keep(bytes) ?? (isFree ? undefined : this.#guard.request());
  }
}

function isAnswer(action: Action): boolean {
  return (action.type === 'acknowledged' || action.type === 'refused') && action.nonce !== '';
}
