import { gatewayStatuses } from './gateways.ts';
import { previewStatuses } from './previews.ts';
import { serviceStatuses } from './services.ts';
import type { State } from './state.ts';

/** Answers a GET: a status and what becomes the body, as JSON. */
type Answer = () => { readonly status: number; readonly body: unknown };

/** What the status is served under, by path. */
export function statusEndpoints(state: State): ReadonlyMap<string, Answer> {
  return new Map<string, Answer>([
    ['/api/v1/previews', () => ({ status: 200, body: { previews: previewStatuses(state) } })],
    ['/api/v1/services', () => ({ status: 200, body: { services: serviceStatuses(state) } })],
    ['/api/v1/gateways', () => ({ status: 200, body: { gateways: gatewayStatuses(state) } })],
  ]);
}
