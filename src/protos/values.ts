import type { Struct } from './generated/google/protobuf/Struct.ts';
import type { Value } from './generated/google/protobuf/Value.ts';

/** What a google.protobuf.Struct can hold. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** A google.protobuf.Struct with the fields of a plain object. */
export function struct(fields: { readonly [key: string]: Json }): Struct {
  return { fields: Object.fromEntries(Object.entries(fields).map(([key, field]) => [key, value(field)])) };
}

function value(json: Json): Value {
  if (json === null) return { nullValue: 'NULL_VALUE' };
  switch (typeof json) {
    case 'boolean':
      return { boolValue: json };
    case 'number':
      return { numberValue: json };
    case 'string':
      return { stringValue: json };
    default:
      return isList(json) ? { listValue: { values: json.map(value) } } : { structValue: struct(json) };
  }
}

/** Array.isArray does not narrow readonly arrays. */
function isList(json: readonly Json[] | { readonly [key: string]: Json }): json is readonly Json[] {
  return Array.isArray(json);
}

/** A google.protobuf.Duration of so many milliseconds, to the nanosecond. */
export function duration(milliseconds: number) {
  const nanos = Math.round(milliseconds * 1e6);
  return { seconds: Math.trunc(nanos / 1e9), nanos: nanos % 1e9 };
}

/** A google.protobuf.Timestamp of so many milliseconds since the epoch, to the microsecond. */
export function timestamp(milliseconds: number) {
  const micros = Math.round(milliseconds * 1e3);
  return { seconds: Math.floor(micros / 1e6), nanos: (micros % 1e6) * 1e3 };
}

/** A google.protobuf.UInt32Value: a number that can also be unset. */
export function uint32(value: number) {
  return { value };
}

/** A google.protobuf.BoolValue: a boolean that can also be unset. */
export function bool(value: boolean) {
  return { value };
}

/** A google.protobuf.DoubleValue, or another message that holds a double named `value`, such as envoy.type.v3.Percent. */
export function double(value: number) {
  return { value };
}
