import type protobuf from 'protobufjs';
import type { DecodedTypes, MessageName, MessageTypes } from './messages.ts';
import { messageType } from './schema.ts';
import { sortMaps } from './sort-maps.ts';

const typeUrlPrefix = 'type.googleapis.com/';

/**
 * The bytes of a message. Deterministic: equal messages have equal bytes, in whatever order the entries of their maps and
 * Structs were written, so that a hash of the bytes is a version.
 *
 * That fields and enum values exist is for the compiler to see: at run time an unknown one is left out.
 *
 * @throws Error naming the oneof, if two of its members are set.
 */
export function encode<Name extends MessageName>(typeName: Name, message: MessageTypes[Name]): Uint8Array {
  const type = messageType(typeName);
  const built = type.fromObject(message);
  const mistake = type.verify(built);
  if (mistake !== null) throw new Error(`${typeName} cannot be encoded: ${mistake}.`);
  sortMaps(type, built);
  return type.encode(built).finish();
}

/**
 * The message in these bytes; fields that `protos/` does not name are skipped.
 *
 * @throws Error saying what is wrong, if the bytes are no such message: cut short, or text that is not UTF-8.
 */
export function decode<Name extends MessageName>(typeName: Name, bytes: Uint8Array): DecodedTypes[Name] {
  const type = messageType(typeName);
  return type.toObject(parse(type, bytes), { enums: String, longs: String, arrays: true }) as DecodedTypes[Name];
}

/** Reads bytes into the message class of protobufjs; private to this folder. */
export function parse(type: protobuf.Type, bytes: Uint8Array): protobuf.Message {
  try {
    // From a Buffer, fields of type bytes are read as Buffers, which is what the generated types say they are.
    return type.decode(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`The bytes are no valid ${type.fullName.slice(1)}: ${reason}.`, { cause });
  }
}

/** A message in an Any, as extensions carry their settings. */
export function any<Name extends MessageName>(typeName: Name, message: MessageTypes[Name]) {
  return { type_url: typeUrl(typeName), value: encode(typeName, message) };
}

/** The type URL of a message: what an Any and a discovery request name a type by. */
export function typeUrl<Name extends string>(typeName: Name): `${typeof typeUrlPrefix}${Name}` {
  return `${typeUrlPrefix}${typeName}`;
}

/** The type URLs of the resources that a control plane serves. */
export const typeUrls = {
  cluster: typeUrl('envoy.config.cluster.v3.Cluster'),
  loadAssignment: typeUrl('envoy.config.endpoint.v3.ClusterLoadAssignment'),
  listener: typeUrl('envoy.config.listener.v3.Listener'),
  routeConfiguration: typeUrl('envoy.config.route.v3.RouteConfiguration'),
  scopedRouteConfiguration: typeUrl('envoy.config.route.v3.ScopedRouteConfiguration'),
  virtualHost: typeUrl('envoy.config.route.v3.VirtualHost'),
  extensionConfig: typeUrl('envoy.config.core.v3.TypedExtensionConfig'),
  secret: typeUrl('envoy.extensions.transport_sockets.tls.v3.Secret'),
} as const;
