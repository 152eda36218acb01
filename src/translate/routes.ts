import type { Baseline, HttpPort, ServiceId } from '../catalog/model.ts';
import type { Rule } from '../intercepts/intercept.ts';
import type { MirroredRequests } from '../intercepts/mirrors.ts';
import type { HostRoutes, Routing, ServiceNames } from '../intercepts/routing.ts';
import type { MessageTypes } from '../protos/index.ts';
import { duration } from '../protos/index.ts';
import { REPLACING, replacingMatches } from './baggage.ts';
import { BRIDGE_STATUS } from './bridge.ts';
import { browserRoutes } from './browser.ts';
import { headersIfNoted, headersOfDiverted } from './caching.ts';
import { clusterName } from './cluster.ts';
import { corsHeaders, preflightRoutes } from './cors.ts';
import { type Filters, turnedOn } from './filters.ts';
import type { GatewayOptions, RoutesFor } from './gateway.ts';
import { HOST_READER, KEY_READER, ROUTES, SERVED_BY } from './gateway.ts';
import { handOn, onRule } from './hand-on.ts';
import { mirroredMatch, mirrorPolicies, reconsidered } from './mirror.ts';
import { byRetry, SENT_AGAIN } from './retry.ts';
import { pathMatch, translateMatch } from './rule-match.ts';
import { strippedHeaders, strippingMatches } from './strip.ts';
import { CAME_WITH_SECRET, TRUSTED } from './trust.ts';

type RouteConfiguration = MessageTypes['envoy.config.route.v3.RouteConfiguration'];
type VirtualHost = MessageTypes['envoy.config.route.v3.VirtualHost'];
type Route = MessageTypes['envoy.config.route.v3.Route'];
type RouteMatch = MessageTypes['envoy.config.route.v3.RouteMatch'];
type HeaderMatcher = MessageTypes['envoy.config.route.v3.HeaderMatcher'];
type MirrorPolicies = ReturnType<typeof mirrorPolicies>;
type HeaderToAdd = MessageTypes['envoy.config.core.v3.HeaderValueOption'];

/** What of each baseline's intercepts routes depend on. */
export interface RouteIntercepts {
  /** In order of precedence. */
  rules(baseline: ServiceId): readonly Rule[];
  /** In order of precedence. */
  mirrored(baseline: ServiceId, port: HttpPort): readonly MirroredRequests[];
}

/**
 * All virtual hosts of the gateways. Depends on baselines, rules and mirrors; previews with a key leave it as it is.
 *
 * @param routes whose requests take them.
 */
export function translateRoutes(
  routing: Routing,
  intercepts: RouteIntercepts,
  options: GatewayOptions,
  routes: RoutesFor = 'trusted',
): RouteConfiguration {
  const translator = new RouteTranslator(intercepts, options, routes);
  return {
    name: ROUTES[routes],
    virtual_hosts: [
      ...routing.services.flatMap((service) => translator.service(service)),
      ...routing.hosts.map((host) => translator.outside(host)),
    ].map((host) => ({ ...host, ...SENT_AGAIN })),
    // The port stays in the Host header for the service to see.
    ignore_port_in_host_matching: true,
    ...(routes === 'untrusted' ? {} : handOn(options)),
    request_headers_to_remove: removedEverywhere(routes, options),
    response_headers_to_remove: [BRIDGE_STATUS],
    response_headers_to_add: [
      ...(readsCarriers(routes) ? corsHeaders(options) : []),
      {
        // Not the endpoint's metadata: a worker that reads it while an update replaces it takes Envoy 1.40.0 down.
        header: { key: SERVED_BY, value: '%UPSTREAM_HOST_NAME%' },
        append_action: 'OVERWRITE_IF_EXISTS_OR_ADD',
      },
    ],
  };
}

class RouteTranslator {
  readonly #intercepts: RouteIntercepts;
  readonly #options: GatewayOptions;
  readonly #for: RoutesFor;

  constructor(intercepts: RouteIntercepts, options: GatewayOptions, routes: RoutesFor) {
    this.#intercepts = intercepts;
    this.#options = options;
    this.#for = routes;
  }

