import type { Logger } from 'pino';
import { Catalog, type CatalogChange, type CatalogView } from './catalog/catalog.ts';
import type { ServiceId } from './catalog/model.ts';
import { Causes, changedObjects } from './causes.ts';
import type { BaselineIntercepts, Rule } from './intercepts/intercept.ts';
import { KeyListing } from './intercepts/listing.ts';
import { type MirroredRequests, mirroredRequests } from './intercepts/mirrors.ts';
import { resolveIntercepts } from './intercepts/resolve.ts';
import { ambiguousNamespaces, type Routing, routeNames } from './intercepts/routing.ts';
import type { ProblemLog } from './problem-log.ts';
import type { Problem } from './problems.ts';
import type { Changes, Resource, ResourceName, ResourceUpdate } from './resources/index.ts';
import type { SourceChange, SourceSink } from './sources/source.ts';
import { refKey } from './sources/source.ts';
import type { GatewayOptions } from './translate/gateway.ts';
import { callersIn, GRPC_CLIENTS } from './translate/groups.ts';
import {
  bridgeResources,
  clusterResources,
  grpcResources,
  listenerResources,
  listingResources,
  loadAssignmentResources,
  mirrorResources,
  routeResources,
} from './translate/resources.ts';
import type { RouteIntercepts } from './translate/routes.ts';

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
  readonly #onIntercepts: ((change: InterceptsFollowed) => void) | undefined;
  readonly #catalog: Catalog;
  readonly #baselines = new Map<ServiceId, Translated>();
  /** The RouteConfigurations of namespaces that need one of their own. */
  #routesOf: ReadonlyMap<string, readonly Resource[]> = new Map();
  readonly #causes = new Causes();
  readonly #listing = new KeyListing();
  #listed: readonly Resource[] = [];
  #started = false;
  #timer: NodeJS.Timeout | undefined;
  #listTimer: NodeJS.Timeout | undefined;

  /** @param onIntercepts told after each change that touched baselines or their intercepts. */
  constructor(
    options: GatewayOptions,
    sink: ResourceSink,
    problems: ProblemLog,
    log: Logger,
    onIntercepts?: (change: InterceptsFollowed) => void,
  ) {
    this.#options = options;
    this.#sink = sink;
    this.#problems = problems;
    this.#log = log;
    this.#onIntercepts = onIntercepts;
    this.#catalog = new Catalog(options.previewDomain);
  }

  /** What exists, at present. */
  get catalog(): CatalogView {
    return this.#catalog;
  }

  /** The objects that a resource is due to, such as `Service shop/api-pr-1`: few, or none if nobody can tell. */
  causesOf(resource: ResourceName): readonly string[] {
    const origins = [...this.#baselines.values()].flatMap((translated) => {
      const { intercepts, clusters, assignments, bridges, mirrors, forGrpc } = translated;
      const resources = [...clusters, ...assignments, ...bridges, ...mirrors, ...forGrpc];
      return intercepts === undefined ? [] : { intercepts, resources };
    });
    return this.#causes.of(resource, origins);
  }

  problems(origin: string, problems: readonly Problem[]): void {
    this.#problems.report(origin, problems);
  }

  changed(change: SourceChange): void {
    const now = Date.now();
    const objects = [...change.upserts, ...change.deletes].map(refKey);
    this.#follow(this.#catalog.apply(change, now), objects, changedObjects(change), now);
    this.#wait();
  }

  /** Ends the waiting for previews to expire, and to be listed. */
  stop(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#listTimer);
  }

  /** Sees to it that a preview is left out as soon as its time is over. */
  #wait(): void {
    clearTimeout(this.#timer);
    const { nextExpiry } = this.#catalog;
    if (nextExpiry === Number.POSITIVE_INFINITY) return;
    this.#timer = setTimeout(() => this.#expire(), Math.min(nextExpiry - Date.now(), LONGEST_WAIT_MS));
  }

  #expire(): void {
    const now = Date.now();
    const touched = this.#catalog.expire(now);
    const expired = [...touched.problems.values()].flatMap((problems) => problems.map(({ object }) => object));
    if (expired.length > 0) this.#follow(touched, expired, expired, now);
    this.#wait();
  }

  /**
   * @param objects what changed, by kind and name.
   * @param written the objects that people write whose change that is.
   * @param at milliseconds since the epoch.
   */
  #follow(touched: CatalogChange, objects: readonly string[], written: readonly string[], at: number): void {
    for (const [object, problems] of touched.problems) this.#problems.report(object, problems);

    const update = new Update();
    let routesDiffer = !this.#started || touched.baselines.size > 0;
    let keysDiffer = false;
    const followed = new Map<ServiceId, Translated>();
    for (const id of new Set([...touched.baselines, ...touched.intercepts])) {
      const before = this.#baselines.get(id) ?? NOTHING;
      const after = this.#translate(id, before);
      followed.set(id, after);
      update.replace(
        [...before.clusters, ...before.assignments, ...before.bridges, ...before.mirrors],
        [...after.clusters, ...after.assignments, ...after.bridges, ...after.mirrors],
      );
      update.replace(before.forGrpc, after.forGrpc, GRPC_CLIENTS);
      routesDiffer ||= !sameRouting(before, after);
      keysDiffer = this.#listing.replace(id, before.keys, after.keys) || keysDiffer;
    }
    if (!this.#started) {
      update.replace([], listenerResources(this.#options));
      this.#list(update);
    } else if (keysDiffer && this.#listed.length > 0) {
      this.#listTimer ??= setTimeout(() => this.#listLater(), LISTING_DELAY_MS);
    }
    this.#started = true;
    if (routesDiffer) this.#routes(update);
    const changes = this.#sink.apply(update);
    for (const group of [EVERYONE, ...update.groups.keys()]) {
      for (const [typeUrl, names] of changes.of(group)) this.#causes.changed(written, typeUrl, names);
    }
    this.#causes.removed(update.remove);
    this.#logChange(objects, changes);
    if (followed.size > 0) this.#onIntercepts?.({ sequence: changes.sequence, at, baselines: followed });
  }

  /** A preview is in force by its endpoints; the list for people follows, once for many changes. */
  #listLater(): void {
    this.#listTimer = undefined;
    const update = new Update();
    this.#list(update);
    this.#sink.apply(update);
  }

  #list(update: Update): void {
    const before = this.#listed;
    this.#listed = listingResources(this.#listing.listing(), this.#options);
    update.replace(before, this.#listed);
  }

  #translate(id: ServiceId, before: Translated): Translated {
    const { intercepts, problems } = resolveIntercepts(id, this.#catalog, this.#options.carriers);
    this.#problems.report(`intercepts of ${id}`, problems);
    if (intercepts === undefined) {
      this.#baselines.delete(id);
      return NOTHING;
    }
    const { baseline } = intercepts;
    const translated = {
      intercepts,
      clusters: before.intercepts?.baseline === baseline ? before.clusters : clusterResources(baseline),
      assignments: loadAssignmentResources(intercepts),
      bridges: bridgeResources(intercepts),
      forGrpc: grpcResources(intercepts),
      mirrors: mirrorResources(intercepts),
      rules: intercepts.rules,
      keys: intercepts.intercepts.flatMap(({ preview }) => preview.key ?? []),
      mirrored: intercepts.ports.map(({ mirrors }) => mirroredRequests(mirrors)),
    };
    this.#baselines.set(id, translated);
    return translated;
  }

  /** The RouteConfiguration for everyone, and those for namespaces where a short name means something else. */
  #routes(update: Update): void {
    const routing = (namespace?: string) =>
      routeNames(this.#catalog.baselines(), this.#options.previewDomain, namespace);
    const intercepts: RouteIntercepts = {
      rules: (id) => this.#baselines.get(id)?.rules ?? [],
      mirrored: (id, port) => {
        const { intercepts, mirrored } = this.#baselines.get(id) ?? NOTHING;
        return mirrored[intercepts?.baseline.ports.indexOf(port) ?? -1] ?? [];
      },
    };
    const resources = (names: Routing) => routeResources(names, intercepts, this.#options);

    const common = routing();
    this.#problems.report('hosts', common.problems);
    update.replace([], resources(common));

    const before = this.#routesOf;
    this.#routesOf = new Map(
      ambiguousNamespaces(this.#catalog.baselines()).map((namespace) => [namespace, resources(routing(namespace))]),
    );
    for (const namespace of new Set([...before.keys(), ...this.#routesOf.keys()])) {
      update.replace(before.get(namespace) ?? [], this.#routesOf.get(namespace) ?? [], callersIn(namespace));
    }
  }

  #logChange(objects: readonly string[], changes: Changes): void {
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

/** People reload a page more slowly than previews may come and go. */
const LISTING_DELAY_MS = 500;

/** The clock may be set, or the machine sleep, while a timer runs; and a timer takes no more than 2^31 ms. */
const LONGEST_WAIT_MS = 60_000;

/** No group has this name, so it sees what all see. */
const EVERYONE = '';

/** The intercepts of some baselines after a change. */
export interface InterceptsFollowed {
  /** Of the store after the change. */
  readonly sequence: number;
  /** When the change was seen, milliseconds since the epoch. */
  readonly at: number;
  readonly baselines: ReadonlyMap<ServiceId, BaselineFollowed>;
}

export interface BaselineFollowed {
  /** Absent if the Service is no baseline any more. */
  readonly intercepts?: BaselineIntercepts;
  readonly clusters: readonly Resource[];
  readonly assignments: readonly Resource[];
  readonly bridges: readonly Resource[];
  /** The clusters and assignments of mirrors. */
  readonly mirrors: readonly Resource[];
}

interface Translated extends BaselineFollowed {
  /** What gRPC clients get instead, or besides. */
  readonly forGrpc: readonly Resource[];
  readonly rules: readonly Rule[];
  /** Of the previews in force. */
  readonly keys: readonly string[];
  /** For each of the baseline's ports. */
  readonly mirrored: readonly (readonly MirroredRequests[])[];
}

const NOTHING: Translated = {
  clusters: [],
  assignments: [],
  bridges: [],
  forGrpc: [],
  mirrors: [],
  rules: [],
  keys: [],
  mirrored: [],
};

/** Gathers what one change sets and removes, for everyone and for groups. */
class Update implements ResourceUpdate {
  readonly set: Resource[] = [];
  readonly remove: ResourceName[] = [];
  readonly groups = new Map<string, { set: Resource[]; remove: ResourceName[] }>();

  /** Only what differs is taken. */
  replace(before: readonly Resource[], after: readonly Resource[], group?: string): void {
    const versions = new Map(before.map((resource) => [title(resource), resource.version]));
    const kept = new Set(after.map(title));
    const set = after.filter((resource) => versions.get(title(resource)) !== resource.version);
    const remove = before.filter((resource) => !kept.has(title(resource)));
    if (set.length === 0 && remove.length === 0) return;
    const target = group === undefined ? this : (this.groups.get(group) ?? { set: [], remove: [] });
    if (group !== undefined) this.groups.set(group, target);
    target.set.push(...set);
    target.remove.push(...remove);
  }
}

/** How many objects and resources one log line names. */
const LISTED = 20;

/** Whether routes would be the same, as far as they depend on previews. */
function sameRouting(a: Translated, b: Translated): boolean {
  return JSON.stringify([a.rules, a.mirrored]) === JSON.stringify([b.rules, b.mirrored]);
}

function title({ typeUrl, name }: ResourceName): string {
  return `${typeUrl.slice(typeUrl.lastIndexOf('.') + 1)} ${name}`;
}

function few(titles: readonly string[]): string {
  return titles.length <= 2 ? titles.join(' and ') : `${titles[0]} and ${titles.length - 1} more`;
}
