import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Echo, startEcho } from '../support/echo.ts';
import { envoyOrSkip, startTestEnvoy, type TestEnvoy } from '../support/envoy.ts';
import { Gateway, type Question } from '../support/gateway.ts';
import { type Load, type LoadReport, requestKind, underLoad } from '../support/load/index.ts';
import {
  baselineManifest,
  type Manifest,
  ManifestFolder,
  previewManifest,
  sliceManifests,
} from '../support/manifests.ts';
import { freePort } from '../support/ports.ts';
import { startWatchedShunt, type TestShunt } from '../support/shunt.ts';
import { startShuntWithoutRetries } from '../support/unprotected.ts';

const envoy = await envoyOrSkip();

/** Requests between two changes: a tenth of a second's. */
const BETWEEN = 60;

const RPC = { ports: [{ name: 'grpc', port: 9000 }] };

let echoes: Readonly<Record<(typeof TITLES)[number], Echo>>;
let folder: ManifestFolder;
let deadPort: number;
beforeAll(async () => {
  const started = await Promise.all(TITLES.map(async (title) => [title, await startEcho(title)] as const));
  echoes = Object.fromEntries(started) as typeof echoes;
  folder = await ManifestFolder.create();
  deadPort = await freePort();
  await folder.write('baselines', baselines());
});
afterAll(async () => {
  await folder?.delete();
  for (const echo of Object.values(echoes ?? {})) await echo.close();
});

const TITLES = ['api', 'grpc', 'other', 'api@1', 'api@2', 'grpc@1'] as const;

function baselines(apiPorts: readonly number[] = [echoes.api.http1Port]): readonly Manifest[] {
  return [
    baselineManifest('shop/api'),
    ...sliceManifests('shop/api', apiPorts),
    baselineManifest('shop/grpc', RPC),
    ...sliceManifests('shop/grpc', [echoes.grpc.http2Port], { portName: 'grpc' }),
  ];
}

/** A preview of api. */
function apiPreview(key: string, ports: readonly number[], match?: string): readonly Manifest[] {
  const annotations: Record<string, string> = match === undefined ? {} : { 'shunt.dev/match': match };
  return [previewManifest('shop/api-pr', 'api', key, { annotations }), ...sliceManifests('shop/api-pr', ports)];
}

function grpcPreview(): readonly Manifest[] {
  return [
    previewManifest('shop/grpc-pr', 'grpc', 'pr-1', RPC),
    ...sliceManifests('shop/grpc-pr', [echoes['grpc@1'].http2Port], { portName: 'grpc' }),
  ];
}

function otherBaseline(): readonly Manifest[] {
  return [baselineManifest('shop/other'), ...sliceManifests('shop/other', [echoes.other.http1Port])];
}

/** What callers ask, by the names under which the load reports them. */
const QUESTIONS = {
  'api, no key': { host: 'api' },
  'api, unknown key': { host: 'api', headers: { 'x-preview': 'nobody' } },
  'api, pr-1': { host: 'api', headers: { 'x-preview': 'pr-1' } },
  'api, pr-2': { host: 'api', headers: { baggage: 'a=1, preview=pr-2' } },
  'api, carol': { host: 'api.shop', headers: { 'x-user': 'carol' } },
  'grpc, no key': { host: 'grpc:9000', protocol: 'gRPC' },
  'grpc, pr-1': { host: 'grpc:9000', headers: { 'x-preview': 'pr-1' }, protocol: 'gRPC' },
} as const satisfies Record<string, Question>;
type Name = keyof typeof QUESTIONS;

/** Everybody is answered by the baselines. */
const KINDS = (Object.entries(QUESTIONS) as [Name, Question][]).flatMap(([name, { host, headers = {}, protocol }]) => {
  const fields = { name, authority: host, headers, answeredBy: [baselineOf(name)] };
  if (protocol !== undefined) return [requestKind({ ...fields, protocol })];
  return (['HTTP/1.1', 'HTTP/2'] as const).flatMap((each) =>
    (['GET', 'POST'] as const).map((method) => requestKind({ ...fields, protocol: each, method })),
  );
});

function baselineOf(name: Name): string {
  return name.split(',')[0]!;
}

function failuresOf(report: LoadReport, matches: (name: string) => boolean): number {
  const kinds = report.kinds.filter(({ name }) => matches(name));
  return kinds.reduce((sum, { sent, ok }) => sum + sent - ok, 0);
}

