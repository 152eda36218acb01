import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { bootstrapYaml } from '../../src/cli/bootstrap.ts';
import { bootstrapConfig, type ControlPlaneTls, writeSdsFiles } from '../../src/gateway/index.ts';
import type { Settings } from '../../src/settings/index.ts';
import { MountedSecret } from '../support/certificate-folder.ts';
import { Authority, noCertificates } from '../support/certificates.ts';
import {
  envoyOrSkip,
  startTestEnvoy,
  type TestEnvoy,
  type TestEnvoyOptions,
  validateConfig,
} from '../support/envoy.ts';
import { baselineManifest, ManifestFolder, sliceManifests } from '../support/manifests.ts';
import { freePort } from '../support/ports.ts';
import { startWatchedShunt, type WatchedShunt } from '../support/shunt.ts';

const envoy = await envoyOrSkip();
const SERVER = ['DNS:shunt.shunt-system', 'IP:127.0.0.1', 'URI:spiffe://example.com/shunt'];
const SHOP = 'spiffe://example.com/ns/shop/sa/gateway';
/** In Envoy's dump of its configuration. */
const CLUSTERS = 'configs.1.dynamic_active_clusters';
const PROD = 'spiffe://example.com/ns/prod/sa/gateway';

describe.skipIf(envoy === undefined || noCertificates !== undefined)('over TLS', () => {
  let ours: Authority;
  let theirs: Authority;
  let folder: ManifestFolder;
  let scratch: string;
  let serverSecret: MountedSecret;
  let shunt: WatchedShunt;
  const secrets: MountedSecret[] = [];
  const envoys: TestEnvoy[] = [];

  beforeAll(() => {
    ours = new Authority('ours');
    theirs = new Authority('theirs');
  });
  afterAll(() => {
    ours?.delete();
    theirs?.delete();
  });
  beforeEach(async () => {
    scratch = mkdtempSync(join(tmpdir(), 'shunt-sds-'));
    folder = await ManifestFolder.create();
    await folder.write('api', [baselineManifest('shop/api'), ...sliceManifests('shop/api', [1])]);
    serverSecret = secret({ names: SERVER, use: 'serverAuth' });
  });
  afterEach(async () => {
    for (const running of envoys.splice(0)) await running.stop();
    await shunt?.stop();
    await folder.delete();
    for (const each of secrets.splice(0)) each.delete();
    rmSync(scratch, { recursive: true });
  });

  const secret = (subject: Parameters<Authority['issue']>[0], authority = ours) => {
    const made = new MountedSecret({ ...authority.issue(subject), ca: ours.certificate });
    secrets.push(made);
    return made;
  };
  const gatewaySecret = (identity: string, authority = ours) =>
    secret({ names: [`URI:${identity}`], use: 'clientAuth' }, authority);
  const serve = async (settings: Partial<Settings> = {}) => {
    const { certificate: xdsCert, key: xdsKey, ca: xdsCa } = serverSecret.files;
    shunt = await startWatchedShunt(folder, { xdsCert, xdsKey, xdsCa, ...settings });
  };
  const tlsWith = async ({ files }: MountedSecret, serverName = '127.0.0.1') => {
    const sdsDirectory = mkdtempSync(join(scratch, 'sds-'));
    const tls: ControlPlaneTls = { ca: files.ca, pair: files, serverName, sdsDirectory };
    await writeSdsFiles(tls);
    return tls;
  };
  const startEnvoy = async (mounted: MountedSecret, options: Partial<TestEnvoyOptions> = {}) => {
    const started = await startTestEnvoy({ xdsPort: shunt.xdsPort, tls: await tlsWith(mounted), ...options });
    envoys.push(started);
    return started;
  };
  const connected = (node: string, from = 0) =>
    shunt.events.first((event) => event.type === 'connected' && event.node === node, from);
  /** Changes the world, and waits until the Envoy has taken that. */
  const reaches = async (node: string, name: string) => {
    const from = shunt.events.all.length;
    await folder.write(name, [baselineManifest(`shop/${name}`), ...sliceManifests(`shop/${name}`, [1])]);
    await shunt.events.first(
      (event) =>
        event.type === 'acknowledged' &&
        event.node === node &&
        event.changes.some(({ name: changed }) => changed === `shop/${name}/80`),
      from,
    );
  };
  const refusals = () => shunt.log.all.filter(({ msg }) => msg.startsWith('Refused')).map(({ msg }) => msg);
  const count = async (counted: TestEnvoy, counter: string) => Object.values(await counted.stats(counter))[0] ?? 0;
  /** Asks an Envoy until its counter is this high: of what it has read it tells in no other way. */
  const untilCounted = async (counted: TestEnvoy, counter: string, least: number) => {
    while ((await count(counted, counter)) < least) await pause(10);
  };
  /** How often it has read other certificates, of its own or of CAs. */
  const CONTEXTS = '^cluster.shunt-xds.client_ssl_socket_factory.ssl_context_update_by_sds$';
  const toldWhy = async (refused: TestEnvoy, words: string) =>
    expect.poll(() => refused.log.some((line) => line.includes(words)), { timeout: 20_000, interval: 10 }).toBe(true);

  test.each(['delta', 'sotw'] as const)(
    'an Envoy with a certificate gets its configuration by %s',
    async (protocol) => {
      await serve();
      const gateway = await startEnvoy(gatewaySecret(SHOP), { protocol });
      expect(await gateway.stats('shunt-xds.ssl.(versions|fail)')).toMatchObject({
        'cluster.shunt-xds.ssl.versions.TLSv1.3': 1,
        'cluster.shunt-xds.ssl.fail_verify_san': 0,
      });
      expect(await gateway.rejected()).toEqual({});
    },
  );

  test.each(['shunt.shunt-system', 'spiffe://example.com/shunt', '127.0.0.1'])(
    'an Envoy takes its configuration from a control plane whose certificate holds %s',
    async (serverName) => {
      await serve();
      const gateway = await startEnvoy(gatewaySecret(SHOP), { tls: await tlsWith(gatewaySecret(SHOP), serverName) });
      expect(await gateway.rejected()).toEqual({});
    },
  );

  test('an Envoy takes nothing from a control plane whose certificate holds another name, and says why', async () => {
    await serve();
    const tls = await tlsWith(gatewaySecret(SHOP), 'other.shunt-system');
    const gateway = await startEnvoy(gatewaySecret(SHOP), { tls, until: 'running' });
    await toldWhy(gateway, 'SAN_matcher');
    await untilCounted(gateway, '^cluster.shunt-xds.ssl.fail_verify_san$', 1);
    expect(shunt.events.all).toEqual([]);
  });

  test('an Envoy takes nothing from a control plane whose certificate comes from another CA, of which both tell', async () => {
    serverSecret.replace(theirs.issue({ names: SERVER }));
    await serve();
    await startEnvoy(gatewaySecret(SHOP), { until: 'running' });
    await shunt.log.first(({ msg }) => msg.startsWith('Refused'));
    expect(refusals()).toEqual([expect.stringContaining("It does not accept this control plane's certificate")]);
  });

  test('certificates are exchanged on both sides while an Envoy is connected, and after that it can come back', async () => {
    await serve();
    const mounted = gatewaySecret(SHOP);
    const gateway = await startEnvoy(mounted, { nodeId: 'gateway' });
    for (let round = 1; round < 4; round++) {
      const changed = shunt.log.first(
        ({ msg }) => msg.startsWith('The TLS certificates have changed'),
        shunt.log.all.length,
      );
      const before = await count(gateway, CONTEXTS);
      serverSecret.replace(ours.issue({ names: SERVER, use: 'serverAuth' }));
      mounted.replace(ours.issue({ names: [`URI:${SHOP}`], use: 'clientAuth' }));
      await changed;
      await untilCounted(gateway, CONTEXTS, before + 1);
      await reaches('gateway', `round-${round}`);
    }
    expect(shunt.events.all.filter(({ type }) => type === 'disconnected')).toEqual([]);

    // Another CA altogether, on both sides: only who has read the new files can connect.
    const from = shunt.log.all.length;
    serverSecret.replace({ ...theirs.issue({ names: SERVER }), ca: theirs.certificate });
    await shunt.log.first(({ msg }) => msg.startsWith('The TLS certificates have changed'), from);
    const before = await count(gateway, CONTEXTS);
    mounted.replace({ ...theirs.issue({ names: [`URI:${SHOP}`] }), ca: theirs.certificate });
    // One for the certificate, one for the CA.
    await untilCounted(gateway, CONTEXTS, before + 2);
    const port = shunt.xdsPort;
    await shunt.stop();
    await serve({ xds: { host: '127.0.0.1', port } });
    await connected('gateway');
    await reaches('gateway', 'after');
    expect(await gateway.rejected()).toEqual({});
  });

  describe('with rules', () => {
    const rules = [
      { identity: 'spiffe://example.com/ns/shop/*', nodes: ['shop-*'], namespaces: ['shop'] },
      { identity: 'spiffe://example.com/ns/infra/*', nodes: [], namespaces: [] },
    ];

    test('Envoys with another identity, node id or namespace learn why they get nothing; others go on', async () => {
      await serve({ xdsClient: rules });
      const good = await startEnvoy(gatewaySecret(SHOP), { nodeId: 'shop-1', namespace: 'shop' });
      const cases = [
        [PROD, 'shop-2', 'shop', '7, No rule of xds-client admits spiffe://example.com/ns/prod/sa/gateway.'],
        [SHOP, 'prod-1', 'shop', `7, ${SHOP} may not have the node id "prod-1"; xds-client permits shop-*.`],
        [SHOP, 'shop-3', 'prod', `7, ${SHOP} may not stand in the namespace "prod"; xds-client permits shop.`],
      ] as const;
      for (const [identity, nodeId, namespace, why] of cases) {
        const bad = await startEnvoy(gatewaySecret(identity), { nodeId, namespace, until: 'running' });
        await toldWhy(bad, why);
        // It tries again and again.
        await untilCounted(bad, '^cluster.shunt-xds.upstream_rq_total$', 5);
        expect(await bad.configDump()).not.toHaveProperty(CLUSTERS);
      }
      const stranger = await startEnvoy(gatewaySecret(SHOP, theirs), { until: 'running' });
      await toldWhy(stranger, `16, The client certificate of ${SHOP} comes from another CA;`);
      expect(refusals()).toHaveLength(cases.length + 1);
      await reaches('shop-1', 'later');
      expect(shunt.events.all.every(({ node }) => node === 'shop-1')).toBe(true);
      expect(await good.rejected()).toEqual({});
      expect(await good.configDump()).toHaveProperty(CLUSTERS);
    });

    test('an Envoy that was refused gets its configuration once it has the right certificate', async () => {
      await serve({ xdsClient: rules });
      const mounted = gatewaySecret(PROD);
      const gateway = await startEnvoy(mounted, { nodeId: 'shop-1', namespace: 'shop', until: 'running' });
      await toldWhy(gateway, 'No rule of xds-client admits');
      mounted.replace(ours.issue({ names: [`URI:${SHOP}`] }));
      await gateway.ready();
    });
  });

  describe('the bootstrap', () => {
    test('is accepted by Envoy, which complains of nothing', async () => {
      const options = { nodeId: 'a', protocol: 'delta', admin: { host: '127.0.0.1', port: 19001 } } as const;
      for (const serverName of ['shunt.shunt-system', 'spiffe://example.com/shunt', 'fd00::1']) {
        const tls = await tlsWith(gatewaySecret(SHOP), serverName);
        const bootstrap = bootstrapConfig({ ...options, tls, xds: { host: 'shunt.shunt-system', port: 18000 } });
        expect(await validateConfig(bootstrapYaml(bootstrap))).toEqual({ accepted: true, complaints: [] });
      }
    });
  });

  describe('shunt gateway', () => {
    test('shows a certificate, and leaves no files behind', async () => {
      await serve({ xdsClient: [{ identity: SHOP, nodes: ['e2e'], namespaces: [] }] });
      const { certificate, key, ca } = gatewaySecret(SHOP).files;
      const main = new URL('../../src/main.ts', import.meta.url).pathname;
      const flags = {
        xds: `127.0.0.1:${shunt.xdsPort}`,
        ...{ 'xds-ca': ca, 'xds-cert': certificate, 'xds-key': key },
        ...{ 'node-id': 'e2e', 'envoy-admin': `127.0.0.1:${await freePort()}` },
      };
      const args = ['gateway', ...Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`)];
      const child = spawn(process.execPath, [main, ...args], {
        stdio: ['ignore', 'pipe', 'inherit'],
        env: { ...process.env, ENVOY_BIN: envoy!.binary, TMPDIR: scratch },
      });
      try {
        await once(createInterface({ input: child.stdout }), 'line');
        await connected('e2e');
        expect(readdirSync(scratch)).toEqual([expect.stringMatching(/^shunt-gateway-/)]);
      } finally {
        child.kill('SIGTERM');
        await once(child, 'close');
      }
      expect(readdirSync(scratch)).toEqual([]);
    });
  });
});
