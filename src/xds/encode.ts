import protobuf from 'protobufjs';
import { Digest, deltaPrefix, type Resource, sotwPrefix } from '../resources/index.ts';
import type { Respond, Variant } from './protocol.ts';

/** Encoded responses are kept for other streams up to this many bytes in all. */
const KEPT_BYTES = 32 * 1024 * 1024;

/**
 * Puts responses together from the pieces that each resource already has. A change goes out to many streams as the same
 * response but for its nonce, so what stands before the nonce is kept for the next stream.
 */
export class ResponseEncoder {
  readonly #bodies = new Map<string, Buffer>();
  #bytes = 0;

  /** The bytes of a DiscoveryResponse or a DeltaDiscoveryResponse. */
  encode(variant: Variant, response: Respond): Buffer {
    const { typeUrl, version, resources, removed, nonce } = response;
    const content = `${Digest.of(resources)} ${resources.length} ${JSON.stringify(removed)}`;
    const key = `${variant} ${typeUrl} ${version} ${content}`;
    const body = this.#bodies.get(key) ?? this.#keep(key, encodeBody(variant, response));
    return Buffer.concat([body, text(NONCE, nonce)]);
  }

  /** To be called when the world has changed: what was sent before will hardly be sent again. */
  clear(): void {
    this.#bodies.clear();
    this.#bytes = 0;
  }

  #keep(key: string, body: Buffer): Buffer {
    this.#bodies.set(key, body);
    this.#bytes += body.length;
    for (const [oldest, { length }] of this.#bodies) {
      if (this.#bytes <= KEPT_BYTES) break;
      this.#bodies.delete(oldest);
      this.#bytes -= length;
    }
    return body;
  }
}

// Field numbers of both DiscoveryResponse and DeltaDiscoveryResponse.
const VERSION = 1;
const TYPE_URL = 4;
const NONCE = 5;
/** Only in DeltaDiscoveryResponse. */
const REMOVED_RESOURCES = 6;

function encodeBody(variant: Variant, { typeUrl, version, resources, removed }: Respond): Buffer {
  const prefix: (resource: Resource) => Uint8Array = variant === 'sotw' ? sotwPrefix : deltaPrefix;
  return Buffer.concat([
    text(VERSION, version),
    text(TYPE_URL, typeUrl),
    ...resources.flatMap((resource) => [prefix(resource), resource.body]),
    ...removed.map((name) => text(REMOVED_RESOURCES, name)),
  ]);
}

function text(field: number, value: string): Uint8Array {
  return protobuf.Writer.create()
    .uint32((field << 3) | 2)
    .string(value)
    .finish();
}