  service({ baseline, names, previewNames }: ServiceNames): VirtualHost[] {
    const main = mainPort(baseline);
    const others = baseline.ports.filter((port) => port !== main);
    const own = () => ownRoutes(this.#options);
    const hosts: VirtualHost[] = [
      {
        name: baseline.id,
        domains: [...names],
        routes: [
          ...this.#ofAll(own, () => []),
          ...others.flatMap((port) => this.#routes(baseline, port, '/', [portCondition(port)])),
          ...this.#routes(baseline, main, '/', []),
        ],
        response_headers_to_add: this.#noted(),
      },
    ];
    if (this.#options.carriers.host && previewNames.length > 0) {
      const trusted = () => [
        ...own().map((route) => ({
          ...route,
          typed_per_filter_config: { ...turnedOn(HOST_READER), ...route.typed_per_filter_config },
        })),
        ...this.#unruled(baseline, main, '/', (match) => match, { onPreviewHost: true }),
      ];
      // Without a key in it, the host is that of no preview.
      const host = previewNames[0]!.slice('*--'.length);
      hosts.push({
        name: `${baseline.id} previews`,
        domains: [...previewNames],
        routes: this.#ofAll(trusted, () => this.#untrusted(baseline, main, pathMatch('/'), host)),
        response_headers_to_add: readsCarriers(this.#for) ? headersOfDiverted(this.#options) : this.#noted(),
      });
    }
    return hosts;
  }

  /** What the answers of a virtual host say to caches; where nothing carries a key, none is diverted. */
  #noted(): HeaderToAdd[] {
    return this.#for === 'untrusted' ? [] : headersIfNoted(this.#options);
  }

  /** The routes of those who are trusted, of those who are not, or of both. */
  #ofAll(trusted: () => Route[], untrusted: () => Route[]): Route[] {
    switch (this.#for) {
      case 'trusted':
        return trusted();
      case 'untrusted':
      case 'claimed':
        return untrusted();
      case 'guarded':
        return [...trusted().map(guarded), ...untrusted()];
      default:
        return this.#for satisfies never;
    }
  }

  /**
   * To the baseline, without a key but that of a claim: no rules, and no carriers. Mirrors of all requests get theirs.
   *
   * @param host that services are to see, where the request's own holds a key.
   */
  #untrusted(baseline: Baseline, port: HttpPort, match: RouteMatch, host?: string): Route[] {
    const isClaimed = this.#for === 'claimed';
    const mirrored = this.#intercepts
      .mirrored(baseline.id, port)
      .filter(({ on }) => on.match === undefined && (isClaimed || on.keys === undefined));
    const anew = reconsidered(mirrored);
    const kinds = [
      ...mirrored.map((requests) => ({
        match: mirroredMatch(match, requests.on),
        mirrors: mirrorPolicies(requests, port, this.#options),
      })),
      { match, mirrors: [] },
    ];
    const removed = this.#for === 'guarded' ? { request_headers_to_remove: [...strippedHeaders(this.#options)] } : {};
    return kinds
      .flatMap((kind) =>
        [...strippingMatches(kind.match, this.#options), { match: kind.match, filters: {} }].flatMap(
          ({ match, filters }) => this.#forward(baseline, port, match, { ...anew, ...filters }, kind.mirrors),
        ),
      )
      .map((route) => ({
        ...route,
        ...(host === undefined ? {} : { route: { ...route.route, host_rewrite_literal: host } }),
        ...removed,
      }));
  }

  outside({ host, routes }: HostRoutes): VirtualHost {
    return {
      name: `host ${host}`,
      domains: [host],
      routes: [
        ...this.#ofAll(
          () => ownRoutes(this.#options),
          () => [],
        ),
        ...routes.flatMap(({ pathPrefix, baseline }) => this.#routes(baseline, mainPort(baseline), pathPrefix, [])),
      ],
      response_headers_to_add: this.#noted(),
    };
  }

  /**
   * The rules of a baseline, then everything else.
   *
   * @param conditions that hold besides.
   */
  #routes(baseline: Baseline, port: HttpPort, pathPrefix: string, conditions: readonly HeaderMatcher[]): Route[] {
    const narrowed = (match: RouteMatch): RouteMatch =>
      conditions.length === 0 ? match : { ...match, headers: [...conditions, ...(match.headers ?? [])] };
    const everything = narrowed(pathMatch(pathPrefix));
    const trusted = () => [
      ...this.#rules(baseline, port, pathPrefix, narrowed),
      ...this.#unruled(baseline, port, pathPrefix, narrowed, {}),
    ];
    return this.#ofAll(trusted, () => this.#untrusted(baseline, port, everything));
  }

  #rules(baseline: Baseline, port: HttpPort, pathPrefix: string, narrowed: (match: RouteMatch) => RouteMatch): Route[] {
    return this.#intercepts.rules(baseline.id).flatMap(({ subset, match }) => {
      const matching = translateMatch(match, pathPrefix);
      if (matching === undefined) return [];
      return this.#variants(baseline, port, narrowed(matching), { filters: onRule(subset) });
    });
  }

  /** The requests that no rule redirects: those of which copies are made, then everything else. */
  #unruled(
    baseline: Baseline,
    port: HttpPort,
    pathPrefix: string,
    narrowed: (match: RouteMatch) => RouteMatch,
    kind: RouteKind,
  ): Route[] {
    const all = this.#intercepts.mirrored(baseline.id, port);
    // A preview's URL names it, so no rule is asked.
    const mirrored = kind.onPreviewHost ? all.filter(({ on }) => on.match === undefined) : all;
    const filters = reconsidered(mirrored);
    const copied = mirrored.flatMap((requests) => {
      const matching =
        requests.on.match === undefined ? pathMatch(pathPrefix) : translateMatch(requests.on.match, pathPrefix);
      if (matching === undefined) return [];
      const mirrors = mirrorPolicies(requests, port, this.#options);
      // Whose route a rule has chosen, or the key itself, has nothing more to be chosen.
      const own = requests.on.match === undefined && requests.on.keys === undefined ? filters : {};
      return this.#variants(baseline, port, mirroredMatch(narrowed(matching), requests.on), {
        ...kind,
        filters: own,
        mirrors,
      });
    });
    return [...copied, ...this.#variants(baseline, port, narrowed(pathMatch(pathPrefix)), { ...kind, filters })];
  }

  /** The requests that pay for replacing what their baggage says, then everything else. */
  #variants(baseline: Baseline, port: HttpPort, match: RouteMatch, kind: RouteKind): Route[] {
    const { mirrors = [], onPreviewHost = false } = kind;
    const filters = { ...(onPreviewHost ? turnedOn(HOST_READER) : {}), ...kind.filters };
    return [
      ...replacingMatches(match, this.#options, onPreviewHost).flatMap((narrowed) =>
        this.#forward(baseline, port, narrowed, { ...filters, ...REPLACING }, mirrors),
      ),
      ...this.#forward(baseline, port, match, filters, mirrors),
    ];
  }

  #forward(baseline: Baseline, port: HttpPort, match: RouteMatch, filters: Filters, mirrors: MirrorPolicies): Route[] {
    return byRetry(match).map(({ match, retry }) => ({
      match,
      route: {
        cluster: clusterName(baseline, port),
        // Envoy's default of 15 s truncates streams with status 200.
        timeout: duration(0),
        ...(retry === undefined ? {} : { retry_policy: retry }),
        ...(mirrors.length === 0 ? {} : { request_mirror_policies: mirrors }),
      },
      ...(Object.keys(filters).length === 0 ? {} : { typed_per_filter_config: filters }),
    }));
  }
}

