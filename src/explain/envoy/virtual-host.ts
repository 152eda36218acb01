import type { DecodedTypes } from '../../protos/index.ts';
import { nothingElse } from './unknown.ts';

type RouteConfiguration = DecodedTypes['envoy.config.route.v3.RouteConfiguration'];
type VirtualHost = DecodedTypes['envoy.config.route.v3.VirtualHost'];

/** A virtual host, and the domain of it that an authority is found under. */
export interface FoundHost {
  readonly host: VirtualHost;
  readonly domain: string;
}

/** Envoy's order: the very name, then the longest wildcard that covers at least one character, then `*`. */
export function findVirtualHost(routes: RouteConfiguration, authority: string): FoundHost | undefined {
  const { name: _, virtual_hosts, ignore_port_in_host_matching, response_headers_to_add: __, ...rest } = routes;
  nothingElse('RouteConfiguration', rest);
  const own = (ignore_port_in_host_matching ? authority.replace(/:[0-9]+$/, '') : authority).toLowerCase();
  let best: FoundHost | undefined;
  for (const host of virtual_hosts) {
    for (const domain of host.domains) {
      if (domain === own) return { host, domain };
      const covers = domain === '*' || (domain.startsWith('*') && isEnd(domain.slice(1), own));
      if (covers && domain.length > (best?.domain.length ?? 0)) best = { host, domain };
    }
  }
  return best;
}

function isEnd(end: string, name: string): boolean {
  return name.length > end.length && name.endsWith(end);
}
