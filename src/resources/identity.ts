import protobuf from 'protobufjs';
import { typeUrls } from '../protos/index.ts';
import type { ResourceName } from './resource.ts';

const RUNTIME = 'type.googleapis.com/envoy.service.runtime.v3.Runtime';

/**
 * Types of which each message says the name that clients ask for it by, all of them in field 1. A VirtualHost's is none:
 * it is known by its RouteConfiguration's name and its own together.
 */
const namedByThemselves: ReadonlySet<string> = new Set([
  typeUrls.cluster,
  typeUrls.loadAssignment,
  typeUrls.listener,
  typeUrls.routeConfiguration,
  typeUrls.scopedRouteConfiguration,
  typeUrls.extensionConfig,
  typeUrls.secret,
  RUNTIME,
]);
const NAME = 1;

// Fields of envoy.config.cluster.v3.Cluster, its value EDS, and the field of its EdsClusterConfig.
const CLUSTER_TYPE = 2;
const EDS = 3;
const EDS_CLUSTER_CONFIG = 3;
const SERVICE_NAME = 2;

/**
 * The name that an encoded resource says it has; undefined if its type has no such field, or it is empty.
 *
 * @throws Error if the bytes are no message.
 */
export function nameIn(typeUrl: string, body: Uint8Array): string | undefined {
  return namedByThemselves.has(typeUrl) ? textOf(fieldsOf(typeUrl, body).get(NAME)) : undefined;
}

/**
 * What an encoded resource has to be followed by, so that a client can use it: the ClusterLoadAssignment of a Cluster that
 * takes its endpoints from EDS.
 *
 * @throws Error if the bytes are no message.
 */
export function followerOf(typeUrl: string, name: string, body: Uint8Array): ResourceName | undefined {
  if (typeUrl !== typeUrls.cluster) return undefined;
  const fields = fieldsOf(typeUrl, body);
  if (fields.get(CLUSTER_TYPE) !== EDS) return undefined;
  const config = fields.get(EDS_CLUSTER_CONFIG);
  const serviceName = config instanceof Uint8Array ? textOf(fieldsOf(typeUrl, config).get(SERVICE_NAME)) : undefined;
  return { typeUrl: typeUrls.loadAssignment, name: serviceName ?? name };
}

/** The last value of each field that is a varint or length-delimited. Reads no further into it than that. */
function fieldsOf(typeUrl: string, body: Uint8Array): ReadonlyMap<number, number | Uint8Array> {
  const fields = new Map<number, number | Uint8Array>();
  try {
    const reader = protobuf.Reader.create(body);
    while (reader.pos < reader.len) {
      const tag = reader.uint32();
      const wireType = tag & 7;
      if (wireType === 0) fields.set(tag >>> 3, reader.uint32());
      else if (wireType === 2) fields.set(tag >>> 3, reader.bytes());
      else reader.skipType(wireType);
    }
  } catch (cause) {
    throw new Error(`The bytes are no valid ${typeUrl}: ${(cause as Error).message}.`, { cause });
  }
  return fields;
}

function textOf(value: number | Uint8Array | undefined): string | undefined {
  return value instanceof Uint8Array && value.length > 0 ? Buffer.from(value).toString() : undefined;
}
