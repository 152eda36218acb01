import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Echo, startEcho } from '../support/echo.ts';
import { decodeText, type EchoAnswer, encodeText, SAY } from '../support/echo-message.ts';
import { baselineManifest, ManifestFolder, previewManifest, sliceManifests } from '../support/manifests.ts';
import { startWatchedShunt, type WatchedShunt } from '../support/shunt.ts';

const GRPC = { ports: [{ name: 'grpc', port: 9000 }] };

/**
 * A gRPC library that speaks xDS itself (state of the world, named subscriptions) and knows no load balancing by subsets.
 * The package reads its bootstrap from the environment when it first connects.
 */
describe('a gRPC client with an xds:/// target', () => {
  let api: Echo;
  let copy: Echo;
  let folder: ManifestFolder;
  let shunt: WatchedShunt;
  let client: Client;

  beforeAll(async () => {
    [api, copy, folder] = [await startEcho('api'), await startEcho('api@pr-1'), await ManifestFolder.create()];
    await folder.write('api', [
      baselineManifest('shop/api', GRPC),
      ...sliceManifests('shop/api', [api.http2Port], { portName: 'grpc' }),
    ]);
    await folder.write('preview', preview());
    shunt = await startWatchedShunt(folder);
    vi.stubEnv(
      'GRPC_XDS_BOOTSTRAP_CONFIG',
      JSON.stringify({
        xds_servers: [
          {
            server_uri: `127.0.0.1:${shunt.xdsPort}`,
            channel_creds: [{ type: 'insecure' }],
            server_features: ['xds_v3'],
          },
        ],
        node: { id: 'grpc-client', locality: {} },
      }),
    );
    const { register } = await import('@grpc/grpc-js-xds');
    register();
    client = new Client('xds:///api.shop:9000', credentials.createInsecure());
  });
  afterAll(async () => {
    client.close();
    await shunt.stop();
    await Promise.all([api.close(), copy.close(), folder.delete()]);
    vi.unstubAllEnvs();
  });

  function preview() {
    return [
      previewManifest('shop/api-pr-1', 'api', 'pr-1', GRPC),
      ...sliceManifests('shop/api-pr-1', [copy.http2Port], { portName: 'grpc' }),
    ];
  }

  const call = (metadata: Metadata = new Metadata()): Promise<string> =>
    new Promise((resolve, reject) => {
      const serialize = (text: string) => encodeText(text);
      const deserialize = (bytes: Buffer) => (JSON.parse(decodeText(bytes)) as EchoAnswer).title;
      const options = { deadline: Date.now() + 20_000 };
      client.makeUnaryRequest(SAY, serialize, deserialize, 'hello', metadata, options, (error, title) => {
        if (error === null) resolve(title!);
        else reject(error);
      });
    });

  it('reaches the baseline', async () => {
    expect(await call()).toBe('api');
  });

  it('reaches no preview, whether or not its calls carry a key: it could not tell them apart', async () => {
    const keyed = new Metadata();
    keyed.set('x-preview', 'pr-1');
    for (let round = 0; round < 50; round++) {
      expect(await call()).toBe('api');
      expect(await call(keyed)).toBe('api');
    }
    expect(copy.requests).toEqual({ withKey: 0, withoutKey: 0 });
  });

  it('is sent nothing when previews come and go', async () => {
    const toClient = () =>
      shunt.events.all.filter((event) => event.type === 'pushed' && event.node === 'grpc-client').length;
    const before = toClient();
    await folder.remove('preview');
    await shunt.log.first(({ msg }) => /api-pr-1.* changed ClusterLoadAssignment/.test(msg));
    expect(toClient()).toBe(before);
  });

  it('follows the endpoints of its baseline', async () => {
    const seen = shunt.log.all.length;
    await folder.write('api', [
      baselineManifest('shop/api', GRPC),
      ...sliceManifests('shop/api', [copy.http2Port], { portName: 'grpc' }),
    ]);
    await shunt.log.first(({ msg }) => /^EndpointSlice .* changed ClusterLoadAssignment/.test(msg), seen);
    await expect.poll(() => call()).toBe('api@pr-1');
  });

  it('refuses nothing that it is sent', () => {
    expect(shunt.events.all.filter((event) => event.type === 'refused')).toEqual([]);
  });
});
