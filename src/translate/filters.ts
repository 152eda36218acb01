import type { MessageTypes } from '../protos/index.ts';
import { any } from '../protos/index.ts';

/** What a route says of filters, by their names. */
export type Filters = NonNullable<MessageTypes['envoy.config.route.v3.Route']['typed_per_filter_config']>;

/**
 * Turns on, as they are, filters that are off elsewhere. That is all that most routes say of them: what a filter does stands
 * in the listener, where it is read and its expressions are compiled once, not for each route.
 */
export function turnedOn(...names: readonly string[]): Filters {
  // By a configuration of no type.
  const on = any('envoy.config.route.v3.FilterConfig', { config: { type_url: '', value: Buffer.alloc(0) } });
  return Object.fromEntries(names.map((name) => [name, on]));
}
