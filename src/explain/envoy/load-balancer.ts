import type { DecodedTypes } from '../../protos/index.ts';
import { nothingElse } from './unknown.ts';

type Cluster = DecodedTypes['envoy.config.cluster.v3.Cluster'];
type ClusterLoadAssignment = DecodedTypes['envoy.config.endpoint.v3.ClusterLoadAssignment'];
type LbEndpoint = DecodedTypes['envoy.config.endpoint.v3.LbEndpoint'];

/** The endpoints among which a request's is chosen. */
export interface Choice {
  /** Whether there is a subset that the request's metadata name; otherwise it is the default one. */
  readonly named: boolean;
  /**
   * Of the first priority that has any, without those at which nobody can listen; empty where there is none, and Envoy
   * answers with 503.
   */
  readonly endpoints: readonly { readonly address: string; readonly port: number; readonly hostname: string }[];
}

const SUBSETS = 'envoy.lb';

/**
 * The load balancing of a cluster with one kind of subset, which falls back to a default one.
 *
 * @param metadata what the request has in `envoy.lb`.
 * @param behind the endpoints to which a listener of the Envoy's own, as one of these may be, sends all requests.
 */
export function chooseEndpoints(
  { lb_subset_config }: Cluster,
  { endpoints, policy: _, cluster_name: __, ...rest }: ClusterLoadAssignment,
  metadata: ReadonlyMap<string, string>,
  behind: (listener: string) => ClusterLoadAssignment,
): Choice {
  nothingElse('ClusterLoadAssignment', rest);
  const { fallback_policy, default_subset, subset_selectors, list_as_any, ...other } = lb_subset_config!;
  nothingElse('LbSubsetConfig', other);
  const [key] = subset_selectors[0]!.keys;
  if (fallback_policy !== 'DEFAULT_SUBSET' || !list_as_any || subset_selectors.length > 1) {
    throw new Error('shunt explain knows no other subsets than those with one key and a default.');
  }
  const all = endpoints.flatMap(({ priority = 0, lb_endpoints }) => lb_endpoints.map((at) => ({ priority, at })));
  const isIn = (value: string | undefined) => all.filter(({ at }) => valuesOf(at, key!).includes(value ?? ''));
  const wanted = metadata.get(key!);
  const named = wanted === undefined ? [] : isIn(wanted);
  const chosen = named.length > 0 ? named : isIn(default_subset!.fields?.[key!]?.stringValue);
  const first = Math.min(...chosen.map(({ priority }) => priority));
  return {
    named: named.length > 0,
    endpoints: chosen.filter(({ priority }) => priority === first).flatMap(({ at }) => addressesOf(at, behind)),
  };
}

function valuesOf({ metadata, health_status }: LbEndpoint, key: string): readonly string[] {
  if (health_status !== undefined && health_status !== 'UNKNOWN') {
    throw new Error(`shunt explain does not know endpoints that are ${health_status}.`);
  }
  const value = metadata?.filter_metadata?.[SUBSETS]?.fields?.[key];
  return value?.listValue?.values.flatMap((each) => each.stringValue ?? []) ?? [];
}

function addressesOf(at: LbEndpoint, behind: (listener: string) => ClusterLoadAssignment): Choice['endpoints'] {
  const listener = at.endpoint!.address!.envoy_internal_address?.server_listener_name;
  if (listener === undefined) return addressOf(at);
  return behind(listener).endpoints.flatMap(({ lb_endpoints }) => lb_endpoints.flatMap(addressOf));
}

/** Where an endpoint takes connections: at the first of its addresses whose port is one. */
function addressOf({ endpoint }: LbEndpoint): Choice['endpoints'] {
  const { address: first, additional_addresses, hostname, ...rest } = endpoint!;
  nothingElse('Endpoint', rest);
  const addresses = [first!, ...additional_addresses.map(({ address }) => address!)];
  const taken = addresses.find(({ socket_address }) => socket_address!.port_value !== 0)?.socket_address;
  return taken === undefined ? [] : [{ address: taken!.address!, port: taken!.port_value!, hostname: hostname ?? '' }];
}
