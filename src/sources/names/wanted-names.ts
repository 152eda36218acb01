import type { EndpointSliceRecord, ServiceRecord, SliceEndpoint, SlicePort } from '../source.ts';

/** What an object needs resolved, and what its addresses are to become. */
export interface WantedNames {
  /** `Service` or `EndpointSlice`, whose names are to be replaced by addresses. */
  readonly owner: ServiceRecord | EndpointSliceRecord;
  /** The Service that the addresses are for. */
  readonly service: string;
  readonly ports: readonly SlicePort[];
  readonly targets: readonly WantedTarget[];
}

export interface WantedTarget {
  /** The first of these that resolves counts. */
  readonly names: readonly string[];
  readonly conditions: Omit<SliceEndpoint, 'addresses'>;
  /** What is wrong if none resolves, and what to do about it; `why` is what the resolver said. */
  complaint(why: string): { readonly message: string; readonly advice: string };
}

const READY = { ready: true, serving: true, terminating: false };

/** The names of an EndpointSlice of addressType FQDN. */
export function namesOfSlice(slice: EndpointSliceRecord): WantedNames {
  const targets = slice.endpoints.flatMap(({ addresses, ready, serving, terminating }) =>
    addresses.map((name) => ({
      names: [name],
      conditions: { ready, serving, terminating },
      complaint: (why: string) => ({
        message: `The address "${name}" of its EndpointSlice ${slice.name} does not resolve (${why}).`,
        advice: 'Correct the name, or mend DNS.',
      }),
    })),
  );
  return { owner: slice, service: slice.service, ports: slice.ports, targets };
}

/**
 * The names of a Service that no slice speaks for: that of an ExternalName, whose callers keep the port that they use; or,
 * if `byItsName`, the Service's own, as a cluster's DNS or the local one has it. Only Services that carry a label of
 * Shunt's are reached through Shunt, and only by their ports, so that none is looked up for any other.
 */
export function namesOfService(service: ServiceRecord, byItsName: boolean): WantedNames | undefined {
  const { name, namespace, externalName, labels } = service;
  const ports = service.ports.map(({ name, port }) => Object.freeze({ name, port }));
  if (ports.length === 0 || Object.keys(labels).length === 0) return undefined;
  if (externalName !== undefined) {
    const complaint = (why: string) => ({
      message: `Its spec.externalName "${externalName}" does not resolve (${why}).`,
      advice: 'Correct the name, or mend DNS.',
    });
    return { owner: service, service: name, ports, targets: [{ names: [externalName], conditions: READY, complaint }] };
  }
  if (!byItsName) return undefined;
  const names = [`${name}.${namespace}.svc.cluster.local`, `${name}.${namespace}`, name];
  const complaint = (why: string) => ({
    message: `It has no EndpointSlice, and none of the names ${names.join(', ')} resolves (${why}).`,
    advice: 'Write an EndpointSlice with its addresses, or let one of the names resolve.',
  });
  return { owner: service, service: name, ports, targets: [{ names, conditions: READY, complaint }] };
}
