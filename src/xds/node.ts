import type { DecodedTypes, Json } from '../protos/index.ts';

/** Who a client says it is, in the first request of a stream. */
export interface Node {
  readonly id: string;
  readonly cluster: string;
  readonly metadata: { readonly [key: string]: Json };
  /** The name of the program: `envoy`, `gRPC Go`. */
  readonly userAgent: string;
  readonly clientFeatures: readonly string[];
}

/** The node as a request carries it, with all that it says. */
export type NodeMessage = NonNullable<DecodedTypes['envoy.service.discovery.v3.DiscoveryRequest']['node']>;
type DecodedStruct = DecodedTypes['google.protobuf.Struct'];
type DecodedValue = NonNullable<DecodedStruct['fields']>[string];

export function nodeOf(node: NodeMessage | null | undefined): Node {
  return {
    id: node?.id ?? '',
    cluster: node?.cluster ?? '',
    metadata: plainObject(node?.metadata),
    userAgent: node?.user_agent_name ?? '',
    clientFeatures: node?.client_features ?? [],
  };
}

function plainObject(struct: DecodedStruct | null | undefined): { readonly [key: string]: Json } {
  return Object.fromEntries(Object.entries(struct?.fields ?? {}).map(([key, value]) => [key, plainValue(value)]));
}

function plainValue({ stringValue, numberValue, boolValue, structValue, listValue }: DecodedValue): Json {
  if (structValue) return plainObject(structValue);
  if (listValue) return (listValue.values ?? []).map(plainValue);
  return stringValue ?? numberValue ?? boolValue ?? null;
}
