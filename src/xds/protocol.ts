import type { Resource } from '../resources/index.ts';

/** State of the world, or incremental. */
export type Variant = 'sotw' | 'delta';

/** Why a client refused a response: a google.rpc.Status. Its text is for people, and no part of the protocol. */
export interface Refusal {
  readonly code: number;
  readonly message: string;
}

/** What both kinds of discovery request say. */
export interface DiscoveryRequest {
  readonly typeUrl: string;
  /** Of the response that this request answers, or empty. */
  readonly nonce: string;
  /** Present if that response is refused: a NACK. */
  readonly error?: Refusal | undefined;
}

export interface SotwRequest extends DiscoveryRequest {
  /** The last version that the client accepted, possibly on an earlier stream. */
  readonly version: string;
  /** All that the client subscribes to. */
  readonly names: readonly string[];
}

export interface DeltaRequest extends DiscoveryRequest {
  readonly subscribe: readonly string[];
  readonly unsubscribe: readonly string[];
  /** Versions that the client holds from an earlier stream, by name. */
  readonly initialVersions: ReadonlyMap<string, string>;
}

/** A resource as a response carried it, or its removal. */
export interface NamedVersion {
  readonly name: string;
  /** Undefined for a removal. */
  readonly version: string | undefined;
}

export interface Respond {
  readonly type: 'respond';
  readonly typeUrl: string;
  readonly version: string;
  readonly nonce: string;
  readonly resources: readonly Resource[];
  /** Only in delta. */
  readonly removed: readonly string[];
  /** Only in delta: answered with an empty entry, as there is no such resource. */
  readonly unknown: readonly string[];
  /** What of it is new to the client, or was asked for. */
  readonly changes: readonly NamedVersion[];
}

interface Acknowledged {
  readonly type: 'acknowledged';
  readonly typeUrl: string;
  /** Empty if the client came with these versions: it has them from an earlier stream. */
  readonly nonce: string;
  readonly changes: readonly NamedVersion[];
}

export interface Refused {
  readonly type: 'refused';
  readonly typeUrl: string;
  readonly nonce: string;
  /** All that was new in the response; each of them may be the one at fault. */
  readonly changes: readonly NamedVersion[];
  readonly error: Refusal;
  /** Whether these are sent again in smaller responses, to find the one at fault. */
  readonly again: boolean;
}

/** Ends the stream: the client asks for what cannot be (INVALID_ARGUMENT). */
interface Fail {
  readonly type: 'fail';
  readonly message: string;
}

export type Action = Respond | Acknowledged | Refused | Fail;
