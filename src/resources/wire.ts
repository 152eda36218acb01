import protobuf from 'protobufjs';
import type { Resource } from './resource.ts';

/**
 * How a resource stands in a discovery response: everything before its body, which ends the field. Made once for each
 * resource and shared by all streams; the body itself is never copied but into a response.
 *
 * Both kinds of response carry their resources in field 2.
 */
const RESOURCES = field(2);

/** `DiscoveryResponse.resources`: a google.protobuf.Any. */
export function sotwPrefix(resource: Resource): Uint8Array {
  return cached(sotwPrefixes, resource, () => {
    const any = anyPrefix(resource);
    return concat(lengthDelimited(RESOURCES, any.length + resource.body.length), any);
  });
}

/** `DeltaDiscoveryResponse.resources`: an envoy.service.discovery.v3.Resource with its name, its version and an Any. */
export function deltaPrefix(resource: Resource): Uint8Array {
  return cached(deltaPrefixes, resource, () => {
    const any = anyPrefix(resource);
    const message = concat(
      protobuf.Writer.create()
        .uint32(field(3))
        .string(resource.name)
        .uint32(field(1))
        .string(resource.version)
        .finish(),
      lengthDelimited(field(2), any.length + resource.body.length),
      any,
    );
    return concat(lengthDelimited(RESOURCES, message.length + resource.body.length), message);
  });
}

/**
 * `DeltaDiscoveryResponse.resources` without a resource: that there is none of this name. Envoy's VHDS page wants the name
 * among the aliases, too.
 */
export function emptyEntry(name: string): Uint8Array {
  const message = protobuf.Writer.create().uint32(field(3)).string(name).uint32(field(4)).string(name).finish();
  return concat(lengthDelimited(RESOURCES, message.length), message);
}

const sotwPrefixes = new WeakMap<Resource, Uint8Array>();
const deltaPrefixes = new WeakMap<Resource, Uint8Array>();

function cached(cache: WeakMap<Resource, Uint8Array>, resource: Resource, make: () => Uint8Array): Uint8Array {
  let prefix = cache.get(resource);
  if (prefix === undefined) {
    prefix = make();
    cache.set(resource, prefix);
  }
  return prefix;
}

function anyPrefix({ typeUrl, body }: Resource): Uint8Array {
  return concat(
    protobuf.Writer.create().uint32(field(1)).string(typeUrl).finish(),
    lengthDelimited(field(2), body.length),
  );
}

function lengthDelimited(tag: number, length: number): Uint8Array {
  return protobuf.Writer.create().uint32(tag).uint32(length).finish();
}

/** The tag of a field of wire type 2: length-delimited. */
function field(number: number): number {
  return (number << 3) | 2;
}

/** Into memory of its own: pieces of Node's pool would keep all that was beside them for as long as the resource lives. */
function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = Buffer.allocUnsafeSlow(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
