/** What the operator settles about the gateways, as far as their configuration depends on it. */
export interface GatewayOptions {
  /** Addresses that the gateways listen on. */
  readonly listen: readonly ListenAddress[];
  /** How listeners tell whom to trust. Default: none has to. */
  readonly trust?: TrustMeans | undefined;
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

/** Where a gateway listens, and whom it trusts with keys there. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
  /** Default: everyone. */
  readonly trust?: KeyTrust | undefined;
}

/** Who may carry a key, where that is not everyone. */
export type KeyTrust =
  | { readonly kind: 'nobody' }
  /** In CIDR notation. */
  | { readonly kind: 'addresses'; readonly networks: readonly string[] }
  | { readonly kind: 'secret' }
  | { readonly kind: 'jwt' };

export interface TrustMeans {
  /** Name of the header that holds the secret, in lower case. */
  readonly secretHeader: string;
  /** How tokens are checked, and which claim of them is the key. */
  readonly tokens?:
    | {
        /** A JWKS with public keys. */
        readonly jwks: string;
        readonly claim: string;
        readonly issuer: string | undefined;
        readonly audiences: readonly string[];
      }
    | undefined;
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

/** Names of the RouteConfigurations, by whom the requests on them come from. */
export const ROUTES = {
  /** Those who are trusted with keys. */
  trusted: 'gateway',
  /** Those who are not. */
  untrusted: 'gateway untrusted',
  /** Those who may have a token, whose claim then is the key. */
  claimed: 'gateway claimed',
  /** Those who may have the secret. */
  guarded: 'gateway guarded',
} as const;

export type RoutesFor = keyof typeof ROUTES;

/** The response header that says who served. */
export const SERVED_BY = 'x-shunt-served-by';

/** Names of dynamic and endpoint metadata, and of the filter that writes the dynamic ones. */
export const METADATA = {
  /** Envoy's load balancer reads the subset from this namespace. */
  loadBalancer: 'envoy.lb',
  own: 'shunt',
  /** The subset key in `envoy.lb`. */
  preview: 'preview',
  /** In `shunt`: the key of another carrier than the baggage, which is to be handed on there too. */
  handed: 'handed',
  /** In `shunt`: the baggage without a key. */
  rewritten: 'rewritten',
  /** In `shunt`: the key that the baggage has. */
  inherited: 'inherited',
  /** In `shunt`: what the response is to say to caches besides, and how a baggage member begins. */
  caching: 'caching',
  /** In `shunt`: what the response is to say to scripts of a permitted origin. */
  cors: 'cors',
} as const;

export const KEY_READER = 'shunt.key';

/** Reads the key of a preview's host; off elsewhere. */
export const HOST_READER = 'shunt.host';
