import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Receipt } from '../../src/receipts/index.ts';
import type { GatewayStatus, PreviewStatus, ServiceStatus } from '../../src/status/index.ts';
import { type Echo, startEcho } from '../support/echo.ts';
import { envoyOrSkip, startTestEnvoy, type TestEnvoy } from '../support/envoy.ts';
import { baselineManifest, ManifestFolder, previewManifest, sliceManifests } from '../support/manifests.ts';
import { startWatchedShunt, type WatchedShunt } from '../support/shunt.ts';

const envoy = await envoyOrSkip();

describe.skipIf(envoy === undefined)('the status of a running control plane', () => {
  let api: Echo;
  let folder: ManifestFolder;
  let shunt: WatchedShunt;
  let gateway: TestEnvoy | undefined;

  beforeAll(async () => {
    api = await startEcho('api');
    folder = await ManifestFolder.create();
    await folder.write('world', [
      baselineManifest('shop/api', { annotations: { 'shunt.dev/hosts': 'shop.example.com/api' } }),
      ...sliceManifests('shop/api', [api.http1Port]),
      previewManifest('shop/api-ready', 'api', 'ready'),
      ...sliceManifests('shop/api-ready', [api.http1Port + 1]),
      previewManifest('shop/api-empty', 'api', 'empty'),
      previewManifest('shop/api-lost', 'nobody', 'lost'),
      previewManifest('shop/api-old', 'api', 'old', {
        annotations: { 'shunt.dev/expires-at': '2020-01-01T00:00:00Z' },
      }),
      previewManifest('shop/api-wrong', 'api', 'Not_a_key'),
    ]);
    shunt = await startWatchedShunt(folder);
  });
  afterAll(async () => {
    await gateway?.stop();
    await shunt?.stop();
    await folder?.delete();
    await api?.close();
  });

  async function ask(path: string): Promise<unknown> {
    const answer = await fetch(`http://127.0.0.1:${shunt.adminPort}/api/v1/${path}`);
    expect(answer.status).toBe(200);
    return answer.json();
  }
  async function previews(): Promise<Readonly<Record<string, PreviewStatus>>> {
    const { previews: all } = (await ask('previews')) as { previews: readonly PreviewStatus[] };
    return Object.fromEntries(all.map((preview) => [preview.name, preview]));
  }

  test('tells of each preview how it stands, and what is wrong with it in words', async () => {
    const unserved = await previews();
    expect(Object.entries(unserved).map(([name, { state }]) => `${name} ${state}`)).toEqual([
      'api-empty unserved',
      'api-lost refused',
      'api-old expired',
      'api-ready unserved',
      'api-wrong refused',
    ]);
    expect(unserved['api-lost']).toMatchObject({ baseline: 'shop/nobody', key: 'lost' });
    expect(unserved['api-lost']!.problems.map(({ code }) => code)).toContain('baseline-missing');
    expect(unserved['api-wrong']).toMatchObject({ key: 'Not_a_key' });
    expect(unserved['api-wrong']!.problems.map(({ code }) => code)).toContain('key-invalid');
    expect(unserved['api-old']!.problems[0]!.message).toContain('it expired at 2020-01-01T00:00:00.000Z');
  });

  test('tells which gateways have a preview, and how long that took', async () => {
    const connected = shunt.receipts.first(({ preview }: Receipt) => preview.name === 'api-ready');
    gateway = await startTestEnvoy({ xdsPort: shunt.xdsPort, protocol: 'delta' });
    await connected;
    const before = await previews();
    expect(before['api-ready']).toMatchObject({ state: 'live', endpoints: 1, gateways: { current: 1, total: 1 } });
    expect(before['api-ready']).not.toHaveProperty('tookMs');
    expect(before['api-empty']).toMatchObject({ state: 'unready', endpoints: 0 });

    const live = shunt.receipts.first(({ preview }: Receipt) => preview.name === 'api-late');
    await folder.write('late', [
      previewManifest('shop/api-late', 'api', 'late'),
      ...sliceManifests('shop/api-late', [api.http1Port + 2]),
    ]);
    await live;
    expect((await previews())['api-late']).toMatchObject({
      object: 'Service shop/api-late',
      key: 'late',
      state: 'live',
      place: expect.stringMatching(/late\.yaml:\d+$/),
      tookMs: expect.any(Number),
      gateways: { current: 1, total: 1, behind: [] },
      problems: [],
    });
  });

  test('tells Prometheus of it in figures', async () => {
    const text = await (await fetch(`http://127.0.0.1:${shunt.adminPort}/metrics`)).text();
    const figure = (name: string) =>
      Number(new RegExp(`^${name.replace(/[{}"]/g, '\\$&')} (.*)$`, 'm').exec(text)?.[1]);
    expect(figure('shunt_gateways_connected')).toBe(1);
    expect(figure('shunt_baselines')).toBe(1);
    expect(figure('shunt_previews{state="refused"}')).toBe(2);
    expect(figure('shunt_previews{state="live"}')).toBe(2);
    expect(figure('shunt_problems{code="key-invalid"}')).toBe(1);
    expect(figure('shunt_xds_refusals_total{type="Cluster"}') || 0).toBe(0);
    expect(figure('shunt_xds_acknowledgements_total{type="ClusterLoadAssignment"}')).toBeGreaterThanOrEqual(2);
    expect(figure('shunt_xds_response_bytes_total{type="Listener"}')).toBeGreaterThan(100);
    expect(figure('shunt_xds_answer_seconds_count{type="Listener"}')).toBe(1);
    expect(figure('shunt_intercept_in_force_seconds_count')).toBe(1);
    expect(figure('shunt_xds_responses_unanswered')).toBe(0);
    expect(figure('process_resident_memory_bytes')).toBeGreaterThan(0);
  });

  test('tells of services and gateways', async () => {
    const { services } = (await ask('services')) as { services: readonly ServiceStatus[] };
    expect(services).toMatchObject([
      {
        object: 'Service shop/api',
        hosts: ['shop.example.com/api'],
        ports: [{ port: 80 }],
        endpoints: 1,
        problems: [],
      },
    ]);
    expect(services[0]!.previews).toEqual(expect.arrayContaining(['Service shop/api-ready', 'Service shop/api-empty']));
    const { gateways } = (await ask('gateways')) as { gateways: readonly GatewayStatus[] };
    expect(gateways).toMatchObject([{ protocol: 'delta', types: expect.any(Array) }]);
    expect(gateways[0]!.types.map(({ type, refused }) => `${type} ${refused}`)).toEqual(
      expect.arrayContaining(['Cluster 0', 'ClusterLoadAssignment 0', 'Listener 0', 'RouteConfiguration 0']),
    );
  });
});
