import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Receipt } from '../../src/receipts/index.ts';
import type { XdsEvent } from '../../src/xds/index.ts';
import { Gate } from '../kubernetes/gate.ts';
import { type Echo, startEcho } from '../support/echo.ts';
import { envoyOrSkip, startTestEnvoy, type TestEnvoy } from '../support/envoy.ts';
import { baselineManifest, ManifestFolder, previewManifest, sliceManifests } from '../support/manifests.ts';
import { freePort } from '../support/ports.ts';
import { startWatchedShunt, type WatchedShunt } from '../support/shunt.ts';

const envoy = await envoyOrSkip();
const LISTING = 'TypedExtensionConfig';

describe.skipIf(envoy === undefined).each(['delta', 'sotw'] as const)('an Envoy of two replicas, %s', (protocol) => {
  let api: Echo;
  let folder: ManifestFolder;
  let replicas: readonly [WatchedShunt, WatchedShunt];
  let gate: Gate;
  let gatewayEnvoy: TestEnvoy;

  beforeAll(async () => {
    api = await startEcho('api');
    folder = await ManifestFolder.create();
    await folder.write('api', [baselineManifest('shop/api'), ...sliceManifests('shop/api', [api.http1Port])]);
    await publish('first', 1);
    const listen = [{ host: '127.0.0.1', port: await freePort() }];
    const one = await startWatchedShunt(folder, { listen });
    gate = await Gate.to(one.xdsPort);
    gatewayEnvoy = await startTestEnvoy({ xdsPort: gate.port, protocol });
    await acknowledged(one, LISTING);
    // Of another history: one replica has seen this come, last of all in the list for people, which follows later.
    const from = one.events.all.length;
    await publish('second', 2, { 'shunt.dev/match': 'x-user=second' });
    await acknowledged(one, LISTING, from);
    replicas = [one, await startWatchedShunt(folder, { listen })];
  });
  afterAll(async () => {
    await gatewayEnvoy?.stop();
    await gate?.stop();
    for (const replica of replicas ?? []) await replica.stop();
    await folder?.delete();
    await api?.close();
  });

  async function publish(name: string, port: number, annotations: Record<string, string> = {}): Promise<void> {
    await folder.write(name, [
      previewManifest(`shop/${name}`, 'api', name, { annotations }),
      ...sliceManifests(`shop/${name}`, [api.http1Port + port]),
    ]);
  }

  const acknowledged = ({ events }: WatchedShunt, type: string, from = 0) =>
    events.first((event) => event.type === 'acknowledged' && event.typeUrl.endsWith(type), from);

  test('is sent nothing when it moves from one to the other, and the next change all the same', async () => {
    const [one, other] = replicas;
    await acknowledged(one, 'RouteConfiguration');
    const kinds = ['Cluster', 'ClusterLoadAssignment', 'Listener', 'RouteConfiguration', LISTING];
    gate.turnTo(other.xdsPort);
    await Promise.all(kinds.map((kind) => acknowledged(other, kind)));
    const sent = (events: readonly XdsEvent[]) => events.filter(({ type }) => type === 'pushed');
    expect(sent(other.events.all)).toEqual([]);

    const told = other.receipts.all.length;
    const receipt = other.receipts.first(({ preview }: Receipt) => preview.key === 'first', told);
    const logged = one.log.all.length;
    await publish('first', 3);
    expect(await receipt).toMatchObject({ current: [{ node: 'test-gateway' }], behind: [] });

    // Back to the first, which has learned of that while nobody was connected to it.
    await one.log.first(({ msg }) => String(msg).includes('shop/first'), logged);
    const from = one.events.all.length;
    gate.turnTo(one.xdsPort);
    await Promise.all(kinds.map((kind) => acknowledged(one, kind, from)));
    expect(sent(one.events.all.slice(from))).toEqual([]);
  });
});
