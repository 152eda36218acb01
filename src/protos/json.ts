import protojson from 'protobufjs/ext/protojson.js';
import { parse } from './codec.ts';
import type { MessageName } from './messages.ts';
import { messageType } from './schema.ts';
import { sortMaps } from './sort-maps.ts';

/**
 * A message in its canonical JSON form, as Envoy loads it and its documentation writes it: names in snake_case, durations
 * as `0.250s`, wrappers and Structs plain, an Any as its message with `@type`. What has its default value is left out.
 *
 * @throws Error if the bytes are no such message, or an Any in it holds a type that `protos/` does not define.
 */
export function toJson(typeName: MessageName, bytes: Uint8Array): unknown {
  const type = messageType(typeName);
  return protojson.toJson(type, parse(type, bytes));
}

/**
 * The bytes of a message that is written as JSON: the inverse of `toJson`. The maps of a message within an Any keep the
 * order in which the JSON has them.
 *
 * @throws Error naming the field, if the JSON has one that `protos/` does not define, or a value of the wrong type.
 */
export function fromJson(typeName: MessageName, json: unknown): Uint8Array {
  const type = messageType(typeName);
  const message = protojson.fromJson(type, json);
  sortMaps(type, message);
  return type.encode(message).finish();
}
