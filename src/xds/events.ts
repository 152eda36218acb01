import type { NamedVersion, Refusal, Variant } from './protocol.ts';

/** What every event says: which client, on which stream, and when. */
interface About {
  /** Milliseconds since the epoch, with fractions. */
  readonly at: number;
  /** The node's id. */
  readonly node: string;
  readonly groups: readonly string[];
  /** Of the stream, unique in this process. */
  readonly stream: string;
}

/** What happened on a stream, for logs and for receipts. */
export type XdsEvent = About &
  (
    | { readonly type: 'connected'; readonly variant: Variant }
    | { readonly type: 'disconnected'; readonly reason: string }
    | {
        readonly type: 'pushed';
        readonly typeUrl: string;
        readonly nonce: string;
        readonly changes: readonly NamedVersion[];
        /** Of the store's state that the response tells. */
        readonly sequence: number;
        /** Of the response, without framing. */
        readonly bytes: number;
      }
    | {
        readonly type: 'acknowledged';
        readonly typeUrl: string;
        /** Empty if the client came back with these versions, so that nothing was sent. */
        readonly nonce: string;
        readonly changes: readonly NamedVersion[];
      }
    | {
        readonly type: 'refused';
        readonly typeUrl: string;
        readonly nonce: string;
        /** All that was new in the response; each of them may be the one at fault. */
        readonly changes: readonly NamedVersion[];
        readonly error: Refusal;
        /** Whether these are sent again in smaller responses, to find the one at fault. */
        readonly again: boolean;
      }
  );

/** One connected client and how it is served. */
export interface ClientStatus {
  readonly node: string;
  readonly groups: readonly string[];
  readonly stream: string;
  readonly variant: Variant;
  /** Milliseconds since the epoch. */
  readonly connectedAt: number;
  readonly types: readonly TypeStatus[];
}

export interface TypeStatus {
  readonly typeUrl: string;
  /** Responses sent, and how they were answered. */
  readonly sent: number;
  readonly acknowledged: number;
  readonly refused: number;
  /** What the client said of the last response, if it refused that. */
  readonly error?: string | undefined;
  /** Resources that it refuses at their present version. */
  readonly refusals: readonly (NamedVersion & { readonly error: Refusal })[];
}
