import { gatewayOptions } from '../../src/control-plane.ts';
import { createLogger } from '../../src/log.ts';
import { Pipeline } from '../../src/pipeline.ts';
import { ProblemLog } from '../../src/problem-log.ts';
import { typeUrls } from '../../src/protos/index.ts';
import { type Resource, ResourceStore, type ResourceUpdate } from '../../src/resources/index.ts';
import { defaultSettings } from '../../src/settings/index.ts';
import { directorySource } from '../../src/sources/directory/index.ts';
import { refKey } from '../../src/sources/source.ts';
import { createXdsServer, type XdsEvent } from '../../src/xds/index.ts';
import { logRequests } from './access-log.ts';
import { History } from './history.ts';
import type { ManifestFolder } from './manifests.ts';
import { freePort } from './ports.ts';
import { dropRetries } from './unprotected.ts';

/** One control plane for several Envoys on this machine. */
export interface ChaosShunt {
  readonly xdsPort: number;
  /** Where the Envoy of this node id listens. */
  gatewayPort(node: string): number;
  readonly events: History<XdsEvent>;
  /** Keys of the objects of each change that came from the folder, once all that follows from it was sent or waits. */
  readonly changes: History<readonly string[]>;
  /** Settles when no Envoy owes an answer, so that all was sent and acknowledged. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

export interface ChaosShuntOptions {
  /** Whether routes send again what no endpoint has seen: without, changes cost requests. Default: true. */
  readonly retries?: boolean;
  /** The file into which the Envoy of a node id writes a line for each request. */
  requestLog(node: string): string;
}

/**
 * Starts what `shunt serve --directory` runs, with one difference: two Envoys cannot both have the port that all of a fleet
 * have on their machines, so each gets the one of its own of the listeners that all would get.
 *
 */
export async function startChaosShunt(
  folder: ManifestFolder,
  nodes: readonly string[],
  { retries = true, requestLog }: ChaosShuntOptions,
): Promise<ChaosShunt> {
  const ports = new Map<string, number>();
  for (const node of nodes) ports.set(node, await freePort());
  const settings = defaultSettings({ listen: [...ports.values()].map((port) => ({ host: '127.0.0.1', port })) });
  const log = createLogger('silent');
  const store = new ResourceStore();
  const nodeOf = ({ typeUrl, name }: Resource) =>
    typeUrl === typeUrls.listener ? nodes.find((node) => name === `127.0.0.1:${ports.get(node)}`) : undefined;
  const sink = {
    apply({ set, remove, groups = new Map() }: ResourceUpdate) {
      const own = Map.groupBy(
        set.filter((resource) => nodeOf(resource) !== undefined),
        (resource) => nodeOf(resource)!,
      );
      const common = set.filter((resource) => nodeOf(resource) === undefined);
      return store.apply({
        set: retries ? common : common.map(dropRetries),
        remove,
        groups: new Map([
          ...groups,
          ...[...own].map(([node, listeners]) => {
            const logged = listeners.map((listener) => logRequests(listener, requestLog(node)));
            return [node, { set: logged, remove: [] }] as const;
          }),
        ]),
      });
    },
  };

  const changes = new History<readonly string[]>();
  const events = new History<XdsEvent>();
  const unanswered = new Set<string>();
  const pipeline = new Pipeline(gatewayOptions(settings), sink, new ProblemLog(log), log);
  const source = directorySource(folder.path);
  const xds = createXdsServer({
    store,
    groupsOf: ({ id }) => [id],
    log,
    onEvent: (event) => {
      if (event.type === 'pushed') unanswered.add(event.nonce);
      if (event.type === 'acknowledged' || event.type === 'refused') unanswered.delete(event.nonce);
      events.add(event);
    },
  });
  const xdsPort = await xds.listen('127.0.0.1', 0);
  await source.start({
    problems: (origin, problems) => pipeline.problems(origin, problems),
    changed(change) {
      pipeline.changed(change);
      changes.add([...change.upserts, ...change.deletes].map(refKey));
    },
  });
  return {
    xdsPort,
    gatewayPort: (node) => ports.get(node)!,
    events,
    changes,
    async settled() {
      // An answer may be followed by what waited for it, at once.
      while (unanswered.size > 0) await events.first(() => unanswered.size === 0, events.all.length);
    },
    async stop() {
      await source.stop();
      await xds.close();
    },
  };
}
