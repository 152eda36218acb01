import type { Life } from './life.ts';

/**
 * What exists: baselines, previews and their endpoints, as frozen records without a trace of Kubernetes or Envoy.
 */

/** `namespace/name` of a Service. */
export type ServiceId = string;

/** What an object and its owner are called in messages, and how old it is. */
export interface Identity {
  /** `SERVICE`, or what made the Pods that are a preview: `Deployment`. */
  readonly kind: string;
  /** Unlike any other object's: of a Service its `ServiceId`. */
  readonly id: string;
  readonly namespace: string;
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly createdAt?: number | undefined;
  /** `file:line`, where the object came from a file. */
  readonly place?: string | undefined;
}

/** The ordinary Service that everyone's requests reach, opted in by `shunt.dev/role: baseline`. */
export interface Baseline extends Identity {
  readonly ports: readonly HttpPort[];
  readonly hosts: readonly OutsideHost[];
  /** Namespaces, besides its own, whose previews may intercept it. */
  readonly allowFrom: readonly string[];
  /** The Service whose endpoints are its own, where gateways stand behind its name. */
  readonly endpointsFrom?: ServiceId | undefined;
}

/** A copy of one baseline: it is reached by its key, by a rule, or by both. */
export interface Preview extends Identity {
  readonly baseline: ServiceId;
  readonly key?: string | undefined;
  readonly match?: Match | undefined;
  readonly whenUnready: WhenUnready;
  /** Present where requests are copied to the preview, and answered as if it were not there. */
  readonly mirror?: Mirroring | undefined;
  readonly life: Life;
  /** A Service's own; absent where it is Pods, which listen where those of the baseline do. */
  readonly ports?: readonly HttpPort[] | undefined;
}

/** Who answers a preview's requests while it has no endpoint that is ready: its baseline, or nobody. */
export type WhenUnready = 'baseline' | 'deny';

/** How many of the requests that match, or of all where the preview has neither key nor match, are copied. */
export interface Mirroring {
  /** From 1 to 1,000,000, which is all. */
  readonly perMillion: number;
}

export interface HttpPort {
  readonly name: string;
  readonly port: number;
  readonly protocol: HttpProtocol;
  /** The number of the Pods' port, or its name. */
  readonly targetPort: number | string;
}

export type HttpProtocol = 'HTTP/1.1' | 'HTTP/2';

/** A name that callers outside the cluster use: `shop.example.com`, `*.example.com`, with the path prefix it covers. */
export interface OutsideHost {
  readonly host: string;
  /** `/` for the whole host; otherwise without a slash at its end, and only whole path segments match. */
  readonly pathPrefix: string;
}

/** What a request must be like to take a rule: all of it must hold. */
export interface Match {
  readonly path?: PathCondition | undefined;
  readonly method?: string | undefined;
  /** Sorted, none twice: the same conditions are the same match in whatever order they were written. */
  readonly conditions: readonly Condition[];
}

/** On the path without its query. A prefix has no slash at its end, but for `/` itself, and covers whole path segments. */
export interface PathCondition {
  readonly kind: 'exact' | 'prefix' | 'regex';
  readonly value: string;
}

/** On a header, or on what a request carries under a name in one of them or in its query. */
export interface Condition {
  readonly source: ConditionSource;
  /** In lower case if it is a header's. */
  readonly name: string;
  readonly test: ValueTest;
}

export type ConditionSource = 'header' | 'cookie' | 'baggage' | 'query';

/** On a value. An expression has RE2's syntax and stands for the whole value. */
export type ValueTest = Comparison | Presence;

export interface Comparison {
  readonly kind: 'exact' | 'prefix' | 'suffix' | 'contains' | 'regex';
  readonly value: string;
  readonly ignoreCase: boolean;
}

export interface Presence {
  readonly kind: 'present' | 'absent';
}

/** One address of a Service's port. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
  /** Whether it may be sent requests now. */
  readonly usable: boolean;
}

/** The kind of a Service, among those of the objects that carry labels. */
export const SERVICE = 'Service';

export function serviceId(namespace: string, name: string): ServiceId {
  return `${namespace}/${name}`;
}

/** How messages name an object: `Service shop/api`. */
export function describe({ kind, namespace, name }: Identity): string {
  return `${kind} ${namespace}/${name}`;
}
