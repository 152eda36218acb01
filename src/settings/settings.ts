/** Where something listens or is reached. `host` is an IP address without brackets, or a DNS name. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
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
  /** The namespaces of the cluster to watch; none means all. */
  readonly namespace: readonly string[];
  /** Where the control plane serves ADS, or where an Envoy reaches it. Port 0 lets the system choose one. */
  readonly xds: HostPort;
  /** Where the control plane serves health, metrics and its page. Port 0 lets the system choose one. */
  readonly admin: HostPort;
  readonly logLevel: LogLevel;
  /** The gateways' listeners: IP addresses, at least one, no two the same. */
  readonly listen: readonly HostPort[];
  /** Preview URLs are `<key>--<baseline>.<previewDomain>`. Lower case. */
  readonly previewDomain: string;
  /** Lower-case name of the header that carries a key; undefined where no header does. */
  readonly keyHeader: string | undefined;
  /** Name of the W3C baggage member that carries a key; undefined where none does. */
  readonly keyBaggage: string | undefined;
  /** Name of the cookie that carries a key; undefined where none does. */
  readonly keyCookie: string | undefined;
  /** Whether the host carries a key: whether there are preview URLs. */
  readonly keyHost: boolean;
  /** What an Envoy calls itself. */
  readonly nodeId: string;
  readonly protocol: Protocol;
  /** The namespace whose Services an Envoy reaches by their short names. */
  readonly gatewayNamespace: string | undefined;
  /** Where an Envoy serves its own admin interface: an IP address. */
  readonly envoyAdmin: HostPort;
}

/** A setting's name in `Settings`. */
export type SettingField = keyof Settings;
