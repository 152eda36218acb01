import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import type { Duplex } from 'node:stream';
import { expect, test } from 'vitest';
import { envoyOrSkip } from '../support/envoy.ts';
import { baselineManifest, previewManifest, sliceManifests } from '../support/manifests.ts';
import { startShopSite } from '../support/shop-site.ts';
import { startStage } from '../support/stage.ts';
import { askWeb } from '../support/web-answer.ts';

const envoy = await envoyOrSkip();

test.skipIf(envoy === undefined)('a preview stays when the WebSockets to it end, as services end them', async () => {
  const [web, copy] = [await startShopSite('web'), await startShopSite('copy')];
  const stage = await startStage([
    baselineManifest('shop/web'),
    ...sliceManifests('shop/web', [web.port]),
    previewManifest('shop/copy', 'web', 'pr-1'),
    ...sliceManifests('shop/copy', [copy.port]),
  ]);
  const headers = { host: 'web', 'x-preview': 'pr-1' };
  try {
    for (let time = 0; time < 3; time++) {
      const upgrade = { connection: 'upgrade', upgrade: 'websocket', 'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==' };
      const asked = request({ host: '127.0.0.1', port: stage.shunt.gatewayPort, headers: { ...headers, ...upgrade } });
      asked.end();
      const [, socket] = (await once(asked, 'upgrade')) as [IncomingMessage, Duplex];
      socket.resume();
      // A frame that closes; the service then ends the connection (RFC 6455, 7.1.1).
      socket.write(Buffer.from([0x88, 0x80, 0, 0, 0, 0]));
      await once(socket, 'close');
      for (let more = 0; more < 4; more++) {
        const { body } = await askWeb(stage.shunt.gatewayPort, { host: 'web', path: '/api', headers });
        expect(body).toBe('{"title":"copy"}');
      }
    }
  } finally {
    await stage.stop();
    for (const site of [web, copy]) await site.close();
  }
});
