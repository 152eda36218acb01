/** Where something listens or is reached. `host` is an IP address without brackets, or a DNS name. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** Where gateways accept requests, and whom they trust with keys there. */
export interface Listen extends HostPort {
  /** Default: everyone. */
  readonly trust?: KeyTrust | undefined;
}

/** Who may carry a key, where that is not everyone. The requests of all others go to the baselines, without their keys. */
export type KeyTrust =
  | { readonly kind: 'nobody' }
  /** Clients that connect from these networks, in CIDR notation, whatever their requests say of others. */
  | { readonly kind: 'addresses'; readonly networks: readonly string[] }
  /** Requests with the secret in a header. */
  | { readonly kind: 'secret' }
  /** Requests with a signed token, whose claim is the key. */
  | { readonly kind: 'jwt' };

/** Clients whose certificate has a matching identity, and what they may say that they are. */
export interface ClientRule {
  /** A DNS name or URI of the certificate. `*` at the end stands for anything, as does `*.` before a DNS name. */
  readonly identity: string;
  /** The node ids that they may have, of which `*` at the end stands for anything; none here means any. */
  readonly nodes: readonly string[];
  /** The namespaces of which they must name one, likewise; none here means any, or to name none. */
  readonly namespaces: readonly string[];
}

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** The two variants of ADS: `delta` sends what changed, `sotw` the state of the world. */
export const protocols = ['delta', 'sotw'] as const;
export type Protocol = (typeof protocols)[number];

/** Every setting of every command, read, checked and deeply frozen. */
export interface Settings {
  /** The file that settings were read from. */
  readonly config: string | undefined;
  /** A folder of manifests to watch. */
  readonly directory: string | undefined;
  /** Whether to watch a Kubernetes cluster. */
  readonly kubernetes: boolean;
  /** Path of the kubeconfig that names the cluster; undefined: what `kubectl` would use, or the Pod's service account. */
  readonly kubeConfig: string | undefined;
  /** The context of the kubeconfig; undefined: its current one. */
  readonly context: string | undefined;
  /** The namespaces of the cluster to watch; none means all. */
  readonly namespace: readonly string[];
  /** A file that keeps what was last read of the cluster, for a start without it. */
  readonly lastGood: string | undefined;
  /** Whether to write Events and the status of previews into the cluster; undefined: where this runs in a Pod. */
  readonly announce: boolean | undefined;
  /** The name of the Lease by which one replica does so; the ConfigMap with the status is named `<name>-previews`. */
  readonly announceName: string;
  /** The namespace of both; undefined: the Pod's own, or that of the kubeconfig's context. */
  readonly announceNamespace: string | undefined;
  /** Where the control plane serves ADS, or where an Envoy reaches it. Port 0 lets the system choose one. */
  readonly xds: HostPort;
  /** PEM files of this side of a connection between Envoy and control plane: its certificate and that one's key. */
  readonly xdsCert: string | undefined;
  readonly xdsKey: string | undefined;
  /** PEM file of the CAs that the other side's certificate must come from. */
  readonly xdsCa: string | undefined;
  /** Which Envoys may connect; none means all with a certificate from `xdsCa`. */
  readonly xdsClient: readonly ClientRule[];
  /** Whether the control plane may serve others than this machine without TLS. */
  readonly xdsPlaintext: boolean;
  /** How many streams all Envoys together may have. */
  readonly xdsStreams: number;
  /** How many requests a second an Envoy, or all those that cannot be told from it, may make beside answers. */
  readonly xdsRequests: number;
  /** MiB of memory that Envoys may fill with what they ask for; undefined: half of what this process may use. */
  readonly xdsMemory: number | undefined;
  /** What an Envoy demands to find in the control plane's certificate: a DNS name, IP address or URI. Undefined: its host. */
  readonly xdsServerName: string | undefined;
  /** A folder for the files through which an Envoy learns of changed certificates. */
  readonly sdsDirectory: string | undefined;
  /** Where the control plane serves health. Port 0 lets the system choose one. */
  readonly admin: HostPort;
  /** A file with the token for questions from other machines. */
  readonly adminToken: string | undefined;
  readonly logLevel: LogLevel;
  /** The gateways' listeners: IP addresses, at least one, no two the same. */
  readonly listen: readonly Listen[];
  /** Lower-case name of the header that holds the secret. */
  readonly trustHeader: string;
  /** The file with the secret that an Envoy compares with, where Shunt starts that Envoy. */
  readonly trustSecret: string | undefined;
  /** The file with the public keys that tokens are signed with, a JWKS. */
  readonly trustJwks: string | undefined;
  /** The claim that is the key. */
  readonly trustClaim: string;
  /** What tokens must name as their issuer; undefined where any will do. */
  readonly trustIssuer: string | undefined;
  /** Of which tokens must name one as their audience; none means any. */
  readonly trustAudience: readonly string[];
  /** Preview URLs are `<key>--<baseline>.<previewDomain>`. Lower case. */
  readonly previewDomain: string;
  /** Lower-case name of the header that carries a key; undefined where no header does. */
  readonly keyHeader: string | undefined;
  /** Name of the W3C baggage member that carries a key; undefined where none does. */
  readonly keyBaggage: string | undefined;
  /** Key of the W3C tracestate member that carries a key of Shunt's; undefined where none does. */
  readonly keyTracestate: string | undefined;
  /** Name of the cookie that carries a key; undefined where none does. */
  readonly keyCookie: string | undefined;
  /** Name of the query parameter that carries a key; undefined where none does. */
  readonly keyQuery: string | undefined;
  /** Whether the host carries a key: whether there are preview URLs. */
  readonly keyHost: boolean;
  /** Whether caches may store the answers to diverted requests, if the services say so. */
  readonly storeDiverted: boolean;
  /** The path under which people choose a preview in a browser, beginning with `/`; undefined where there is none. */
  readonly browserPath: string | undefined;
  /** Origins whose scripts may send the headers that carry a key: `https://shop.example.com`, `https://*.example.com:8443`. */
  readonly corsOrigin: readonly string[];
  /** What an Envoy calls itself. */
  readonly nodeId: string;
  readonly protocol: Protocol;
  /** The namespace whose Services an Envoy reaches by their short names. */
  readonly gatewayNamespace: string | undefined;
  /** Where an Envoy serves its own admin interface: an IP address. */
  readonly envoyAdmin: HostPort;
  /** Where an Envoy says whether it is ready, and its statistics, and nothing else; undefined: nowhere. An IP address. */
  readonly envoyProbe: HostPort | undefined;
}

/** A setting's name in `Settings`. */
export type SettingField = keyof Settings;
