import type { MessageTypes } from '../protos/index.ts';
import { any, uint32 } from '../protos/index.ts';
import { BRIDGE_STATUS, UNREACHED } from './bridge.ts';

type RouteMatch = MessageTypes['envoy.config.route.v3.RouteMatch'];
type HeaderMatcher = MessageTypes['envoy.config.route.v3.HeaderMatcher'];
type RetryPolicy = MessageTypes['envoy.config.route.v3.RetryPolicy'];

/** What no endpoint has seen: whatever the method, it may be sent again. */
const UNSEEN = 'connect-failure,refused-stream,reset-before-request';

/** Methods of requests that change nothing, so that they may be sent again even if an endpoint has seen them (RFC 9110, 9.2). */
const SAFE_METHODS = ['GET', 'HEAD', 'OPTIONS'];

/** Requests of one match, with what is done where an endpoint fails them, if that is not what their virtual host says. */
export interface RetriedMatch {
  readonly match: RouteMatch;
  readonly retry?: RetryPolicy;
}

/**
 * Divides the requests of a match by what may be sent again, as a route has one policy: those of safe methods also if the
 * connection broke before an answer came, as it does when a preview crashes; the others only if no endpoint has seen them.
 */
export function byRetry(match: RouteMatch): readonly RetriedMatch[] {
  const method = match.headers?.find(({ name }) => name === ':method')?.string_match?.exact;
  const safe = { match, retry: retryOn(`${UNSEEN},reset`, { name: BRIDGE_STATUS, present_match: true }) };
  const others = { match };
  if (method !== undefined) return [SAFE_METHODS.includes(method) ? safe : others];
  const isSafe = { name: ':method', string_match: { safe_regex: { regex: SAFE_METHODS.join('|') } } };
  return [{ ...safe, match: { ...match, headers: [...(match.headers ?? []), isSafe] } }, others];
}

/** @param bridged what a bridge says where an endpoint would do what the conditions say. */
function retryOn(conditions: string, bridged: HeaderMatcher): RetryPolicy {
  return {
    retry_on: `${conditions},retriable-headers`,
    retriable_headers: [bridged],
    // To the preview once more, where another endpoint, or the same at another moment, may take it; then to the next
    // priority, which is the baseline, and there once more, too.
    num_retries: uint32(3),
    retry_priority: {
      name: 'envoy.retry_priorities.previous_priorities',
      typed_config: any('envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig', {
        update_frequency: 2,
      }),
    },
  };
}

/** What every virtual host says of requests that may have to be sent again; half of the routes need not say it then. */
export const SENT_AGAIN: Pick<
  MessageTypes['envoy.config.route.v3.VirtualHost'],
  'request_body_buffer_limit' | 'retry_policy'
> = {
  // How much of a body is kept so that it can be sent again; a longer one is given up where a preview takes no connections.
  // It is as much as gRPC libraries take for a message unless told otherwise; Envoy's default is 1 MiB.
  request_body_buffer_limit: { value: 4 * 1024 * 1024 },
  retry_policy: retryOn(UNSEEN, { name: BRIDGE_STATUS, string_match: { exact: UNREACHED } }),
};
