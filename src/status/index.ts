/** How everything stands, for people and programs that ask. Pure: it looks, and changes nothing. */
export { CONFIG_DUMP_PATH, type NodeResource } from './config-dump.ts';
export { statusEndpoints } from './endpoints.ts';
export { type GatewayStatus, type GatewayTypeStatus, gatewayStatuses } from './gateways.ts';
export { type PreviewState, type PreviewStatus, previewStates, previewStatuses } from './previews.ts';
export { RESOURCES_PATH, type ResourceStatus, resourceStatuses } from './resources.ts';
export { type ServiceStatus, serviceStatuses } from './services.ts';
export type { ProblemStatus, State } from './state.ts';
