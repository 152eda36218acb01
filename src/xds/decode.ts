import { type DecodedTypes, decode } from '../protos/index.ts';
import { invalid } from './limits.ts';
import { type Node, type NodeMessage, nodeOf } from './node.ts';
import type { DeltaRequest, Refusal, SotwRequest } from './protocol.ts';
import { checkSize, type RequestFields, type RequestLimits } from './request-size.ts';

/** A request as the state machine takes it, and who sends it: only certain in the first request of a stream (rule 1). */
export interface Received<Request> {
  readonly node: Node;
  readonly nodeMessage: NodeMessage | undefined;
  readonly request: Request;
}

const sotwFields: RequestFields = { node: 2, typeUrl: 4, names: [3], versions: undefined };
const deltaFields: RequestFields = { node: 1, typeUrl: 2, names: [3, 4], versions: 5 };

/** @throws LimitExceeded, or Error saying what is wrong if the bytes are no DiscoveryRequest. */
export function decodeSotwRequest(bytes: Uint8Array, limits: RequestLimits): Received<SotwRequest> {
  checkSize(bytes, sotwFields, limits);
  const message = decode('envoy.service.discovery.v3.DiscoveryRequest', bytes);
  const request = {
    typeUrl: message.type_url ?? '',
    nonce: message.response_nonce ?? '',
    error: refusalOf(message.error_detail),
    version: message.version_info ?? '',
    names: message.resource_names,
  };
  return { ...sender(message.node, limits), request };
}

/** @throws LimitExceeded, or Error saying what is wrong if the bytes are no DeltaDiscoveryRequest. */
export function decodeDeltaRequest(bytes: Uint8Array, limits: RequestLimits): Received<DeltaRequest> {
  checkSize(bytes, deltaFields, limits);
  const message = decode('envoy.service.discovery.v3.DeltaDiscoveryRequest', bytes);
  const request = {
    typeUrl: message.type_url ?? '',
    nonce: message.response_nonce ?? '',
    error: refusalOf(message.error_detail),
    subscribe: message.resource_names_subscribe,
    unsubscribe: message.resource_names_unsubscribe,
    initialVersions: new Map(Object.entries(message.initial_resource_versions ?? {})),
  };
  return { ...sender(message.node, limits), request };
}

function sender(message: NodeMessage | null | undefined, { nameBytes }: RequestLimits) {
  const node = nodeOf(message);
  // It stands in every log line about the client.
  if (Buffer.byteLength(node.id) > nameBytes) throw invalid(`The node's id is longer than ${nameBytes} bytes.`);
  return { node, nodeMessage: message ?? undefined };
}

type Status = DecodedTypes['envoy.service.discovery.v3.DiscoveryRequest']['error_detail'];

/** NACK is the presence of `error_detail`, even of an empty one (rule 2). */
function refusalOf(status: Status | null): Refusal | undefined {
  return status ? { code: status.code ?? 0, message: shortened(status.message ?? '') } : undefined;
}

/** So much of a refusal's reason is kept and logged, in characters: as much as an Envoy sends of it. */
const MOST_OF_A_REASON = 4096;

function shortened(text: string): string {
  if (text.length <= MOST_OF_A_REASON) return text;
  // By way of bytes: a slice of a string keeps the whole of it in memory.
  return `${Buffer.from(text.slice(0, MOST_OF_A_REASON)).toString()}…`;
}