interface Running {
  readonly load: Load;
  readonly gateway: Gateway;
  readonly gatewayEnvoy: TestEnvoy;
}

/** Lets a story happen under constant load through an Envoy of its own, and ends both. */
async function tell(
  shunt: Pick<TestShunt, 'xdsPort' | 'gatewayPort' | 'stop'>,
  protocol: 'delta' | 'sotw',
  story: (running: Running) => Promise<void>,
): Promise<LoadReport> {
  const gatewayEnvoy = await startTestEnvoy({ xdsPort: shunt.xdsPort, protocol });
  const gateway = new Gateway(gatewayEnvoy, shunt.gatewayPort);
  try {
    return await underLoad({ port: shunt.gatewayPort, kinds: KINDS }, async (load) => {
      await load.settle(BETWEEN);
      await story({ load, gateway, gatewayEnvoy });
    });
  } finally {
    gateway.close();
    await gatewayEnvoy.stop();
    await shunt.stop();
  }
}

describe.skipIf(envoy === undefined).each(['delta', 'sotw'] as const)('under constant load, over %s', (protocol) => {
  test('sixty-five changes cost not one request, and each is in force for all that follow', async () => {
    const report = await tell(await startWatchedShunt(folder), protocol, async ({ load, gateway, gatewayEnvoy }) => {
      for (let round = 0; round < 5; round++) await changeEverything(load, gateway);
      expect(await gatewayEnvoy.rejected()).toEqual({});
    });
    expect(report.kinds.flatMap(({ failures }) => failures)).toEqual([]);
    expect(report.failed).toBe(0);
    expect(report.sent / report.seconds).toBeGreaterThanOrEqual(500);
  });
});

/** Thirteen changes, which lead from the baselines alone back to the baselines alone. */
async function changeEverything(load: Load, gateway: Gateway): Promise<void> {
  const answeredBy = new Map<Name, string>();

  /**
   * Makes a change, after which others are to answer the requests of these names, and lets the load go on under it.
   *
   * @param meanwhile who may answer, too, until the change is in force.
   */
  const step = async (
    change: () => Promise<void>,
    after: Partial<Record<Name, string>>,
    meanwhile: readonly string[] = [],
  ) => {
    const affected = Object.entries(after) as [Name, string][];
    for (const [name, title] of affected) {
      await load.expect(name, [answeredBy.get(name) ?? baselineOf(name), title, ...meanwhile]);
    }
    await change();
    for (const [name, title] of affected) await gateway.untilAnsweredBy(title, QUESTIONS[name]);
    for (const [name, title] of affected) {
      await load.expect(name, [title]);
      answeredBy.set(name, title);
    }
    await load.settle(BETWEEN);
  };
  const [one, two] = [echoes['api@1'].http1Port, echoes['api@2'].http1Port];
  const write =
    (...preview: Parameters<typeof apiPreview>) =>
    () =>
      folder.write('api-pr', apiPreview(...preview));
  const rule = 'x-user=carol';

  await step(write('pr-1', [one]), { 'api, pr-1': 'api@1' });
  await step(write('pr-1', [two]), { 'api, pr-1': 'api@2' });
  await step(write('pr-1', [two], rule), { 'api, carol': 'api@2' });
  const renamed = { 'api, pr-1': 'api', 'api, pr-2': 'api@2', 'api, carol': 'api@2' };
  // The rule's route names the preview's endpoints by the key, and follows them a moment later.
  await step(write('pr-2', [two], rule), renamed, ['api']);
  await step(write('pr-2', [], rule), { 'api, pr-2': 'api', 'api, carol': 'api' });
  await step(write('pr-2', [one], rule), { 'api, pr-2': 'api@1', 'api, carol': 'api@1' });
  await step(write('pr-2', [one]), { 'api, carol': 'api' });
  await step(write('pr-2', [deadPort]), { 'api, pr-2': 'api' });
  await step(() => folder.write('grpc-pr', grpcPreview()), { 'grpc, pr-1': 'grpc@1' });
  await step(async () => {
    await folder.write('other', otherBaseline());
    await gateway.untilAnsweredBy('other', { host: 'other' });
  }, {});
  await step(() => folder.remove('grpc-pr'), { 'grpc, pr-1': 'grpc' });
  await step(() => folder.remove('api-pr'), { 'api, pr-2': 'api' });
  await step(async () => {
    await folder.remove('other');
    await gateway.untilStatus(404, { host: 'other' });
  }, {});
}

