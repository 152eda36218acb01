import type { ResourceStore } from '../resources/index.ts';
import { gatewayStatuses } from './gateways.ts';
import { previewStatuses } from './previews.ts';
import { answerResources, RESOURCES_PATH } from './resources.ts';
import { serviceStatuses } from './services.ts';
import type { State } from './state.ts';

/** Answers a GET by its query: a status and what becomes the body, as JSON. */
type Answer = (query: URLSearchParams) => { readonly status: number; readonly body: unknown };

/**
 * What the status is served under, by path.
 *
 * @param store what the clients are to have.
 */
export function statusEndpoints(state: State, store: Pick<ResourceStore, 'view'>): ReadonlyMap<string, Answer> {
  return new Map<string, Answer>([
    ['/api/v1/previews', () => ({ status: 200, body: { previews: previewStatuses(state) } })],
    ['/api/v1/services', () => ({ status: 200, body: { services: serviceStatuses(state) } })],
    ['/api/v1/gateways', () => ({ status: 200, body: { gateways: gatewayStatuses(state) } })],
    [RESOURCES_PATH, (query) => answerResources(store, query)],
  ]);
}
