/** What the operator settles about the gateways, as far as their configuration depends on it. */
export interface GatewayOptions {
  /** Addresses that the gateways listen on. */
  readonly listen: readonly { readonly host: string; readonly port: number }[];
  /** `pr-123--api.preview.example.com` lies under `preview.example.com`. */
  readonly previewDomain: string;
  readonly carriers: Carriers;
  /** Whether caches may store the answers to diverted requests, if the services say so. Default: they may not. */
  readonly storeDiverted?: boolean | undefined;
  /** The path under which people choose a preview in a browser; undefined where there is none. Begins with `/`. */
  readonly browserPath?: string | undefined;
  /** Origins whose scripts may send the carrier headers: `https://shop.example.com`, `https://*.example.com:8443`. */
  readonly corsOrigins?: readonly string[];
}

/** Where a request may carry its key; one that is absent is switched off. */
export interface Carriers {
  /** Name of a header, in lower case. */
  readonly header?: string | undefined;
  /** Name of a member of the W3C `baggage` header. */
  readonly baggage?: string | undefined;
  /** Name of a member of the W3C `tracestate` header. */
  readonly tracestate?: string | undefined;
  /** Name of a query parameter. */
  readonly query?: string | undefined;
  /** Name of a cookie. */
  readonly cookie?: string | undefined;
  /** The host of a preview URL. */
  readonly host: boolean;
}

/** Name of the only RouteConfiguration, which every listener uses. */
export const ROUTES = 'gateway';

/** The response header that says who served. */
export const SERVED_BY = 'x-shunt-served-by';

/** Names of dynamic and endpoint metadata, and of the filter that writes the dynamic ones. */
export const METADATA = {
  /** Envoy's load balancer reads the subset from this namespace. */
  loadBalancer: 'envoy.lb',
  own: 'shunt',
  /** The subset key in `envoy.lb`. */
  preview: 'preview',
  /** In `shunt`: the baggage member to add to the request. */
  baggage: 'baggage',
  /** In `shunt`: the whole baggage, with the key of the request in place of any other. */
  rewritten: 'rewritten',
  /** In `shunt`: the key that a request on a rule's route carries. */
  carried: 'carried',
  /** In `shunt`: what the response is to say to caches besides. */
  caching: 'caching',
  /** In `shunt`: what the response is to say to scripts of a permitted origin. */
  cors: 'cors',
} as const;

export const KEY_READER = 'shunt.key';
