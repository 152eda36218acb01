import { describe, expect, test } from 'vitest';
import { startEcho } from '../support/echo.ts';
import { envoyOrSkip, startTestEnvoy } from '../support/envoy.ts';
import { Gateway } from '../support/gateway.ts';
import { baselineManifest, ManifestFolder, previewManifest, sliceManifests } from '../support/manifests.ts';
import { startWatchedShunt } from '../support/shunt.ts';

const envoy = await envoyOrSkip();

describe.skipIf(envoy === undefined)('x-shunt-served-by', () => {
  test.each(['delta', 'sotw'] as const)(
    'follows an address that becomes another preview, over %s',
    async (protocol) => {
      const [api, copy] = [await startEcho('api'), await startEcho('copy')];
      const folder = await ManifestFolder.create();
      await folder.write('api', [baselineManifest('shop/api'), ...sliceManifests('shop/api', [api.http1Port])]);
      const preview = (key: string) =>
        folder.write('pr', [previewManifest('shop/pr', 'api', key), ...sliceManifests('shop/pr', [copy.http1Port])]);
      await preview('pr-1');
      const shunt = await startWatchedShunt(folder);
      const gatewayEnvoy = await startTestEnvoy({ xdsPort: shunt.xdsPort, protocol });
      const gateway = new Gateway(gatewayEnvoy, shunt.gatewayPort);
      try {
        for (const key of ['pr-1', 'pr-2', 'pr-1']) {
          await preview(key);
          const question = { host: 'api', headers: { 'x-preview': key } };
          await gateway.untilAnsweredBy('copy', question);
          expect((await gateway.ask(question)).servedBy).toBe(`api@${key}`);
          expect((await gateway.ask({ host: 'api' })).servedBy).toBe('api');
        }
      } finally {
        gateway.close();
        await gatewayEnvoy.stop();
        await shunt.stop();
        await folder.delete();
        for (const echo of [api, copy]) await echo.close();
      }
    },
  );
});
