import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Receipt } from '../../src/receipts/index.ts';
import { type Echo, startEcho } from '../support/echo.ts';
import { envoyOrSkip, startTestEnvoy, type TestEnvoy } from '../support/envoy.ts';
import { Gateway } from '../support/gateway.ts';
import { baselineManifest, ManifestFolder, previewManifest, sliceManifests } from '../support/manifests.ts';
import { startWatchedShunt, type WatchedShunt } from '../support/shunt.ts';

const envoy = await envoyOrSkip();

/** Enough for an Envoy that acknowledges before it acts to be seen at it. */
const TIMES = 100;

describe.skipIf(envoy === undefined).each(['delta', 'sotw'] as const)('a receipt from a real Envoy, %s', (protocol) => {
  let api: Echo;
  let copy: Echo;
  let folder: ManifestFolder;
  let shunt: WatchedShunt;
  let gatewayEnvoy: TestEnvoy;
  let gateway: Gateway;

  beforeAll(async () => {
    [api, copy] = [await startEcho('api'), await startEcho('copy')];
    folder = await ManifestFolder.create();
    await folder.write('api', [baselineManifest('shop/api'), ...sliceManifests('shop/api', [api.http1Port])]);
    shunt = await startWatchedShunt(folder);
    gatewayEnvoy = await startTestEnvoy({ xdsPort: shunt.xdsPort, protocol });
    gateway = new Gateway(gatewayEnvoy, shunt.gatewayPort);
  });
  afterAll(async () => {
    gateway?.close();
    await gatewayEnvoy?.stop();
    await shunt?.stop();
    await folder?.delete();
    await api?.close();
    await copy?.close();
  });

  /** Puts a preview in place. @returns its receipt, and who answers the first request that is sent after it. */
  async function publish(key: string, annotations: Record<string, string> = {}, http2 = false) {
    const from = shunt.receipts.all.length;
    await folder.write('preview', [
      previewManifest('shop/copy', 'api', key, {
        annotations,
        ...(http2 ? { ports: [{ name: 'http', port: 80, appProtocol: 'kubernetes.io/h2c' }] } : {}),
      }),
      ...sliceManifests('shop/copy', [http2 ? copy.http2Port : copy.http1Port]),
    ]);
    const receipt = await shunt.receipts.first(({ preview }: Receipt) => preview.key === key, from);
    const titles = await gateway.titles({ host: 'api', headers: { 'x-preview': key, 'x-user': key } }, 1);
    return { receipt, titles };
  }

  test('says that every request after it is diverted', async () => {
    for (let time = 0; time < TIMES; time++) {
      const { receipt, titles } = await publish(`pr-${time}`);
      expect(titles).toEqual(new Set(['copy']));
      expect(receipt).toMatchObject({ current: [{ variant: protocol }], behind: [], tookMs: expect.any(Number) });
    }
  });

  test('says so of a preview of another protocol and of a mirror, which need clusters of their own', async () => {
    const bridged = await publish('bridged', {}, true);
    expect(bridged.receipt).toMatchObject({ endpoints: 1, behind: [] });
    expect(bridged.titles).toEqual(new Set(['copy']));
    const mirror = await publish('mirrored', { 'shunt.dev/mode': 'mirror' });
    expect(mirror.receipt).toMatchObject({ endpoints: 1, behind: [] });
    expect(mirror.titles).toEqual(new Set(['api']));
  });

  test('says so of a rule too, which needs routes', async () => {
    for (let time = 0; time < TIMES / 4; time++) {
      const { titles } = await publish(`rule-${time}`, { 'shunt.dev/match': `x-user=rule-${time}` });
      expect(titles).toEqual(new Set(['copy']));
    }
  });
});
