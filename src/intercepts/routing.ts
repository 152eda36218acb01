import type { Baseline, ServiceId } from '../catalog/model.ts';
import { describe } from '../catalog/model.ts';
import type { Problem } from '../problems.ts';
import { byPrecedence, compareText } from './precedence.ts';

/** Which host names lead to which baseline. */
export interface Routing {
  /** One for each baseline, in order of its id. */
  readonly services: readonly ServiceNames[];
  /** One for each name that callers outside the cluster use, in order of the name. */
  readonly hosts: readonly HostRoutes[];
  readonly problems: readonly Problem[];
}

export interface ServiceNames {
  readonly baseline: Baseline;
  /** The names of callers inside the cluster. */
  readonly names: readonly string[];
  /** Wildcards for the hosts of its previews: `*--api.preview.example.com`. */
  readonly previewNames: readonly string[];
}

export interface HostRoutes {
  readonly host: string;
  /** Longest path first; no two have the same. */
  readonly routes: readonly { readonly pathPrefix: string; readonly baseline: Baseline }[];
}

/**
 * Gives every host name to one baseline. A name inside the cluster is never another's; of two baselines that claim one
 * outside name and path, precedence decides and both are told.
 *
 * @param namespace where the callers stand. A short name that two namespaces share is known to the callers of these only;
 *   their own baseline has it, and the short hosts of its previews.
 */
export function routeNames(all: Iterable<Baseline>, previewDomain: string, namespace?: string): Routing {
  const baselines = routable(all);
  const shared = sharedNames(baselines);
  const claims = new Claims();
  const names = new Map(
    baselines.map((baseline) => [baseline, { names: [] as string[], previewNames: [] as string[] }]),
  );
  const previewHost = (text: string) => `*--${text}.${previewDomain}`;

  for (const baseline of baselines) {
    const suffixes = ['', '.svc', '.svc.cluster.local'];
    const full = suffixes.map((suffix) => `${baseline.name}.${baseline.namespace}${suffix}`);
    names.get(baseline)!.names.push(...claims.take(baseline, full));
    const host = previewHost(`${baseline.name}--${baseline.namespace}`);
    names.get(baseline)!.previewNames.push(...claims.take(baseline, [host]));
  }
  for (const baseline of [...baselines].sort((a, b) => Number(isIn(namespace, b)) - Number(isIn(namespace, a)))) {
    const isKnown = !shared.has(baseline.name) || isIn(namespace, baseline);
    const short = claims.take(baseline, [baseline.name]);
    if (isKnown) names.get(baseline)!.names.unshift(...short);
    names.get(baseline)!.previewNames.unshift(...claims.take(baseline, [previewHost(baseline.name)]));
  }

  const hosts = claimHosts(baselines, claims);
  const problems = [...claims.problems, ...shortNameProblems(baselines, claims, previewDomain)];
  const services = baselines.map((baseline) => ({ baseline, ...names.get(baseline)! }));
  return { services: services.sort((a, b) => compareText(a.baseline.id, b.baseline.id)), hosts, problems };
}

function isIn(namespace: string | undefined, baseline: Baseline): boolean {
  return baseline.namespace === namespace;
}

/** In order of precedence. */
function routable(all: Iterable<Baseline>): readonly Baseline[] {
  return [...all].filter((baseline) => baseline.ports.length > 0).sort(byPrecedence);
}

/** Tells the owners of baselines that a short name does not lead to for everybody. */
function shortNameProblems(baselines: readonly Baseline[], claims: Claims, previewDomain: string): readonly Problem[] {
  const byName = Map.groupBy(baselines, ({ name }) => name);
  return baselines.flatMap((baseline) => {
    const { id, name, namespace, place } = baseline;
    const host = `*--${name}.${previewDomain}`;
    const owner = claims.owner(host)!;
    const namesakes = byName.get(name)!.filter((other) => other.id !== id);
    if (namesakes.length === 0 && owner.id === id) return [];
    const whose = owner.id === id ? 'stay its own' : `belong to ${describe(owner)}`;
    const why =
      namesakes.length === 0
        ? `the short hosts of its previews, ${host}, ${whose}.`
        : `${namesakes.map(describe).join(' and ')} has the same name, so ${JSON.stringify(name)} is known only to Envoys ` +
          `that say in which of the namespaces they stand, and the hosts ${host} ${whose}.`;
    return [
      {
        code: 'name-shared' as const,
        object: `Service ${id}`,
        place,
        message: why,
        advice:
          `Call it ${name}.${namespace} and its previews KEY--${name}--${namespace}.${previewDomain}, or give ` +
          'Envoys the setting gateway-namespace.',
      },
    ];
  });
}

/** Namespaces whose callers mean something else by a short name than callers elsewhere. */
export function ambiguousNamespaces(all: Iterable<Baseline>): readonly string[] {
  const baselines = routable(all);
  const shared = sharedNames(baselines);
  return [...new Set(baselines.filter(({ name }) => shared.has(name)).map(({ namespace }) => namespace))].sort();
}

function sharedNames(baselines: readonly Baseline[]): ReadonlySet<string> {
  const seen = new Set<string>();
  const shared = new Set<string>();
  for (const { name } of baselines) (seen.has(name) ? shared : seen).add(name);
  return shared;
}

function claimHosts(baselines: readonly Baseline[], claims: Claims): readonly HostRoutes[] {
  const hosts = new Map<string, { pathPrefix: string; baseline: Baseline }[]>();
  for (const baseline of baselines) {
    for (const { host, pathPrefix } of baseline.hosts) {
      const inside = claims.owner(host);
      const routes = hosts.get(host) ?? [];
      const earlier = inside ?? routes.find((route) => route.pathPrefix === pathPrefix)?.baseline;
      if (earlier !== undefined) {
        claims.conflict(earlier, baseline, pathPrefix === '/' ? host : host + pathPrefix);
        continue;
      }
      hosts.set(host, [...routes, { pathPrefix, baseline }]);
    }
  }
  return [...hosts]
    .map(([host, routes]) => ({
      host,
      routes: routes.sort(
        (a, b) => b.pathPrefix.length - a.pathPrefix.length || compareText(a.pathPrefix, b.pathPrefix),
      ),
    }))
    .sort((a, b) => compareText(a.host, b.host));
}

/** Envoy refuses a RouteConfiguration in which one name stands twice. */
class Claims {
  readonly problems: Problem[] = [];
  readonly #owners = new Map<string, Baseline>();

  owner(name: string): Baseline | undefined {
    return this.#owners.get(name);
  }

  /** Those of the names that nobody has yet. */
  take(baseline: Baseline, names: readonly string[]): readonly string[] {
    const free = names.filter((name) => !this.#owners.has(name));
    for (const name of free) this.#owners.set(name, baseline);
    return free;
  }

  conflict(winner: Baseline, loser: Baseline, name: string): void {
    if (winner.id === loser.id) {
      this.#tell(loser, name, 'is its name inside the cluster anyway', loser);
      return;
    }
    this.#tell(loser, name, `belongs to ${describe(winner)} already, so its requests go there`, loser);
    this.#tell(winner, name, `is wanted by ${describe(loser)} too; this Service came first and keeps it`, loser);
  }

  #tell(to: Baseline, name: string, what: string, mender: { readonly id: ServiceId }): void {
    this.problems.push({
      code: 'host-taken',
      object: `Service ${to.id}`,
      place: to.place,
      message: `the host ${JSON.stringify(name)} ${what}.`,
      advice: `Take it out of the annotation shunt.dev/hosts of Service ${mender.id}, or give it another path.`,
    });
  }
}
