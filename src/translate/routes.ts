import type { Baseline, HttpPort, ServiceId } from '../catalog/model.ts';
import type { Rule } from '../intercepts/intercept.ts';
import type { MirroredRequests } from '../intercepts/mirrors.ts';
import type { HostRoutes, Routing, ServiceNames } from '../intercepts/routing.ts';
import type { MessageTypes } from '../protos/index.ts';
import { any, duration } from '../protos/index.ts';
import { type KeyPlace, replacing, replacingMatches } from './baggage.ts';
import { BRIDGE_STATUS } from './bridge.ts';
import { browserRoutes } from './browser.ts';
import { headersIfNoted, headersOfDiverted } from './caching.ts';
import { clusterName } from './cluster.ts';
import { corsHeaders, preflightRoutes } from './cors.ts';
import type { GatewayOptions, RoutesFor } from './gateway.ts';
import { KEY_READER, METADATA, ROUTES, SERVED_BY } from './gateway.ts';
import { translateRuleReader } from './key-reader.ts';
import { mirroredMatch, mirrorPolicies, reconsidered } from './mirror.ts';
import { BODIES_KEPT, byRetry } from './retry.ts';
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
    ].map((host) => ({ ...host, ...BODIES_KEPT })),
    // The port stays in the Host header for the service to see.
    ignore_port_in_host_matching: true,
    ...(routes === 'guarded' ? { request_headers_to_remove: [TRUSTED] } : {}),
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
        ...own(),
        ...this.#unruled(baseline, main, '/', (match) => match, { key: USED_KEY, onPreviewHost: true }),
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
    const headers = isClaimed ? [...this.#addHeader(USED_KEY), ...this.#addBaggage(undefined)] : [];
    const mirrored = this.#intercepts
      .mirrored(baseline.id, port)
      .filter(({ on }) => on.match === undefined && (isClaimed || on.keys === undefined));
    const turnedOn = reconsidered(mirrored);
    const kinds = [
      ...mirrored.map((requests) => ({
        match: mirroredMatch(match, requests.on),
        mirrors: mirrorPolicies(requests, port, this.#options),
      })),
      { match, mirrors: [] },
    ];
    return kinds
      .flatMap((kind) =>
        [...strippingMatches(kind.match, this.#options), { match: kind.match, filters: {} }].flatMap(
          ({ match, filters }) =>
            this.#forward(baseline, port, match, headers, { ...turnedOn, ...filters }, kind.mirrors),
        ),
      )
      .map((route) => ({
        ...route,
        ...(host === undefined ? {} : { route: { ...route.route, host_rewrite_literal: host } }),
        request_headers_to_remove: [...strippedHeaders(this.#options)],
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
      ...this.#unruled(baseline, port, pathPrefix, narrowed, { key: USED_KEY }),
    ];
    return this.#ofAll(trusted, () => this.#untrusted(baseline, port, everything));
  }

  #rules(baseline: Baseline, port: HttpPort, pathPrefix: string, narrowed: (match: RouteMatch) => RouteMatch): Route[] {
    return this.#intercepts.rules(baseline.id).flatMap(({ subset, match }) => {
      const matching = translateMatch(match, pathPrefix);
      if (matching === undefined) return [];
      const filters = { [KEY_READER]: translateRuleReader(subset, this.#options) };
      return this.#variants(baseline, port, narrowed(matching), { key: CARRIED_KEY, filters });
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
    const { key, filters = {}, mirrors = [], onPreviewHost = false } = kind;
    const replace = replacing(key, this.#options);
    return [
      ...replacingMatches(match, this.#options, onPreviewHost).flatMap((narrowed) =>
        this.#forward(
          baseline,
          port,
          narrowed,
          [...this.#addHeader(key), replace.header],
          {
            ...{ ...filters, ...replace.filters },
          },
          mirrors,
        ),
      ),
      ...this.#forward(
        baseline,
        port,
        match,
        [...this.#addHeader(key), ...this.#addBaggage(onPreviewHost ? key : undefined)],
        filters,
        mirrors,
      ),
    ];
  }

  #forward(
    baseline: Baseline,
    port: HttpPort,
    match: RouteMatch,
    requestHeaders: HeaderToAdd[],
    filters: NonNullable<Route['typed_per_filter_config']>,
    mirrors: MirrorPolicies,
  ): Route[] {
    return byRetry(match).map(({ match, retry }) => ({
      match,
      route: {
        cluster: clusterName(baseline, port),
        // Envoy's default of 15 s truncates streams with status 200.
        timeout: duration(0),
        retry_policy: retry,
        ...(mirrors.length === 0 ? {} : { request_mirror_policies: mirrors }),
      },
      ...(requestHeaders.length === 0 ? {} : { request_headers_to_add: requestHeaders }),
      ...(Object.keys(filters).length === 0 ? {} : { typed_per_filter_config: filters }),
    }));
  }

  // Whatever carried the key in, the request leaves with it as header and as baggage member, so that services which hand
  // on trace context hand it on. A value that comes out empty adds nothing.

  #addHeader({ space, name }: KeyPlace): HeaderToAdd[] {
    const { header } = this.#options.carriers;
    if (header === undefined) return [];
    return [{ header: { key: header, value: `%DYNAMIC_METADATA(${space}:${name})%` }, append_action: 'ADD_IF_ABSENT' }];
  }

  /** @param key what the member is made of where it surely is one; elsewhere the key reader has made it. */
  #addBaggage(key: KeyPlace | undefined): HeaderToAdd[] {
    const { baggage } = this.#options.carriers;
    if (baggage === undefined) return [];
    const member =
      key === undefined
        ? `%DYNAMIC_METADATA(${METADATA.own}:${METADATA.baggage})%`
        : `${baggage}=%DYNAMIC_METADATA(${key.space}:${key.name})%`;
    return [{ header: { key: 'baggage', value: member }, append_action: 'APPEND_IF_EXISTS_OR_ADD' }];
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
  const on = any('envoy.config.route.v3.FilterConfig', { config: { type_url: '', value: Buffer.alloc(0) } });
  return {
    ...route,
    match: { ...match, headers: [CAME_WITH_SECRET, ...(match?.headers ?? [])] },
    typed_per_filter_config: { [KEY_READER]: on, ...typed_per_filter_config },
  };
}

/** What distinguishes the routes of one match from those of another. */
interface RouteKind {
  /** The key that requests leave with. */
  readonly key: KeyPlace;
  readonly filters?: NonNullable<Route['typed_per_filter_config']>;
  readonly mirrors?: MirrorPolicies;
  readonly onPreviewHost?: boolean;
}

/** The key that the load balancer goes by. */
const USED_KEY: KeyPlace = { space: METADATA.loadBalancer, name: METADATA.preview };

/** On a rule's route, the key that the request carries. */
const CARRIED_KEY: KeyPlace = { space: METADATA.own, name: METADATA.carried };

/** A request for another port than the main one says so in its host. */
function portCondition(port: HttpPort): HeaderMatcher {
  return { name: ':authority', string_match: { suffix: `:${port.port}` } };
}

/** Where requests go that name no port: to port 80, as a caller's URL means it, else to the first. */
function mainPort(baseline: Baseline): HttpPort {
  return baseline.ports.find(({ port }) => port === 80) ?? baseline.ports[0]!;
}
