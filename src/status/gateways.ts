import { compareText } from '../intercepts/precedence.ts';
import type { ClientStatus, TypeStatus } from '../xds/index.ts';
import { time } from './previews.ts';
import type { State } from './state.ts';

/** A connected Envoy, or another client of xDS. */
export interface GatewayStatus {
  /** The node's id. */
  readonly node: string;
  /** Of the stream, unique in this process. */
  readonly stream: string;
  /** `delta` or `sotw`. */
  readonly protocol: string;
  /** What it gets instead of what all do, such as for callers in a namespace. */
  readonly groups: readonly string[];
  readonly connectedAt: string;
  readonly types: readonly GatewayTypeStatus[];
}

export interface GatewayTypeStatus {
  /** Without its package: `ClusterLoadAssignment`. */
  readonly type: string;
  /** Responses sent, and how they were answered. */
  readonly sent: number;
  readonly acknowledged: number;
  readonly refused: number;
  /** What it refuses as it is now, and why. */
  readonly refusals: readonly { readonly name: string; readonly reason: string }[];
}

/** So many refusals are told of a type. */
const TOLD = 20;

/** All connected clients, in the order of their names. */
export function gatewayStatuses({ clients }: State): readonly GatewayStatus[] {
  return clients()
    .map(statusOf)
    .sort((a, b) => compareText(a.node, b.node) || compareText(a.stream, b.stream));
}

function statusOf({ node, stream, variant, groups, connectedAt, types }: ClientStatus): GatewayStatus {
  return {
    node,
    stream,
    protocol: variant,
    groups,
    connectedAt: time(connectedAt)!,
    types: types.map(typeStatusOf),
  };
}

function typeStatusOf({ typeUrl, sent, acknowledged, refused, refusals }: TypeStatus): GatewayTypeStatus {
  return {
    type: typeUrl.slice(typeUrl.lastIndexOf('.') + 1),
    ...{ sent, acknowledged, refused },
    refusals: refusals.slice(0, TOLD).map(({ name, error }) => ({ name, reason: error.message })),
  };
}
