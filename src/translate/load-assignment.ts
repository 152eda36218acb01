import type { Baseline } from '../catalog/model.ts';
import type { EndpointEntry, PortEndpoints } from '../intercepts/intercept.ts';
import type { MessageTypes } from '../protos/index.ts';
import { struct, uint32 } from '../protos/index.ts';
import { BASELINE_SUBSET, clusterName } from './cluster.ts';
import { METADATA } from './gateway.ts';

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
export function translateLoadAssignment(baseline: Baseline, { port, entries }: PortEndpoints): ClusterLoadAssignment {
  const own = entries.filter((entry) => entry.baseline);
  const copies = entries.filter((entry) => !entry.baseline);
  const fallbacks = spread(
    copies.flatMap((entry) => entry.subsets),
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

/** For each of `count` endpoints, the subsets that it is a fallback of: neighbours, from a place that depends on the name. */
function spread(subsets: readonly string[], count: number): readonly (readonly string[])[] {
  const lists = Array.from({ length: count }, (): string[] => []);
  for (const subset of new Set(subsets)) {
    const first = count <= FALLBACKS ? 0 : hash(subset) % count;
    for (let step = 0; step < Math.min(FALLBACKS, count); step++) lists[(first + step) % count]!.push(subset);
  }
  return lists;
}

function union(a: readonly string[], b: readonly string[]): readonly string[] {
  return [...new Set([...a, ...b])].sort();
}

/** FNV-1a, 32 bits: a spread, no secret. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193) >>> 0;
  }
  return value;
}
