import { type DecodedTypes, decode, splitField } from '../../protos/index.ts';
import { nothingElse } from './unknown.ts';

type VirtualHost = DecodedTypes['envoy.config.route.v3.VirtualHost'];

/** A virtual host, and the domain of it that an authority is found under. */
export interface FoundHost {
  readonly host: VirtualHost;
  readonly domain: string;
}

const ROUTES = 'envoy.config.route.v3.RouteConfiguration';
const HOST = 'envoy.config.route.v3.VirtualHost';

/**
 * Envoy's order: the very name, then the longest wildcard that covers at least one character, then `*`.
 *
 * @param routes a RouteConfiguration. Of its hosts, which may be thousands, only the one that is found is decoded: a running
 *   control plane has other things to do meanwhile.
 */
export function findVirtualHost(routes: Uint8Array, authority: string): FoundHost | undefined {
  const { elements, rest: others } = splitField(ROUTES, 'virtual_hosts', routes);
  const {
    name: _,
    virtual_hosts: __,
    ignore_port_in_host_matching,
    response_headers_to_add: ___,
    request_headers_to_add: ____,
    request_headers_to_remove: _____,
    response_headers_to_remove: ______,
    ...rest
  } = decode(ROUTES, others());
  nothingElse('RouteConfiguration', rest);
  const own = (ignore_port_in_host_matching ? authority.replace(/:[0-9]+$/, '') : authority).toLowerCase();
  let best: { readonly domain: string; readonly host: Uint8Array } | undefined;
  for (const host of elements) {
    for (const bytes of splitField(HOST, 'domains', host).elements) {
      const domain = Buffer.from(bytes).toString();
      const covers = domain === '*' || (domain.startsWith('*') && isEnd(domain.slice(1), own));
      const better = domain === own || (covers && best?.domain !== own && domain.length > (best?.domain.length ?? 0));
      if (better) best = { domain, host };
    }
  }
  return best && { domain: best.domain, host: decode(HOST, best.host) };
}

function isEnd(end: string, name: string): boolean {
  return name.length > end.length && name.endsWith(end);
}
