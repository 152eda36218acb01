import { isDeepStrictEqual } from 'node:util';
import type { Problem } from '../problems.ts';

/**
 * What every source of objects promises, and the records it speaks in. No type of the Kubernetes client passes this door:
 * records hold the fields that Shunt uses and nothing else, and are deeply frozen.
 */

export type SourceKind = 'Service' | 'EndpointSlice' | 'Pod';

/** Names an object. Its text form is `kind namespace/name`. */
export interface ObjectRef {
  readonly kind: SourceKind;
  readonly namespace: string;
  readonly name: string;
}

export interface ServiceRecord extends ObjectRef {
  readonly kind: 'Service';
  /** Only those under `shunt.dev/`. */
  readonly labels: Readonly<Record<string, string>>;
  /** Only those under `shunt.dev/`. */
  readonly annotations: Readonly<Record<string, string>>;
  readonly ports: readonly ServicePort[];
  /** The DNS name of a Service of type ExternalName. */
  readonly externalName?: string | undefined;
  /** metadata.creationTimestamp, milliseconds since the epoch. */
  readonly createdAt?: number | undefined;
  /** `file:line` of the object, where the source is a file. */
  readonly place?: string | undefined;
}

export interface ServicePort {
  /** Empty for the only port of a Service, which may be unnamed. */
  readonly name: string;
  readonly port: number;
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
  readonly appProtocol?: string | undefined;
  /** The number or name of the Pods' port, where it is not the Service's own number. */
  readonly targetPort?: number | string | undefined;
}

export interface EndpointSliceRecord extends ObjectRef {
  readonly kind: 'EndpointSlice';
  /** Name of the Service it belongs to, in its own namespace (label `kubernetes.io/service-name`). */
  readonly service: string;
  readonly addressType: 'IPv4' | 'IPv6' | 'FQDN';
  /** Ports by the name that the Service gives them; a port without a number is left out. */
  readonly ports: readonly SlicePort[];
  readonly endpoints: readonly SliceEndpoint[];
  readonly place?: string | undefined;
}

export interface SlicePort {
  readonly name: string;
  readonly port: number;
}

/** Conditions with Kubernetes' defaults applied: ready and serving unless told otherwise. */
export interface SliceEndpoint {
  readonly addresses: readonly string[];
  readonly ready: boolean;
  readonly serving: boolean;
  readonly terminating: boolean;
}

/** A Pod that is labelled with what it intercepts; of no others there are records. */
export interface PodRecord extends ObjectRef {
  readonly kind: 'Pod';
  /** Only those under `shunt.dev/`. */
  readonly labels: Readonly<Record<string, string>>;
  /** Only those under `shunt.dev/`. */
  readonly annotations: Readonly<Record<string, string>>;
  /** What controls it, if anything. */
  readonly owner?: PodOwner | undefined;
  /** The first is its main one; none while it has not begun, and when it has ended. */
  readonly addresses: readonly string[];
  readonly ready: boolean;
  readonly terminating: boolean;
  /** Whether its addresses are the node's, which others share. */
  readonly hostNetwork: boolean;
  /** The TCP ports that its containers tell of. */
  readonly ports: readonly ContainerPort[];
  /** metadata.creationTimestamp, milliseconds since the epoch. */
  readonly createdAt?: number | undefined;
  readonly place?: string | undefined;
}

/** In the Pod's namespace: `Deployment` `api-pr-123`. */
export interface PodOwner {
  readonly kind: string;
  readonly name: string;
}

export interface ContainerPort {
  /** May be empty. */
  readonly name: string;
  readonly port: number;
}

export type SourceRecord = ServiceRecord | EndpointSliceRecord | PodRecord;

/** One atomic step from a consistent state of the world to the next. */
export interface SourceChange {
  readonly upserts: readonly SourceRecord[];
  readonly deletes: readonly ObjectRef[];
}

/** Where a source delivers. Both calls are synchronous; the source has done its own work when they are made. */
export interface SourceSink {
  /** The first call holds the whole world (the first full sync), even if that is empty; each later one a true difference. */
  changed(change: SourceChange): void;
  /** All that is wrong with `origin` (a file, a watch) at present; replaces what was said of it before, empty when mended. */
  problems(origin: string, problems: readonly Problem[]): void;
}

export interface Source {
  /**
   * Looks whether the source can work as it is set up, so that nothing need be begun for one that never can.
   * @throws if it cannot (no such folder, no kubeconfig): a sentence for the operator.
   */
  check(): Promise<void>;
  /**
   * Begins to watch. Resolves once the first full sync has been delivered.
   * @param lastKnown what an earlier run knew of the same world: it stands in for what may not be read any more.
   * @throws as `check` does, which need not be called before.
   */
  start(sink: SourceSink, lastKnown?: readonly SourceRecord[]): Promise<void>;
  /** Ends every watch and timer. Nothing is delivered afterwards. */
  stop(): Promise<void>;
}

/** `kind namespace/name`, the key of an object in every map. */
export function refKey(ref: ObjectRef): string {
  return `${ref.kind} ${ref.namespace}/${ref.name}`;
}

/** Names the object that a record, or anything else with its name, speaks of. */
export function refOf({ kind, namespace, name }: ObjectRef): ObjectRef {
  return Object.freeze({ kind, namespace, name });
}

/** Whether two records say the same of an object, wherever in a file it stands. */
export function sameButForPlace(a: SourceRecord, b: SourceRecord): boolean {
  return isDeepStrictEqual({ ...a, place: undefined }, { ...b, place: undefined });
}
