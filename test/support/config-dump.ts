import { Writable } from 'node:stream';
import { run } from '../../src/cli/run.ts';
import type { TestEnvoy } from './envoy.ts';
import { renderedResources } from './static-config.ts';

/** Resources in Envoy's JSON form, by the last part of their type and their name. */
export type ResourcesByName = Readonly<Record<string, unknown>>;

/**
 * What `shunt render` prints for gateways that listen at one port of 127.0.0.1: what a fresh start would serve.
 *
 * @param source the path of a folder, or flags that name what it is to read.
 */
export async function rendered(source: string | readonly string[], gatewayPort: number): Promise<ResourcesByName> {
  const [stdout, stderr] = [new Text(), new Text()];
  const status = await run(
    [
      'render',
      ...(typeof source === 'string' ? ['--directory', source] : source),
      '--listen',
      `127.0.0.1:${gatewayPort}`,
    ],
    {
      stdout,
      stderr,
      env: {},
    },
  );
  if (status !== 0) throw new Error(`shunt render ended with ${status}: ${stderr.text}`);
  return byName(renderedResources(stdout.text));
}

/** What a control plane has given to an Envoy and is in force there, as its admin interface tells. */
export async function inForce(envoy: TestEnvoy): Promise<ResourcesByName> {
  const { configs } = await envoy.configDump();
  return byName(configs.flatMap((config) => resourcesIn(config as Dump)));
}

class Text extends Writable {
  text = '';

  override _write(chunk: Buffer, _: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

// biome-ignore lint/suspicious/noExplicitAny: Envoy's JSON, of which the parts that matter are picked.
type Dump = Record<string, any>;

/** What was taken from a control plane: the static parts come from the bootstrap. */
function resourcesIn(dump: Dump): readonly Dump[] {
  const { dynamic_active_clusters = [], dynamic_warming_clusters = [], dynamic_listeners = [] } = dump;
  const { dynamic_route_configs = [], dynamic_endpoint_configs = [], ecds_filters = [] } = dump;
  return [
    ...dynamic_active_clusters.map((each: Dump) => each.cluster),
    ...dynamic_warming_clusters.map((each: Dump) => ({ ...each.cluster, name: `${each.cluster.name}, warming` })),
    ...dynamic_listeners
      .flatMap((each: Dump) => [each.active_state, each.warming_state, each.draining_state])
      .filter((state: Dump | undefined) => state !== undefined)
      .map((state: Dump) => state.listener),
    ...dynamic_route_configs.map((each: Dump) => each.route_config),
    ...dynamic_endpoint_configs.map((each: Dump) => each.endpoint_config),
    ...ecds_filters.map((each: Dump) => each.ecds_filter),
  ];
}

function byName(resources: readonly Dump[]): ResourcesByName {
  const named = resources.map((resource) => {
    const type = String(resource['@type']).split('.').at(-1)!;
    const plain = type === 'ClusterLoadAssignment' ? plainAssignment(resource) : resource;
    return [`${type} ${resource.name ?? resource.cluster_name}`, plain] as const;
  });
  return Object.fromEntries(named.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/**
 * Envoy tells an assignment by its own account of the hosts: in whatever order, without empty priorities, and with fields
 * of its own, which `shunt render` never says.
 */
function plainAssignment({ endpoints = [], ...rest }: Dump): Dump {
  const groups = endpoints.map(({ locality = {}, load_balancing_weight: _, lb_endpoints = [], ...group }: Dump) => ({
    ...group,
    locality,
    lb_endpoints: lb_endpoints.map(plainEndpoint).sort((a: Dump, b: Dump) => portOf(a) - portOf(b)),
  }));
  const filled = groups.filter(({ lb_endpoints }: Dump) => lb_endpoints.length > 0);
  return {
    ...rest,
    endpoints: filled.sort((a: Dump, b: Dump) => portOf(a.lb_endpoints[0]) - portOf(b.lb_endpoints[0])),
  };
}

function plainEndpoint({ health_status: _, load_balancing_weight: __, endpoint, ...rest }: Dump): Dump {
  const { health_check_config: ___, ...plain } = endpoint;
  return { ...rest, endpoint: plain };
}

/** In these tests every address is 127.0.0.1. */
function portOf({ endpoint }: Dump): number {
  return endpoint.address.socket_address.port_value;
}
