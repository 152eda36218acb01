import type { ContainerPort, PodOwner, PodRecord } from '../source.ts';
import { type Fields, isMapping } from './fields.ts';
import type { Metadata } from './metadata.ts';
import { readAddress } from './names.ts';

/** Only Pods with this label concern Shunt. */
export const POD_LABEL = 'shunt.dev/intercepts';

type Mapping = Readonly<Record<string, unknown>>;

/** A Pod of apiVersion v1; `undefined` if a value that it cannot do without is wrong. */
export function readPod(
  fields: Fields,
  metadata: Metadata,
  object: Mapping,
  place: string | undefined,
): PodRecord | undefined {
  const meta = object.metadata as Mapping;
  const spec = fields.mapping(object.spec, 'spec') ?? {};
  const status = fields.mapping(object.status, 'status') ?? {};
  const owner = readOwner(fields, meta);
  const record = {
    ...metadata.ref,
    kind: 'Pod' as const,
    labels: metadata.labels,
    annotations: metadata.annotations,
    ...(owner === undefined ? {} : { owner }),
    addresses: Object.freeze(hasEnded(status) ? [] : readAddresses(fields, status)),
    ready: isReady(fields, status),
    terminating: meta.deletionTimestamp !== undefined && meta.deletionTimestamp !== null,
    hostNetwork: fields.boolean(spec.hostNetwork, 'spec.hostNetwork') ?? false,
    ports: Object.freeze(readPorts(fields, spec)),
    ...(metadata.createdAt === undefined ? {} : { createdAt: metadata.createdAt }),
    ...(place === undefined ? {} : { place }),
  };
  return fields.spoilt ? undefined : Object.freeze(record);
}

/**
 * What made the Pod. A ReplicaSet is named as the Deployment that made it: its own name, without the hash that the
 * Deployment added, of which a rollout makes another.
 */
function readOwner(fields: Fields, meta: Mapping): PodOwner | undefined {
  const controller = fields
    .mappings(meta.ownerReferences, 'metadata.ownerReferences')
    .find(({ entry }) => entry.controller === true);
  if (controller === undefined) return undefined;
  const { at, entry } = controller;
  const [kind, name] = [fields.string(entry.kind, `${at}.kind`), fields.string(entry.name, `${at}.name`)];
  if (kind === undefined || name === undefined) return undefined;
  const hash = isMapping(meta.labels) ? meta.labels['pod-template-hash'] : undefined;
  const isOfDeployment = kind === 'ReplicaSet' && typeof hash === 'string' && name.endsWith(`-${hash}`);
  return Object.freeze(isOfDeployment ? { kind: 'Deployment', name: name.slice(0, -hash.length - 1) } : { kind, name });
}

/** The address of a Pod that has ended may be another's by now. */
function hasEnded(status: Mapping): boolean {
  return status.phase === 'Succeeded' || status.phase === 'Failed';
}

function readAddresses(fields: Fields, status: Mapping): string[] {
  const written = fields
    .mappings(status.podIPs, 'status.podIPs')
    .map(({ at, entry }) => ({ at: `${at}.ip`, ip: entry.ip }));
  const all = written.length > 0 ? written : [{ at: 'status.podIP', ip: status.podIP }];
  const addresses: string[] = [];
  for (const { at, ip } of all) {
    const text = fields.string(ip, at) ?? '';
    const address = readAddress(text)?.address;
    if (address !== undefined) addresses.push(address);
    else if (text !== '') fields.remark(at, ip, 'Write an IP address such as 10.0.0.1 or fd00::1.');
  }
  return addresses;
}

/** As the controller of EndpointSlices has it: a Pod is not ready until it is said to be. */
function isReady(fields: Fields, status: Mapping): boolean {
  return fields
    .mappings(status.conditions, 'status.conditions')
    .some(({ entry }) => entry.type === 'Ready' && entry.status === 'True');
}

/** Of TCP, those of sidecars that start as init containers included. */
function readPorts(fields: Fields, spec: Mapping): ContainerPort[] {
  const containers = [
    ...fields
      .mappings(spec.initContainers, 'spec.initContainers')
      .filter(({ entry }) => entry.restartPolicy === 'Always'),
    ...fields.mappings(spec.containers, 'spec.containers'),
  ];
  const ports: ContainerPort[] = [];
  for (const { at, entry } of containers) {
    for (const each of fields.mappings(entry.ports, `${at}.ports`)) {
      const number = fields.port(each.entry.containerPort, `${each.at}.containerPort`);
      const name = fields.string(each.entry.name, `${each.at}.name`) ?? '';
      const isTcp = (each.entry.protocol ?? 'TCP') === 'TCP';
      if (number !== undefined && isTcp) ports.push(Object.freeze({ name, port: number }));
    }
  }
  return ports;
}
