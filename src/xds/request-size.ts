import protobuf from 'protobufjs';
import { invalid, LimitExceeded, tooMuch, type XdsLimits } from './limits.ts';

export type RequestLimits = Pick<XdsLimits, 'names' | 'nameBytes' | 'nodeBytes'>;

/** Numbers of the fields of a discovery request whose size is for the client to choose. */
export interface RequestFields {
  readonly node: number;
  readonly typeUrl: number;
  readonly names: readonly number[];
  /** Names with their versions: the entries of a map. */
  readonly versions: number | undefined;
}

/** So many fields of a request are no names: all that there are, and room for those of later releases. */
const OTHER_FIELDS = 16;
const LENGTH_DELIMITED = 2;

/**
 * Measures a request before it is decoded. Decoded, it can take forty times as much as its bytes: an empty name takes two
 * of them, and 64 MiB of these would become an array of 33 million.
 *
 * @throws LimitExceeded with a sentence that names the limit; Error saying what is wrong, if the bytes are no message at all.
 */
export function checkSize(bytes: Uint8Array, fields: RequestFields, limits: RequestLimits): void {
  try {
    measure(bytes, fields, limits);
  } catch (cause) {
    if (cause instanceof LimitExceeded) throw cause;
    throw new Error(`The bytes are no discovery request: ${(cause as Error).message}.`, { cause });
  }
}

function measure(bytes: Uint8Array, fields: RequestFields, limits: RequestLimits): void {
  const reader = protobuf.Reader.create(bytes);
  let count = 0;
  while (reader.pos < reader.len) {
    const tag = reader.tag();
    const number = tag >>> 3;
    count += 1;
    if (count > limits.names + OTHER_FIELDS) {
      throw tooMuch(`The request is longer than ${limits.names} names, which is as many as a stream may subscribe to.`);
    }
    if ((tag & 7) === LENGTH_DELIMITED) {
      const length = reader.size();
      checkField(number, length, fields, limits);
      reader.skip(length);
    } else {
      reader.skipType(tag & 7, 0, number);
    }
  }
}

function checkField(number: number, length: number, fields: RequestFields, { nameBytes, nodeBytes }: RequestLimits) {
  if (number === fields.node) {
    if (length > nodeBytes) throw tooMuch(`The node of the request takes more than ${nodeBytes} bytes.`);
  } else if (number === fields.typeUrl) {
    if (length > nameBytes) throw invalid(`The type_url of the request is longer than ${nameBytes} bytes.`);
  } else if (fields.names.includes(number)) {
    if (length > nameBytes) throw invalid(`The request has a resource name that is longer than ${nameBytes} bytes.`);
  } else if (number === fields.versions) {
    // A name and a version, which are hashes or numbers wherever we know of.
    if (length > 2 * nameBytes) {
      throw invalid(`The request has an initial resource version that takes more than ${2 * nameBytes} bytes.`);
    }
  }
}
