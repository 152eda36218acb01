import { type GatewayOptions, METADATA } from '../translate/gateway.ts';
import { KEY } from '../translate/key-syntax.ts';
import { matchesWhole } from './envoy/expression.ts';
import type { Written } from './envoy/header-to-metadata.ts';
import { cookieOf, headerOf, type SeenRequest } from './envoy/request.ts';
import type { CarrierKind, Step } from './explanation.ts';
import { KEY_RULE } from './keys.ts';

/** A key that a request carries, or what stands in the place of one. */
export interface Carried {
  readonly kind: CarrierKind;
  /** `header x-preview`. */
  readonly title: string;
  readonly key: string;
}

/** What a request carries, the one that counts first. */
export function carriedKeys(written: readonly Written[], { carriers }: GatewayOptions): readonly Carried[] {
  return written
    .filter(({ space, key }) => space === METADATA.loadBalancer && key === METADATA.preview)
    .map(({ from, value }): Carried => {
      if ('cookie' in from) return { kind: 'cookie', title: `cookie ${from.cookie}`, key: value };
      switch (from.header) {
        case ':authority':
          return { kind: 'host', title: 'host', key: value };
        case ':path':
          return { kind: 'query', title: `query parameter ${carriers.query}`, key: value };
        case 'baggage':
          return { kind: 'baggage', title: `baggage member ${carriers.baggage}`, key: value };
        case 'tracestate':
          return { kind: 'tracestate', title: `tracestate member ${carriers.tracestate}`, key: value };
        default:
          return { kind: 'header', title: `header ${from.header}`, key: value };
      }
    })
    .reverse();
}

/** @param overruled whether a rule has taken the request. */
export function carrierSteps([first, ...others]: readonly Carried[], overruled: boolean): readonly Step[] {
  if (first === undefined) return overruled ? [] : [{ about: 'carrier', result: 'no', text: 'Nothing carries a key.' }];
  const because = overruled ? ', but rules count before keys' : '';
  return [
    {
      about: 'carrier',
      result: overruled ? 'no' : 'yes',
      text: `The ${first.title} carries the key ${JSON.stringify(first.key)}${because}.`,
    },
    ...others.map(
      ({ title, key }): Step => ({
        about: 'carrier',
        result: 'no',
        text: `The ${title} carries ${JSON.stringify(key)}, but the ${first.title} counts before it.`,
      }),
    ),
  ];
}

/** What stands where a key would, but is none, so that other carriers count as if it were not there. */
export function ignoredSteps(request: SeenRequest, { carriers: { header, cookie } }: GatewayOptions): readonly Step[] {
  const found = [
    ...(header === undefined ? [] : [{ title: `header ${header}`, value: headerOf(request, header) }]),
    ...(cookie === undefined ? [] : [{ title: `cookie ${cookie}`, value: cookieOf(request, cookie) }]),
  ];
  return found.flatMap(({ title, value }): Step[] => {
    if (value === undefined || matchesWhole(KEY, value)) return [];
    const quoted = JSON.stringify(value.slice(0, 80));
    return [{ about: 'carrier', result: 'no', text: `The ${title} has ${quoted}, which is no key (${KEY_RULE}).` }];
  });
}
