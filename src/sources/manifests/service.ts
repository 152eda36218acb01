import type { ServicePort, ServiceRecord } from '../source.ts';
import type { Fields } from './fields.ts';
import type { Metadata } from './metadata.ts';
import { externalNameAdvice } from './names.ts';

const PROTOCOLS = ['TCP', 'UDP', 'SCTP'] as const;

/** A Service of apiVersion v1; `undefined` if a value that it cannot do without is wrong. */
export function readService(
  fields: Fields,
  metadata: Metadata,
  object: Readonly<Record<string, unknown>>,
  place: string | undefined,
): ServiceRecord | undefined {
  const spec = fields.mapping(object.spec, 'spec') ?? {};
  const ports = readPorts(fields, spec.ports);
  const externalName = spec.type === 'ExternalName' ? readExternalName(fields, spec.externalName) : undefined;
  if (fields.spoilt) return undefined;
  return Object.freeze({
    ...metadata.ref,
    kind: 'Service',
    labels: metadata.labels,
    annotations: metadata.annotations,
    ports: Object.freeze(ports),
    ...(externalName === undefined ? {} : { externalName }),
    ...(metadata.createdAt === undefined ? {} : { createdAt: metadata.createdAt }),
    ...(place === undefined ? {} : { place }),
  });
}

function readPorts(fields: Fields, value: unknown): readonly ServicePort[] {
  const path = 'spec.ports';
  const written = fields.mappings(value, path);
  const ports: ServicePort[] = [];
  const byName = new Map<string, string>();
  const byNumber = new Map<string, string>();
  for (const { at, entry } of written) {
    const port = fields.port(entry.port, `${at}.port`);
    if (entry.port === undefined || entry.port === null) {
      fields.refuse(`${at}.port`, entry.port, 'Write a whole number from 1 to 65535.');
    }
    const name = fields.string(entry.name, `${at}.name`) ?? '';
    if (name === '' && written.length > 1) {
      fields.refuse(`${at}.name`, entry.name, 'Name each port of a Service that has several.');
    } else if (byName.has(name)) {
      fields.refuse(`${at}.name`, entry.name, `Write another name: ${byName.get(name)} has this one.`);
    }
    byName.set(name, at);
    const protocol = fields.choice(entry.protocol, `${at}.protocol`, PROTOCOLS) ?? 'TCP';
    const appProtocol = fields.string(entry.appProtocol, `${at}.appProtocol`);
    if (port === undefined) continue;
    const number = `${port}/${protocol}`;
    const title = name === '' ? at : `"${name}"`;
    if (byNumber.has(number)) {
      const both = `${byNumber.get(number)} and ${title} are both ${number}`;
      fields.refuse(`${at}.port`, port, `Write another number, or leave one of the two out: ${both}.`);
    }
    byNumber.set(number, title);
    const targetPort = readTargetPort(fields, entry.targetPort, `${at}.targetPort`);
    ports.push(
      Object.freeze({
        name,
        port,
        protocol,
        ...(appProtocol === undefined ? {} : { appProtocol }),
        ...(targetPort === undefined || targetPort === port ? {} : { targetPort }),
      }),
    );
  }
  return ports;
}

/** A number, or the name of a port of the Pods. */
function readTargetPort(fields: Fields, value: unknown, path: string): number | string | undefined {
  if (typeof value === 'string' && !/^\d+$/.test(value)) return value;
  return fields.port(value, path);
}

function readExternalName(fields: Fields, value: unknown): string | undefined {
  if (value === undefined || value === null || value === '') {
    fields.refuse('spec.externalName', value, 'Write the DNS name that a Service of type ExternalName stands for.');
    return undefined;
  }
  return fields.string(value, 'spec.externalName', externalNameAdvice);
}
