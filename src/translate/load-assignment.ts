import type { Baseline } from '../catalog/model.ts';
import type { EndpointEntry, PortEndpoints } from '../intercepts/intercept.ts';
import type { MessageTypes } from '../protos/index.ts';
import { struct, uint32 } from '../protos/index.ts';
import { bridgeEndpoints } from './bridge.ts';
import { BASELINE_SUBSET, clusterName } from './cluster.ts';
import { METADATA } from './gateway.ts';
import { hash } from './hash.ts';
import { standIns } from './stand-in.ts';

type ClusterLoadAssignment = MessageTypes['envoy.config.endpoint.v3.ClusterLoadAssignment'];
type LbEndpoint = MessageTypes['envoy.config.endpoint.v3.LbEndpoint'];

/**
 * One healthy endpoint of a preview keeps all its requests; at Envoy's default of 140 the baseline gets 30 % of them
 * when one of two fails.
 */
const OVERPROVISIONING = 100_000;

/** A subset is named on this many of the baseline's endpoints, since each name costs Envoy time at every change. */
const FALLBACKS = 3;

/**
 * The endpoints of a port: previews at priority 0, each in its subsets; the baseline at priority 1, in the
 * subset of no key and, as the fallback, in those of the previews.
 */
export function translateLoadAssignment(baseline: Baseline, endpoints: PortEndpoints): ClusterLoadAssignment {
  const { port, entries, denied, unready, bridges } = endpoints;
  const own = entries.filter((entry) => entry.baseline);
  const copies = entries.filter((entry) => !entry.baseline);
  const subsets = [...copies, ...unready, ...bridges].flatMap((each) => each.subsets);
  const fallbacks = spread(
    subsets.filter((subset) => !denied.has(subset)),
    own.length,
  );
  return {
    cluster_name: clusterName(baseline, port),
    policy: { overprovisioning_factor: uint32(OVERPROVISIONING) },
    endpoints: [
      ...[...Map.groupBy(copies, (entry) => titleOf(baseline, entry))].map(([title, entries]) => ({
        priority: 0,
        // Envoy keeps the host of an address, its name included, unless the locality changes.
        locality: { sub_zone: title },
        lb_endpoints: entries.map((entry) => translateEndpoint(baseline, entry, entry.subsets)),
      })),
      ...bridgeEndpoints(baseline, endpoints),
      ...standIns(baseline, unready, (subset) => fallbacksOf(subset, own.length).map((index) => own[index]!)),
      {
        priority: 1,
        lb_endpoints: own.map((entry, index) =>
          translateEndpoint(baseline, entry, [BASELINE_SUBSET, ...union(entry.subsets, fallbacks[index]!)]),
        ),
      },
    ],
  };
}

function translateEndpoint(baseline: Baseline, entry: EndpointEntry, subsets: readonly string[]): LbEndpoint {
  return {
    endpoint: {
      address: { socket_address: { address: entry.address, port_value: entry.port } },
      hostname: titleOf(baseline, entry),
    },
    metadata: { filter_metadata: { [METADATA.loadBalancer]: struct({ [METADATA.preview]: subsets }) } },
  };
}

/** Who an endpoint is, as callers are told. */
function titleOf(baseline: Baseline, entry: EndpointEntry): string {
  return entry.baseline ? baseline.name : `${baseline.name}@${entry.titles.join(',')}`;
}

/** For each of `count` endpoints, the subsets that it is a fallback of. */
function spread(subsets: readonly string[], count: number): readonly (readonly string[])[] {
  const lists = Array.from({ length: count }, (): string[] => []);
  for (const subset of new Set(subsets)) {
    for (const index of fallbacksOf(subset, count)) lists[index]!.push(subset);
  }
  return lists;
}

/** Which of `count` endpoints are fallbacks of a subset: neighbours, from a place that depends on the name. */
function fallbacksOf(subset: string, count: number): readonly number[] {
  const first = count <= FALLBACKS ? 0 : hash(subset) % count;
  return Array.from({ length: Math.min(FALLBACKS, count) }, (_, step) => (first + step) % count);
}

function union(a: readonly string[], b: readonly string[]): readonly string[] {
  return [...new Set([...a, ...b])].sort();
}