describe.skipIf(envoy === undefined)('under constant load', () => {
  test('a preview that crashes costs those without its key nothing, and leaves those with it to the baseline', async () => {
    const report = await tell(await startWatchedShunt(folder), 'delta', async ({ load, gateway }) => {
      await load.expect('api, pr-1', ['api', 'api@1']);
      await folder.write('api-pr', apiPreview('pr-1', [echoes['api@1'].http1Port]));
      await gateway.untilAnsweredBy('api@1', QUESTIONS['api, pr-1']);
      await load.settle(BETWEEN);
      await echoes['api@1'].die();
      await gateway.untilAnsweredBy('api', QUESTIONS['api, pr-1']);
      await load.settle(5 * BETWEEN);
      await echoes['api@1'].revive();
      await gateway.untilAnsweredBy('api@1', QUESTIONS['api, pr-1']);
      await load.settle(BETWEEN);
    });
    await folder.remove('api-pr');
    // A POST with the key that was being answered when it crashed is lost, as it would be without a gateway.
    expect(failuresOf(report, (name) => name !== 'api, pr-1')).toBe(0);
    const withKey = report.kinds.filter(({ name }) => name === 'api, pr-1');
    for (const { ok, sent, failed } of withKey) expect(ok + failed.status).toBe(sent);
    for (const { ok, sent } of withKey) expect(ok).toBeGreaterThan(sent / 2);
  });

  test('a rollout costs nobody anything: new endpoints in, old ones out, then ended', async () => {
    const [old, fresh] = [echoes.api, echoes['api@2']];
    const report = await tell(await startWatchedShunt(folder), 'delta', async ({ load, gateway }) => {
      const names = Object.keys(QUESTIONS).filter((name) => baselineOf(name as Name) === 'api');
      for (const name of names) await load.expect(name, [old.title, fresh.title]);
      await folder.write('baselines', baselines([old.http1Port, fresh.http1Port]));
      await gateway.untilAnsweredBy(fresh.title, QUESTIONS['api, no key']);
      await load.settle(BETWEEN);
      await folder.write('baselines', baselines([fresh.http1Port]));
      // They take turns for as long as both are there.
      while ((await gateway.titles(QUESTIONS['api, no key'], 20)).has(old.title));
      for (const name of names) await load.expect(name, [fresh.title]);
      await old.refuse();
      await load.settle(5 * BETWEEN);
    });
    await old.revive();
    await folder.write('baselines', baselines());
    expect(report.kinds.flatMap(({ failures }) => failures)).toEqual([]);
    expect(report.failed).toBe(0);
  });

  /** A preview comes whose only endpoint refuses connections. */
  async function meetDeadPreview(shunt: Parameters<typeof tell>[0]): Promise<LoadReport> {
    const report = await tell(shunt, 'delta', async ({ load }) => {
      await folder.write('api-pr', apiPreview('pr-1', [deadPort]));
      await load.settle(10 * BETWEEN);
    });
    await folder.remove('api-pr');
    return report;
  }

  test('a preview that was never there costs nobody anything', async () => {
    expect(await meetDeadPreview(await startWatchedShunt(folder))).toMatchObject({ failed: 0 });
  });

  test('without retries the same preview costs requests with its key, and the load counts them', async () => {
    const report = await meetDeadPreview(await startShuntWithoutRetries(folder));
    const withKey = report.kinds.filter(({ name }) => name === 'api, pr-1');
    expect(withKey.reduce((sum, { failed }) => sum + failed.status, 0)).toBeGreaterThan(0);
    expect(failuresOf(report, (name) => name !== 'api, pr-1')).toBe(0);
  });

  test('a baseline without endpoints costs all its requests, and the load counts them', async () => {
    const report = await tell(await startWatchedShunt(folder), 'delta', async ({ load, gateway }) => {
      await folder.write('baselines', baselines([]));
      await gateway.untilStatus(503, QUESTIONS['api, no key']);
      await load.settle(2 * BETWEEN);
      await folder.write('baselines', baselines());
      await gateway.untilAnsweredBy('api', QUESTIONS['api, no key']);
    });
    for (const { name, failed, ok, sent } of report.kinds) {
      if (name.startsWith('api')) expect(failed.status).toBeGreaterThan(0);
      else expect(ok).toBe(sent);
    }
  });
});
