import type { DecodedTypes } from '../protos/index.ts';
import type { GatewayOptions } from '../translate/gateway.ts';
import type { Step } from './explanation.ts';

type Route = DecodedTypes['envoy.config.route.v3.Route'];

/** Why a gateway answers by itself. */
export function answeredStep({ match }: Route, { browserPath }: GatewayOptions): Step {
  if (match!.headers.some(({ name }) => name === 'access-control-request-method')) {
    return {
      about: 'path',
      result: 'yes',
      text: 'It is a preflight of a permitted origin for the headers that carry a key (setting cors-origin): no service is asked.',
    };
  }
  const path = match!.path_separated_prefix;
  if (path === undefined || path !== browserPath) {
    throw new Error('shunt explain does not know why a gateway answers by itself.');
  }
  return {
    about: 'path',
    result: 'yes',
    text: `Paths under ${path} are where people choose a preview in a browser (setting browser-path): no service is asked.`,
  };
}
