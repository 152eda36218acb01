import { afterEach, describe, expect, it } from 'vitest';
import {
  any,
  duration,
  encode,
  type MessageName,
  type MessageTypes,
  typeUrl,
  typeUrls,
} from '../../src/protos/index.ts';
import { contentVersion, type Resource } from '../../src/resources/index.ts';
import { protocols } from '../../src/settings/settings.ts';
import { type ClientConfig, ClientStatusClient } from '../support/client-status.ts';
import { envoyOrSkip, startTestEnvoy } from '../support/envoy.ts';
import { baselineManifest, ManifestFolder, sliceManifests } from '../support/manifests.ts';
import { startWatchedShunt } from '../support/shunt.ts';
import { TestServer } from '../support/xds-server.ts';

const envoy = await envoyOrSkip();
const { cluster, loadAssignment, listener, routeConfiguration } = typeUrls;

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** What a control plane tells of its only client, once it tells of so many resources. */
async function told(xdsPort: number, count: number): Promise<ClientConfig> {
  const asking = new ClientStatusClient(xdsPort);
  cleanups.push(() => asking.close());
  for (;;) {
    const { config } = await asking.fetch();
    expect(config).toHaveLength(1);
    if (config[0]!.generic_xds_configs.length >= count) return config[0]!;
  }
}

describe.skipIf(envoy === undefined).each(protocols)('CSDS tells of a real Envoy, in %s,', (protocol) => {
  it('that it has what Envoy itself says that it has', async () => {
    const folder = await ManifestFolder.create();
    cleanups.push(() => folder.delete());
    await folder.write('shop.yaml', [baselineManifest('shop/api'), ...sliceManifests('shop/api', [1])]);
    const shunt = await startWatchedShunt(folder);
    cleanups.push(() => shunt.stop());
    const gateway = await startTestEnvoy({ xdsPort: shunt.xdsPort, protocol, nodeId: 'edge-1' });
    cleanups.push(() => gateway.stop());
    const types = [cluster, loadAssignment, listener, routeConfiguration, typeUrls.extensionConfig];
    for (const type of types) {
      await shunt.events.first((event) => event.type === 'acknowledged' && event.typeUrl === type);
    }

    const { node, generic_xds_configs } = await told(shunt.xdsPort, types.length);
    expect(node).toMatchObject({ id: 'edge-1', user_agent_name: 'envoy' });
    expect(node?.user_agent_build_version?.version).toMatchObject({ major_number: 1, minor_number: 40 });
    expect(
      generic_xds_configs.map(({ type_url, config_status, client_status }) => [type_url, config_status, client_status]),
    ).toEqual(types.map((type) => [type, 'SYNCED', 'ACKED']));

    const ours = new Map(
      generic_xds_configs.map(({ type_url, name, version_info }) => [type_url, { name, version_info }]),
    );
    const { configs } = await gateway.configDump();
    const clusters = configs.find((dump) => String(dump['@type']).endsWith('ClustersConfigDump')) as {
      dynamic_active_clusters: { version_info: string; cluster: { name: string } }[];
    };
    const theirs = clusters.dynamic_active_clusters.map(({ cluster: { name }, version_info }) => ({
      name,
      version_info,
    }));
    // In state of the world, Envoy knows a version of the whole state only.
    expect(theirs).toEqual([
      protocol === 'delta' ? ours.get(cluster) : { ...ours.get(cluster), version_info: expect.any(String) },
    ]);
  });

  it('what it refuses and why, and what it asks for in vain', async () => {
    const test = await TestServer.start();
    cleanups.push(() => test.close());
    const good = resource('envoy.config.cluster.v3.Cluster', 'good', { name: 'good', connect_timeout: duration(1000) });
    const bad = resource('envoy.config.cluster.v3.Cluster', 'bad', { name: 'bad', connect_timeout: duration(-1000) });
    test.apply(good, bad, listenerWithRoutes('ghost'));
    const gateway = await startTestEnvoy({ xdsPort: test.port, protocol, nodeId: 'edge-1', until: 'running' });
    cleanups.push(() => gateway.stop());

    await test.event('refused', ({ changes }) => changes.length === 1 && changes[0]?.name === 'bad');
    await test.event('acknowledged', ({ typeUrl }) => typeUrl === listener);
    if (protocol === 'delta') await test.event('acknowledged', ({ typeUrl }) => typeUrl === routeConfiguration);
    const { generic_xds_configs } = await told(test.port, 4);
    const byName = new Map(generic_xds_configs.map((config) => [config.name, config]));
    expect(byName.get('good')).toMatchObject({
      config_status: 'SYNCED',
      client_status: 'ACKED',
      version_info: good.version,
    });
    expect(byName.get('bad')).toMatchObject({
      config_status: 'ERROR',
      client_status: 'NACKED',
      error_state: { version_info: bad.version, details: expect.stringContaining('Expected positive duration') },
    });
    // In state of the world there are no words for a route configuration that does not exist.
    expect(byName.get('ghost')).toMatchObject({
      type_url: routeConfiguration,
      config_status: protocol === 'delta' ? 'SYNCED' : 'NOT_SENT',
      client_status: 'DOES_NOT_EXIST',
    });
  });
});

function resource<Name extends MessageName>(type: Name, name: string, message: MessageTypes[Name]): Resource {
  const body = encode(type, message);
  return { typeUrl: typeUrl(type), name, version: contentVersion(body), body };
}

function listenerWithRoutes(route_config_name: string): Resource {
  const connectionManager = any('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager', {
    stat_prefix: 'http',
    rds: { route_config_name, config_source: { ads: {}, resource_api_version: 'V3' } },
    http_filters: [{ name: 'router', typed_config: any('envoy.extensions.filters.http.router.v3.Router', {}) }],
  });
  return resource('envoy.config.listener.v3.Listener', 'l', {
    name: 'l',
    address: { socket_address: { address: '127.0.0.1', port_value: 0 } },
    filter_chains: [{ filters: [{ name: 'http', typed_config: connectionManager }] }],
  });
}
