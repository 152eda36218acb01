import type { Logger } from 'pino';
import { Catalog } from './catalog/catalog.ts';
import type { Baseline, ServiceId } from './catalog/model.ts';
import type { BaselineIntercepts, Intercept } from './intercepts/intercept.ts';
import { resolveIntercepts } from './intercepts/resolve.ts';
import { ambiguousNamespaces, routeNames } from './intercepts/routing.ts';
import type { ProblemLog } from './problem-log.ts';
import type { Problem } from './problems.ts';
import type { Changes, Resource, ResourceName, ResourceUpdate } from './resources/index.ts';
import type { SourceChange, SourceSink } from './sources/source.ts';
import { refKey } from './sources/source.ts';
import type { GatewayOptions } from './translate/gateway.ts';
import { clusterResources, listenerResources, loadAssignmentResources, routeResource } from './translate/resources.ts';

/** Where the pipeline's resources go, all of one change at once; `ResourceStore` is one. */
export interface ResourceSink {
  apply(update: ResourceUpdate): Changes;
}

/**
 * From what a source says to Envoy resources: sources → catalog → intercepts → translate → resources. A change is
 * followed to what depends on it, and no further.
 */
export class Pipeline implements SourceSink {
  readonly #options: GatewayOptions;
  readonly #sink: ResourceSink;
  readonly #problems: ProblemLog;
  readonly #log: Logger;
  readonly #catalog: Catalog;
  readonly #baselines = new Map<ServiceId, Translated>();
  /** Namespaces that have a RouteConfiguration of their own, since short names mean something else there. */
  #namespaces: readonly string[] = [];
  #started = false;

  constructor(options: GatewayOptions, sink: ResourceSink, problems: ProblemLog, log: Logger) {
    this.#options = options;
    this.#sink = sink;
    this.#problems = problems;
    this.#log = log;
    this.#catalog = new Catalog(options.previewDomain);
  }

  problems(origin: string, problems: readonly Problem[]): void {
    this.#problems.report(origin, problems);
  }

  changed(change: SourceChange): void {
    const touched = this.#catalog.apply(change);
    for (const [object, problems] of touched.problems) this.#problems.report(object, problems);

    const set: Resource[] = [];
    const remove: ResourceName[] = [];
    let routesDiffer = !this.#started || touched.baselines.size > 0;
    for (const id of new Set([...touched.baselines, ...touched.intercepts])) {
      const before = this.#baselines.get(id);
      const after = this.#translate(id, before);
      set.push(...differing(resourcesOf(before), resourcesOf(after)));
      remove.push(...gone(resourcesOf(before), resourcesOf(after)));
      routesDiffer ||= !sameRules(before?.rules ?? [], after.rules);
    }
    if (!this.#started) set.push(...listenerResources(this.#options));
    this.#started = true;

    const groups: Map<string, { set: Resource[]; remove: ResourceName[] }> = routesDiffer
      ? this.#routes(set)
      : new Map();
    this.#logChange(change, this.#sink.apply({ set, remove, groups }));
  }

  #translate(id: ServiceId, before: Translated | undefined): Translated {
    const { intercepts, problems } = resolveIntercepts(id, this.#catalog);
    this.#problems.report(`intercepts of ${id}`, problems);
    if (intercepts === undefined) {
      this.#baselines.delete(id);
      return NOTHING;
    }
    const { baseline } = intercepts;
    const translated = {
      baseline,
      clusters: before?.baseline === baseline ? before.clusters : clusterResources(baseline),
      assignments: loadAssignmentResources(intercepts),
      rules: rulesOf(intercepts),
    };
    this.#baselines.set(id, translated);
    return translated;
  }

  /** Adds the RouteConfiguration for everyone to `set`, and tells those of namespaces that differ. */
  #routes(set: Resource[]): Map<string, { set: Resource[]; remove: ResourceName[] }> {
    const table = (namespace?: string) => {
      const routing = routeNames(this.#catalog.baselines(), this.#options.previewDomain, namespace);
      this.#problems.report(
        namespace === undefined ? 'hosts' : `hosts in ${namespace}`,
        namespace === undefined ? routing.problems : [],
      );
      return routeResource(routing, (id) => this.#baselines.get(id)?.rules ?? [], this.#options);
    };
    const common = table();
    set.push(common);

    const before = this.#namespaces;
    this.#namespaces = ambiguousNamespaces(this.#catalog.baselines());
    const groups = new Map<string, { set: Resource[]; remove: ResourceName[] }>();
    for (const namespace of this.#namespaces) groups.set(namespace, { set: [table(namespace)], remove: [] });
    for (const namespace of before) {
      if (!groups.has(namespace)) groups.set(namespace, { set: [], remove: [common] });
    }
    return groups;
  }

  #logChange(change: SourceChange, changes: Changes): void {
    const objects = [...change.upserts, ...change.deletes].map(refKey);
    const resources = [...changes.of(EVERYONE)].flatMap(([typeUrl, names]) =>
      names.map((name) => title({ typeUrl, name })),
    );
    const fields = {
      sequence: changes.sequence,
      objects: objects.slice(0, LISTED),
      resources: resources.slice(0, LISTED),
    };
    if (resources.length === 0) this.#log.debug(fields, `${few(objects)} changed no resource`);
    else this.#log.info(fields, `${few(objects)} changed ${few(resources)}`);
  }
}

/** No group has this name, so it sees what all see. */
const EVERYONE = '';

interface Translated {
  readonly baseline?: Baseline;
  readonly clusters: readonly Resource[];
  readonly assignments: readonly Resource[];
  readonly rules: readonly Intercept[];
}

const NOTHING: Translated = { clusters: [], assignments: [], rules: [] };

/** How many objects and resources one log line names. */
const LISTED = 20;

function rulesOf({ intercepts }: BaselineIntercepts): readonly Intercept[] {
  return intercepts.filter((intercept) => intercept.match !== undefined);
}

function sameRules(a: readonly Intercept[], b: readonly Intercept[]): boolean {
  return (
    a.length === b.length &&
    a.every((rule, index) => {
      const other = b[index]!;
      return (
        rule.key === other.key && rule.match?.header === other.match?.header && rule.match?.value === other.match?.value
      );
    })
  );
}

function resourcesOf({ clusters, assignments }: Translated = NOTHING): readonly Resource[] {
  return [...clusters, ...assignments];
}

function differing(before: readonly Resource[], after: readonly Resource[]): readonly Resource[] {
  const versions = new Map(before.map((resource) => [title(resource), resource.version]));
  return after.filter((resource) => versions.get(title(resource)) !== resource.version);
}

function gone(before: readonly Resource[], after: readonly Resource[]): readonly ResourceName[] {
  const kept = new Set(after.map(title));
  return before.filter((resource) => !kept.has(title(resource)));
}

function title({ typeUrl, name }: ResourceName): string {
  return `${typeUrl.slice(typeUrl.lastIndexOf('.') + 1)} ${name}`;
}

function few(titles: readonly string[]): string {
  return titles.length <= 2 ? titles.join(' and ') : `${titles[0]} and ${titles.length - 1} more`;
}
