import { typeUrls } from '../protos/index.ts';

const {
  cluster,
  loadAssignment,
  listener,
  scopedRouteConfiguration,
  routeConfiguration,
  virtualHost,
  extensionConfig,
} = typeUrls;

/** What the protocol says of one type of resource. */
export interface TypeRules {
  /** Whether `*`, or no name at all, asks for every resource of the type. */
  readonly wildcard: boolean;
  /** Whether a state-of-the-world response carries everything that the client is to have: absence deletes. */
  readonly fullState: boolean;
  /** An addition or change waits until those of these types that came before it are answered. */
  readonly updatesAfter: readonly string[];
  /** A removal waits until nothing is left to do for these types, whose resources may refer to this one. */
  readonly removalsAfter: readonly string[];
  /** Whether a client needs it again when what refers to it changes: clusters warm until they have their endpoints. */
  readonly warmsReferrers?: boolean;
  /**
   * Whether an Envoy asks for a name when a request needs it, and lets the request wait for an entry of that name: an empty one
   * if there is no such resource. (Envoy's VHDS page, "Subscribing to Resources".)
   */
  readonly onDemand?: boolean;
}

const afterClusters = [cluster, loadAssignment];

/**
 * In the order in which changes go out, make before break: clusters, their endpoints, then what sends requests to them.
 * Envoy's xDS protocol page, "Eventual consistency considerations".
 */
const rules = new Map<string, TypeRules>([
  [
    cluster,
    {
      wildcard: true,
      fullState: true,
      updatesAfter: [],
      removalsAfter: [listener, scopedRouteConfiguration, routeConfiguration, virtualHost],
    },
  ],
  [
    loadAssignment,
    { wildcard: false, fullState: false, updatesAfter: [], removalsAfter: [cluster], warmsReferrers: true },
  ],
  [listener, { wildcard: true, fullState: true, updatesAfter: afterClusters, removalsAfter: [] }],
  [
    scopedRouteConfiguration,
    { wildcard: true, fullState: true, updatesAfter: afterClusters, removalsAfter: [listener] },
  ],
  [
    routeConfiguration,
    {
      wildcard: false,
      fullState: false,
      updatesAfter: afterClusters,
      removalsAfter: [listener, scopedRouteConfiguration],
    },
  ],
  [
    virtualHost,
    {
      wildcard: true,
      fullState: false,
      updatesAfter: afterClusters,
      removalsAfter: [routeConfiguration],
      onDemand: true,
    },
  ],
  // Configurations of filters, which listeners name (ECDS).
  [extensionConfig, { wildcard: false, fullState: false, updatesAfter: afterClusters, removalsAfter: [listener] }],
]);

const order = [...rules.keys()];

/** A type without rules of its own is served by name, as its resources come. */
const plain: TypeRules = { wildcard: false, fullState: false, updatesAfter: [], removalsAfter: [] };

export function rulesOf(typeUrl: string): TypeRules {
  return rules.get(typeUrl) ?? plain;
}

/** Where a type stands in the order of sending; types without rules come last. */
export function rankOf(typeUrl: string): number {
  const rank = order.indexOf(typeUrl);
  return rank === -1 ? order.length : rank;
}

export function isKnown(typeUrl: string): boolean {
  return rules.has(typeUrl);
}
