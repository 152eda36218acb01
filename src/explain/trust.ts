import type { GatewayOptions, ListenAddress, RoutesFor } from '../translate/gateway.ts';
import { listenerName } from '../translate/listener.ts';
import { routesOf, TRUSTED } from '../translate/trust.ts';
import type { SeenRequest } from './envoy/request.ts';
import type { Step } from './explanation.ts';

/** From those who divert most to those who divert nothing. */
const BY_TRUST: readonly RoutesFor[] = ['trusted', 'guarded', 'claimed', 'untrusted'];

/** The listener that an explanation is about: the first of those that trust most, and the routes of whom it trusts. */
export function chooseListener({ listen }: GatewayOptions): { readonly name: string; readonly routes: RoutesFor } {
  const found = listen.map((address) => ({ name: listenerName(address), routes: routesOf(address.trust)[0]! }));
  return found.sort((a, b) => BY_TRUST.indexOf(a.routes) - BY_TRUST.indexOf(b.routes))[0]!;
}

/** The request as one of those whom the listener trusts; the secret is not known here. */
export function asTrusted(request: SeenRequest, routes: RoutesFor): SeenRequest {
  return routes === 'guarded' ? { ...request, headers: new Map([...request.headers, [TRUSTED, ['true']]]) } : request;
}

/** Whom listeners trust with keys, where that is not everyone. */
export function trustSteps({ listen, trust }: GatewayOptions): readonly Step[] {
  return listen.flatMap((address): Step[] => {
    const text = sentence(address, trust?.secretHeader, trust?.tokens?.claim);
    return text === undefined ? [] : [{ about: 'trust', result: 'note', text: `${listenerName(address)} ${text}` }];
  });
}

function sentence({ trust }: ListenAddress, secretHeader = '', claim = ''): string | undefined {
  const others = 'all others reach baselines only, without their keys.';
  switch (trust?.kind) {
    case undefined:
      return undefined;
    case 'nobody':
      return 'trusts nobody with keys: its requests reach baselines only, and no rule takes them.';
    case 'addresses':
      return `trusts those with keys who connect from ${trust.networks.join(' or ')}; ${others}`;
    case 'secret':
      return `trusts those with keys who send the secret in ${secretHeader}; ${others}`;
    case 'jwt':
      return `takes the claim ${JSON.stringify(claim)} of a good token as the key, which explain does not read; what requests carry otherwise counts for nothing, and no rule takes them.`;
    default:
      return trust satisfies never;
  }
}
