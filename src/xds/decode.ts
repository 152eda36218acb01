import { type DecodedTypes, decode } from '../protos/index.ts';
import { type Node, type NodeMessage, nodeOf } from './node.ts';
import type { DeltaRequest, Refusal, SotwRequest } from './protocol.ts';

/** A request as the state machine takes it, and who sends it: only certain in the first request of a stream (rule 1). */
export interface Received<Request> {
  readonly node: Node;
  readonly nodeMessage: NodeMessage | undefined;
  readonly request: Request;
}

/** @throws Error saying what is wrong, if the bytes are no DiscoveryRequest. */
export function decodeSotwRequest(bytes: Uint8Array): Received<SotwRequest> {
  const message = decode('envoy.service.discovery.v3.DiscoveryRequest', bytes);
  const request = {
    typeUrl: message.type_url ?? '',
    nonce: message.response_nonce ?? '',
    error: refusalOf(message.error_detail),
    version: message.version_info ?? '',
    names: message.resource_names,
  };
  return { node: nodeOf(message.node), nodeMessage: message.node ?? undefined, request };
}

/** @throws Error saying what is wrong, if the bytes are no DeltaDiscoveryRequest. */
export function decodeDeltaRequest(bytes: Uint8Array): Received<DeltaRequest> {
  const message = decode('envoy.service.discovery.v3.DeltaDiscoveryRequest', bytes);
  const request = {
    typeUrl: message.type_url ?? '',
    nonce: message.response_nonce ?? '',
    error: refusalOf(message.error_detail),
    subscribe: message.resource_names_subscribe,
    unsubscribe: message.resource_names_unsubscribe,
    initialVersions: new Map(Object.entries(message.initial_resource_versions ?? {})),
  };
  return { node: nodeOf(message.node), nodeMessage: message.node ?? undefined, request };
}

type Status = DecodedTypes['envoy.service.discovery.v3.DiscoveryRequest']['error_detail'];

/** NACK is the presence of `error_detail`, even of an empty one (rule 2). */
function refusalOf(status: Status | null): Refusal | undefined {
  return status ? { code: status.code ?? 0, message: status.message ?? '' } : undefined;
}
