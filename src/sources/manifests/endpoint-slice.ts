import type { EndpointSliceRecord, SliceEndpoint, SlicePort } from '../source.ts';
import type { Fields } from './fields.ts';
import type { Metadata } from './metadata.ts';
import { hostNameAdvice, labelAdvice, readAddress } from './names.ts';

const ADDRESS_TYPES = ['IPv4', 'IPv6', 'FQDN'] as const;
type AddressType = (typeof ADDRESS_TYPES)[number];

/** An EndpointSlice of apiVersion discovery.k8s.io/v1; `undefined` if a value that it cannot do without is wrong. */
export function readEndpointSlice(
  fields: Fields,
  metadata: Metadata,
  object: Readonly<Record<string, unknown>>,
  place: string | undefined,
): EndpointSliceRecord | undefined {
  const service = readOwner(fields, metadata.service);
  const addressType = fields.choice(object.addressType, 'addressType', ADDRESS_TYPES);
  if (object.addressType === undefined || object.addressType === null) {
    fields.refuse('addressType', object.addressType, 'Write IPv4, IPv6 or FQDN.');
  }
  const ports = readPorts(fields, object.ports);
  if (addressType === undefined) return undefined;
  const endpoints = readEndpoints(fields, object.endpoints, addressType);
  if (service === undefined || fields.spoilt) return undefined;
  return Object.freeze({
    ...metadata.ref,
    kind: 'EndpointSlice',
    service,
    addressType,
    ports: Object.freeze(ports),
    endpoints: Object.freeze(endpoints),
    ...(place === undefined ? {} : { place }),
  });
}

function readOwner(fields: Fields, label: string | undefined): string | undefined {
  const path = 'metadata.labels["kubernetes.io/service-name"]';
  if (label !== undefined) return fields.string(label, path, labelAdvice);
  fields.refuse(path, label, 'Write the name of the Service that the endpoints belong to.');
  return undefined;
}

function readPorts(fields: Fields, value: unknown): SlicePort[] {
  const ports: SlicePort[] = [];
  for (const { at, entry } of fields.mappings(value, 'ports')) {
    const name = fields.string(entry.name, `${at}.name`) ?? '';
    const port = fields.port(entry.port, `${at}.port`);
    if (port !== undefined) ports.push(Object.freeze({ name, port }));
  }
  return ports;
}

function readEndpoints(fields: Fields, value: unknown, addressType: AddressType): SliceEndpoint[] {
  const endpoints: SliceEndpoint[] = [];
  for (const { at, entry } of fields.mappings(value, 'endpoints')) {
    const addresses = readAddresses(fields, entry.addresses, `${at}.addresses`, addressType);
    const conditions = fields.mapping(entry.conditions, `${at}.conditions`) ?? {};
    const ready = fields.boolean(conditions.ready, `${at}.conditions.ready`) ?? true;
    const serving = fields.boolean(conditions.serving, `${at}.conditions.serving`) ?? ready;
    const terminating = fields.boolean(conditions.terminating, `${at}.conditions.terminating`) ?? false;
    if (addresses.length === 0) continue;
    endpoints.push(Object.freeze({ addresses: Object.freeze(addresses), ready, serving, terminating }));
  }
  return endpoints;
}

/** A wrong address is noted and dropped: the others can still be reached. */
function readAddresses(fields: Fields, value: unknown, path: string, addressType: AddressType): string[] {
  const written = fields.list(value, path);
  if (written.length === 0 && !fields.spoilt) fields.remark(path, value, 'Write at least one address.');
  const addresses: string[] = [];
  for (const [index, address] of written.entries()) {
    const advice = addressAdvice(address, addressType);
    if (advice === undefined) addresses.push(spelling(address as string));
    else fields.remark(`${path}[${index}]`, address, advice);
  }
  return addresses;
}

/** A DNS name is spelt as it was written. */
function spelling(address: string): string {
  return readAddress(address)?.address ?? address;
}

function addressAdvice(address: unknown, addressType: AddressType): string | undefined {
  const family = typeof address === 'string' ? readAddress(address)?.family : undefined;
  switch (addressType) {
    case 'IPv4':
    case 'IPv6':
      if (family === addressType) return undefined;
      return family === undefined
        ? `Write an ${addressType} address such as ${addressType === 'IPv4' ? '10.0.0.1' : 'fd00::1'}.`
        : `Write an ${addressType} address, or put the ${family} addresses in a slice of addressType ${family}.`;
    case 'FQDN':
      return typeof address === 'string' ? hostNameAdvice(address) : 'Write a DNS name such as `db.example.com`.';
    default:
      return addressType satisfies never;
  }
}
