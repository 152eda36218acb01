import protobuf from 'protobufjs';
import { deltaPrefix, emptyEntry, type Resource, sotwPrefix } from '../resources/index.ts';
import type { Respond, Variant } from './protocol.ts';

/**
 * An encoded message in pieces, of which most belong to resources and are shared by all streams. grpc-js asks a serialised
 * message for its length and has it copied behind the frame's header; so each byte is copied once, into what goes out.
 */
export class WireMessage {
  readonly byteLength: number;
  readonly #pieces: readonly Uint8Array[];

  constructor(pieces: readonly Uint8Array[]) {
    this.#pieces = pieces;
    let byteLength = 0;
    for (const { length } of pieces) byteLength += length;
    this.byteLength = byteLength;
  }

  /** As `Buffer.copy` does. @returns the number of bytes copied. */
  copy(target: Uint8Array, start = 0): number {
    let at = start;
    for (const piece of this.#pieces) {
      target.set(piece, at);
      at += piece.length;
    }
    return this.byteLength;
  }
}

// Field numbers of both DiscoveryResponse and DeltaDiscoveryResponse.
const VERSION = 1;
const TYPE_URL = 4;
const NONCE = 5;
/** Only in DeltaDiscoveryResponse. */
const REMOVED_RESOURCES = 6;

/** A DiscoveryResponse or a DeltaDiscoveryResponse. */
export function encodeResponse(variant: Variant, response: Respond): WireMessage {
  const { typeUrl, version, resources, removed, unknown, nonce } = response;
  const prefix: (resource: Resource) => Uint8Array = variant === 'sotw' ? sotwPrefix : deltaPrefix;
  const pieces = [text(VERSION, version), text(TYPE_URL, typeUrl)];
  for (const resource of resources) pieces.push(prefix(resource), resource.body);
  for (const name of unknown) pieces.push(emptyEntry(name));
  for (const name of removed) pieces.push(text(REMOVED_RESOURCES, name));
  pieces.push(text(NONCE, nonce));
  return new WireMessage(pieces);
}

function text(field: number, value: string): Uint8Array {
  return protobuf.Writer.create()
    .uint32((field << 3) | 2)
    .string(value)
    .finish();
}
