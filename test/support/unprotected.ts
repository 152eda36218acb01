import { gatewayOptions } from '../../src/control-plane.ts';
import { createLogger } from '../../src/log.ts';
import { Pipeline } from '../../src/pipeline.ts';
import { ProblemLog } from '../../src/problem-log.ts';
import { decode, encode, type MessageTypes, typeUrls } from '../../src/protos/index.ts';
import { contentVersion, type Resource, ResourceStore, type ResourceUpdate } from '../../src/resources/index.ts';
import { defaultSettings } from '../../src/settings/index.ts';
import { directorySource } from '../../src/sources/directory/index.ts';
import { createXdsServer } from '../../src/xds/index.ts';
import type { ManifestFolder } from './manifests.ts';
import { freePort } from './ports.ts';

/**
 * The control plane, but its routes retry nothing: what it says otherwise is the same. Shows what callers would meet
 * without the retries, and so that a test that meets no failure could meet one.
 */
export async function startShuntWithoutRetries(folder: ManifestFolder) {
  const gatewayPort = await freePort();
  const settings = defaultSettings({ listen: [{ host: '127.0.0.1', port: gatewayPort }] });
  const log = createLogger('silent');
  const store = new ResourceStore();
  const withoutRetries = {
    apply: (update: ResourceUpdate) => store.apply({ ...update, set: update.set.map(dropRetries) }),
  };
  const pipeline = new Pipeline(gatewayOptions(settings), withoutRetries, new ProblemLog(log), log);
  const source = directorySource(folder.path);
  const xds = createXdsServer({ store, groupsOf: () => [], log });
  const xdsPort = await xds.listen('127.0.0.1', 0);
  await source.start(pipeline);
  return {
    xdsPort,
    gatewayPort,
    async stop() {
      await source.stop();
      await xds.close();
    },
  };
}

const ROUTE_CONFIGURATION = 'envoy.config.route.v3.RouteConfiguration';

/** A RouteConfiguration whose routes retry nothing; other resources as they are. */
export function dropRetries(resource: Resource): Resource {
  if (resource.typeUrl !== typeUrls.routeConfiguration) return resource;
  const routes = decode(ROUTE_CONFIGURATION, resource.body);
  for (const host of routes.virtual_hosts ?? []) {
    delete host.retry_policy;
    for (const { route } of host.routes ?? []) delete route?.retry_policy;
  }
  const body = encode(ROUTE_CONFIGURATION, routes as MessageTypes[typeof ROUTE_CONFIGURATION]);
  return { ...resource, body, version: contentVersion(body) };
}
