import type { ResourceStore } from '../resources/index.ts';
import type { StreamReport } from '../xds/index.ts';
import { answerConfigDump, CONFIG_DUMP_PATH } from './config-dump.ts';
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
 * @param reports how they stand to it, one by one.
 */
export function statusEndpoints(
  state: State,
  store: Pick<ResourceStore, 'view'>,
  reports: () => readonly StreamReport[],
): ReadonlyMap<string, Answer> {
  return new Map<string, Answer>([
    ['/api/v1/previews', () => ({ status: 200, body: { previews: previewStatuses(state) } })],
    ['/api/v1/services', () => ({ status: 200, body: { services: serviceStatuses(state) } })],
    ['/api/v1/gateways', () => ({ status: 200, body: { gateways: gatewayStatuses(state) } })],
    [CONFIG_DUMP_PATH, (query) => answerConfigDump(reports(), query)],
    [RESOURCES_PATH, (query) => answerResources(store, query)],
  ]);
}