/** What no request of a route configuration goes on with, but where the gateway adds it anew. */
function removedEverywhere(routes: RoutesFor, options: GatewayOptions): string[] {
  // A caller may send the secret to a listener that does not ask for it.
  const secret = options.trust === undefined ? [] : [options.trust.secretHeader];
  switch (routes) {
    case 'trusted':
      return secret;
    case 'guarded':
      return [TRUSTED];
    case 'untrusted':
    case 'claimed':
      return [...strippedHeaders(options), ...secret];
    default:
      return routes satisfies never;
  }
}

/** What the gateways answer by themselves, on each virtual host. */
function ownRoutes(options: GatewayOptions): Route[] {
  return [...browserRoutes(options), ...preflightRoutes(options)];
}

/** Whether anybody's requests on these routes have keys of their own. */
function readsCarriers(routes: RoutesFor): boolean {
  return routes === 'trusted' || routes === 'guarded';
}

/** A route for those only who came with the secret, whose keys are read. */
function guarded(route: Route): Route {
  const { match, typed_per_filter_config } = route;
  return {
    ...route,
    match: { ...match, headers: [CAME_WITH_SECRET, ...(match?.headers ?? [])] },
    typed_per_filter_config: { ...turnedOn(KEY_READER), ...typed_per_filter_config },
  };
}

/** What distinguishes the routes of one match from those of another. */
interface RouteKind {
  readonly filters?: Filters;
  readonly mirrors?: MirrorPolicies;
  readonly onPreviewHost?: boolean;
}

/** A request for another port than the main one says so in its host. */
function portCondition(port: HttpPort): HeaderMatcher {
  return { name: ':authority', string_match: { suffix: `:${port.port}` } };
}

/** Where requests go that name no port: to port 80, as a caller's URL means it, else to the first. */
function mainPort(baseline: Baseline): HttpPort {
  return baseline.ports.find(({ port }) => port === 80) ?? baseline.ports[0]!;
}
