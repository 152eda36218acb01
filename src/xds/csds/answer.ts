import { setImmediate } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import protobuf from 'protobufjs';
import { type DecodedTypes, decode, encode } from '../../protos/index.ts';
import type { StreamReport } from '../report.ts';
import { clientConfig } from './client-config.ts';
import { nodeFilter } from './node-filter.ts';
import { StatusError } from './status-error.ts';

type ClientStatusRequest = DecodedTypes['envoy.service.status.v3.ClientStatusRequest'];

/** The largest answer in bytes: as large as the largest request. */
const ANSWER_BYTES = 64 * 1024 * 1024;

/** The largest request in bytes: each matcher is held against each client. */
const REQUEST_BYTES = 64 * 1024;

/** So many resources are encoded, in a few milliseconds, before others have their turn. */
const PART_SIZE = 1000;

/**
 * The bytes of a ClientStatusResponse.
 *
 * @throws StatusError INVALID_ARGUMENT if the request cannot be understood, RESOURCE_EXHAUSTED if it asks for too much.
 */
export async function answer(bytes: Uint8Array, reports: () => readonly StreamReport[]): Promise<Buffer> {
  const { wanted, contents } = read(bytes);
  const pieces: Uint8Array[] = [];
  let size = 0;
  for (const client of byClient(reports().filter(({ node }) => wanted(node)))) {
    const parts: Uint8Array[] = [];
    for (const part of clientConfig(client, contents, PART_SIZE)) {
      const encoded = encode('envoy.service.status.v3.ClientConfig', part);
      size += encoded.length;
      if (size > ANSWER_BYTES) throw tooLarge();
      parts.push(encoded);
      await setImmediate();
    }
    pieces.push(configPrefix(parts), ...parts);
  }
  return Buffer.concat(pieces);
}

function read(bytes: Uint8Array) {
  try {
    if (bytes.length > REQUEST_BYTES) throw new Error(`The request has more than ${REQUEST_BYTES} bytes.`);
    const request: ClientStatusRequest = decode('envoy.service.status.v3.ClientStatusRequest', bytes);
    return { wanted: nodeFilter(request.node_matchers), contents: request.exclude_resource_contents !== true };
  } catch (error) {
    throw new StatusError(status.INVALID_ARGUMENT, (error as Error).message);
  }
}

/** Streams of the same node over the same connection are one client's, one for each type that it asks for. */
function byClient(reports: readonly StreamReport[]): Iterable<readonly StreamReport[]> {
  return Map.groupBy(reports, ({ peer, node }) => `${peer} ${node.id}`).values();
}

/** Tag and length of the field `config` of a ClientStatusResponse. */
function configPrefix(parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return protobuf.Writer.create()
    .uint32((1 << 3) | 2)
    .uint32(length)
    .finish();
}

function tooLarge(): StatusError {
  return new StatusError(
    status.RESOURCE_EXHAUSTED,
    `The answer would have more than ${ANSWER_BYTES} bytes. Ask for fewer clients with node_matchers, or set exclude_resource_contents.`,
  );
}
