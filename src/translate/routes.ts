import type { Baseline, HttpPort, ServiceId } from '../catalog/model.ts';
import type { Rule } from '../intercepts/intercept.ts';
import type { HostRoutes, Routing, ServiceNames } from '../intercepts/routing.ts';
import type { MessageTypes } from '../protos/index.ts';
import { any, duration, uint32 } from '../protos/index.ts';
import { clusterName } from './cluster.ts';
import type { GatewayOptions } from './gateway.ts';
import { KEY_READER, METADATA, ROUTES, SERVED_BY } from './gateway.ts';
import { translateRuleReader } from './key-reader.ts';
import { pathMatch, translateMatch } from './rule-match.ts';

type RouteConfiguration = MessageTypes['envoy.config.route.v3.RouteConfiguration'];
type VirtualHost = MessageTypes['envoy.config.route.v3.VirtualHost'];
type Route = MessageTypes['envoy.config.route.v3.Route'];
type RouteMatch = MessageTypes['envoy.config.route.v3.RouteMatch'];
type HeaderMatcher = MessageTypes['envoy.config.route.v3.HeaderMatcher'];
type HeaderToAdd = MessageTypes['envoy.config.core.v3.HeaderValueOption'];

/** The rules of each baseline, in order of precedence. */
export type RulesOf = (baseline: ServiceId) => readonly Rule[];

/** All virtual hosts of the gateways. Depends on baselines and rules; previews with a key leave it as it is. */
export function translateRoutes(routing: Routing, rulesOf: RulesOf, options: GatewayOptions): RouteConfiguration {
  const translator = new RouteTranslator(rulesOf, options);
  return {
    name: ROUTES,
    virtual_hosts: [
      ...routing.services.flatMap((service) => translator.service(service)),
      ...routing.hosts.map((host) => translator.outside(host)),
    ],
    // The port stays in the Host header for the service to see.
    ignore_port_in_host_matching: true,
    response_headers_to_add: [
      {
        // Not the endpoint's metadata: a worker that reads it while an update replaces it takes Envoy 1.40.0 down.
        header: { key: SERVED_BY, value: '%UPSTREAM_HOST_NAME%' },
        append_action: 'OVERWRITE_IF_EXISTS_OR_ADD',
      },
    ],
  };
}

class RouteTranslator {
  readonly #rulesOf: RulesOf;
  readonly #options: GatewayOptions;

  constructor(rulesOf: RulesOf, options: GatewayOptions) {
    this.#rulesOf = rulesOf;
    this.#options = options;
  }

  service({ baseline, names, previewNames }: ServiceNames): VirtualHost[] {
    const main = mainPort(baseline);
    const others = baseline.ports.filter((port) => port !== main);
    const hosts: VirtualHost[] = [
      {
        name: baseline.id,
        domains: [...names],
        routes: [
          ...others.flatMap((port) => this.#routes(baseline, port, '/', [portCondition(port)])),
          ...this.#routes(baseline, main, '/', []),
        ],
      },
    ];
    if (this.#options.carriers.host && previewNames.length > 0) {
      // A preview's URL names it, so no rule is asked.
      const route = this.#route(
        baseline,
        main,
        pathMatch('/'),
        this.#headers(METADATA.loadBalancer, METADATA.preview, true),
      );
      hosts.push({ name: `${baseline.id} previews`, domains: [...previewNames], routes: [route] });
    }
    return hosts;
  }

  outside({ host, routes }: HostRoutes): VirtualHost {
    return {
      name: `host ${host}`,
      domains: [host],
      routes: routes.flatMap(({ pathPrefix, baseline }) => this.#routes(baseline, mainPort(baseline), pathPrefix, [])),
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
    const rules = this.#rulesOf(baseline.id).flatMap(({ subset, match }) => {
      const matching = translateMatch(match, pathPrefix);
      return matching === undefined ? [] : [this.#ruleRoute(baseline, port, narrowed(matching), subset)];
    });
    const headers = this.#headers(METADATA.loadBalancer, METADATA.preview, false);
    return [...rules, this.#route(baseline, port, narrowed(pathMatch(pathPrefix)), headers)];
  }

  #ruleRoute(baseline: Baseline, port: HttpPort, match: RouteMatch, subset: string): Route {
    return {
      ...this.#route(baseline, port, match, this.#headers(METADATA.own, METADATA.carried, false)),
      typed_per_filter_config: { [KEY_READER]: translateRuleReader(subset, this.#options) },
    };
  }

  #route(baseline: Baseline, port: HttpPort, match: RouteMatch, requestHeaders: HeaderToAdd[]): Route {
    return {
      match,
      route: { cluster: clusterName(baseline, port), ...FORWARDING },
      request_headers_to_add: requestHeaders,
    };
  }

  /**
   * Whatever carried the key in, the request leaves with it as header and as baggage member, so that services which
   * hand on trace context hand it on. A value that comes out empty adds nothing.
   *
   * @param ownBaggage whether the member is made of the key here, since it surely has one, and not by the reader.
   */
  #headers(space: string, name: string, ownBaggage: boolean): HeaderToAdd[] {
    const { header, baggage } = this.#options.carriers;
    const key = `%DYNAMIC_METADATA(${space}:${name})%`;
    const member = ownBaggage ? `${baggage}=${key}` : `%DYNAMIC_METADATA(${METADATA.own}:${METADATA.baggage})%`;
    const headers: HeaderToAdd[] = [];
    if (header !== undefined) headers.push({ header: { key: header, value: key }, append_action: 'ADD_IF_ABSENT' });
    if (baggage !== undefined) {
      headers.push({ header: { key: 'baggage', value: member }, append_action: 'APPEND_IF_EXISTS_OR_ADD' });
    }
    return headers;
  }
}

/** A request for another port than the main one says so in its host. */
function portCondition(port: HttpPort): HeaderMatcher {
  return { name: ':authority', string_match: { suffix: `:${port.port}` } };
}

/** Where requests go that name no port: to port 80, as a caller's URL means it, else to the first. */
function mainPort(baseline: Baseline): HttpPort {
  return baseline.ports.find(({ port }) => port === 80) ?? baseline.ports[0]!;
}

const PREVIOUS_PRIORITIES = 'envoy.retry_priorities.previous_priorities';

/** How every request is forwarded. */
const FORWARDING: MessageTypes['envoy.config.route.v3.RouteAction'] = {
  // Envoy's default of 15 s truncates streams with status 200.
  timeout: duration(0),
  // Only what no endpoint has seen is sent again; the next priority after a preview is the baseline.
  retry_policy: {
    retry_on: 'connect-failure,refused-stream,reset-before-request',
    num_retries: uint32(2),
    retry_priority: {
      name: PREVIOUS_PRIORITIES,
      typed_config: any('envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig', {
        update_frequency: 1,
      }),
    },
  },
};
