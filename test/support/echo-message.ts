import protobuf from 'protobufjs';

/** What an echo upstream says of itself and of the request it got. */
export interface EchoAnswer {
  /** Who answers. */
  readonly title: string;
  readonly method: string;
  readonly path: string;
  /** The request's headers that matter to a test, by name; several lines of one are joined by `, `. */
  readonly headers: Readonly<Record<string, string>>;
  /** In bytes; of a gRPC request, the length of its text. */
  readonly bodyLength: number;
}

const { root } = protobuf.parse(`
  syntax = "proto3";
  package echo;
  message Text { string text = 1; }
  service Echo { rpc Say(Text) returns (Text); }
`);
const Text = root.lookupType('echo.Text');

/** The path of the echo's own method. It answers every other method with the same message too. */
export const SAY = '/echo.Echo/Say';

/** `echo.Text` in protobuf's wire format. */
export function encodeText(text: string): Buffer {
  return Buffer.from(Text.encode({ text }).finish());
}

/** @throws if the bytes are no `echo.Text`. */
export function decodeText(bytes: Uint8Array): string {
  return Text.toObject(Text.decode(bytes), { defaults: true }).text;
}

/** A message as gRPC over HTTP/2 carries it: uncompressed, with its length before it. */
export function frameText(text: string): Buffer {
  const message = encodeText(text);
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/** @throws if the bytes are not exactly one uncompressed message. */
export function unframeText(bytes: Buffer): string {
  if (bytes.length < 5 || bytes[0] !== 0 || bytes.readUInt32BE(1) !== bytes.length - 5) {
    throw new Error(`${bytes.length} bytes are no uncompressed gRPC message.`);
  }
  return decodeText(bytes.subarray(5));
}
