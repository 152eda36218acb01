import type { Source } from '../source.ts';
import { dnsResolver } from './dns-resolver.ts';
import { NamesSource } from './names-source.ts';
import type { Resolver } from './resolver.ts';

export type { Resolution, Resolver } from './resolver.ts';

export interface NamesOptions {
  /** Default: DNS as this machine has it. */
  readonly resolver?: Resolver;
  /** Whether a Service without any EndpointSlice is looked up by its own name: for a folder, which has no controllers. */
  readonly servicesWithoutSlices: boolean;
}

/**
 * A source whose names are resolved to addresses, for Envoy's EDS takes nothing else. ExternalName Services get
 * EndpointSlices `NAME:dns-ipv4` and `NAME:dns-ipv6`, slices of addressType FQDN are replaced by `NAME:fqdn-ipv4` and so
 * on. TTLs are followed. The first full sync waits up to 2 s for names; later changes wait for none.
 *
 * Told origins are the inner source's, and `names of Service NAMESPACE/NAME` (or `EndpointSlice …`).
 */
export function withNames(source: Source, { resolver = dnsResolver(), servicesWithoutSlices }: NamesOptions): Source {
  return new NamesSource(source, resolver, servicesWithoutSlices);
}
