import protobuf from 'protobufjs';
import type { MessageName } from './messages.ts';
import { messageType } from './schema.ts';

export interface Split {
  /** The bytes of each element, in their order. */
  readonly elements: readonly Uint8Array[];
  /** The message without the field. */
  rest(): Uint8Array;
}

/**
 * Takes a repeated field of messages or strings out of a message, without reading any: of a message of many megabytes one
 * element may be all that is asked for.
 *
 * @param bytes a valid message.
 */
export function splitField(typeName: MessageName, fieldName: string, bytes: Uint8Array): Split {
  const { id } = messageType(typeName).fields[fieldName]!;
  const reader = protobuf.Reader.create(bytes);
  const elements: Uint8Array[] = [];
  const rest: Uint8Array[] = [];
  while (reader.pos < reader.len) {
    const start = reader.pos;
    const tag = reader.uint32();
    if (tag >>> 3 === id) {
      const length = reader.uint32();
      elements.push(bytes.subarray(reader.pos, reader.pos + length));
      reader.skip(length);
    } else {
      reader.skipType(tag & 7);
      rest.push(bytes.subarray(start, reader.pos));
    }
  }
  return { elements, rest: () => Buffer.concat(rest) };
}
