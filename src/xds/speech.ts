import { decodeDeltaRequest, decodeSotwRequest, type Received } from './decode.ts';
import { type Interest, WILDCARD } from './interest.ts';
import type { XdsLimits } from './limits.ts';
import type { DeltaRequest, DiscoveryRequest, SotwRequest, Variant } from './protocol.ts';
import { deltaStream, type Stream, type StreamOptions, sotwStream } from './stream.ts';

/** What a discovery method brings: its variant of the protocol. */
export interface Speech<Request extends DiscoveryRequest> {
  readonly variant: Variant;
  readonly typeUrl: string | undefined;
  decode(bytes: Uint8Array, limits: XdsLimits): Received<Request>;
  stream(options: StreamOptions): Stream<Request>;
  /** Whether a request wants anything beside what the client asks for already. */
  asks(request: Request, wanted: Pick<Interest, 'names' | 'wildcard'>): boolean;
  /** The names that a request asks for, or says that the client has. */
  names(request: Request): Iterable<string>;
}

/** The two variants of the protocol; of which types, the method says. */
export const sotwSpeech: Omit<Speech<SotwRequest>, 'typeUrl'> = {
  variant: 'sotw',
  decode: decodeSotwRequest,
  stream: sotwStream,
  asks: ({ names }, wanted) => names.some((name) => !wanted.names.has(name) && !(name === WILDCARD && wanted.wildcard)),
  names: ({ names }) => names.filter((name) => name !== WILDCARD),
};

export const deltaSpeech: Omit<Speech<DeltaRequest>, 'typeUrl'> = {
  variant: 'delta',
  decode: decodeDeltaRequest,
  stream: deltaStream,
  // What is unsubscribed may be answered, too.
  asks: ({ subscribe, unsubscribe }) => subscribe.length > 0 || unsubscribe.length > 0,
  names: function* ({ subscribe, initialVersions }) {
    for (const name of subscribe) if (name !== WILDCARD) yield name;
    yield* initialVersions.keys();
  },
};
