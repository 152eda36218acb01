import {
  type PreviewStatus,
  previewStatuses,
  RESOURCES_PATH,
  type ResourceStatus,
  resourceStatuses,
  type ServiceStatus,
  serviceStatuses,
} from '../status/index.ts';
import { callersIn } from '../translate/groups.ts';
import { resourceJson } from '../translate/render.ts';
import { askPreviews, askServices } from './answers.ts';
import { ask, askedIn } from './ask.ts';
import type { Context } from './command.ts';
import { readWorld } from './read-world.ts';

/** One of two worlds that are compared. */
export interface Side {
  readonly previews: readonly PreviewStatus[];
  readonly services: readonly ServiceStatus[];
  readonly resources: readonly ResourceStatus[];
  /** A resource of these as Envoy's JSON. */
  body(resource: ResourceStatus): Promise<object>;
}

/** What a control plane would serve of a folder. What is wrong with its objects is said on stderr. */
export async function folderSide(folder: string, context: Context): Promise<Side> {
  const settings = { ...context.settings, directory: folder, kubernetes: false };
  const { catalog, receipts, store, problems } = await readWorld({ ...context, settings });
  const state = { catalog, receipts, problems: () => problems, clients: () => [] };
  const groups = groupsIn(context);
  return {
    previews: previewStatuses(state),
    services: serviceStatuses(state),
    resources: resourceStatuses(store, groups),
    body: async ({ typeUrl, name }) => resourceJson(store.view(...groups).get(typeUrl, name)!),
  };
}

/** What a control plane serves now. */
export async function serverSide(context: Context): Promise<Side> {
  const asked = askedIn(context);
  const groups = groupsIn(context).map((group) => ['group', group]);
  const about = (parameters: string[][]) =>
    ask(asked, `${RESOURCES_PATH}?${new URLSearchParams([...groups, ...parameters])}`, context.signal);
  const { resources } = (await about([])) as { resources: readonly ResourceStatus[] };
  return {
    previews: await askPreviews(asked, context.signal),
    services: await askServices(asked, context.signal),
    resources,
    async body({ typeUrl, name }) {
      const answer = await about([
        ['type', typeUrl],
        ['name', name],
      ]);
      return (answer as { resource: object }).resource;
    },
  };
}

function groupsIn({ settings: { gatewayNamespace } }: Context): readonly string[] {
  return gatewayNamespace === undefined ? [] : [callersIn(gatewayNamespace)];
}
