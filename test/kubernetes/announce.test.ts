import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { openAnnouncing, openSource } from '../../src/cli/source.ts';
import { type ControlPlane, startControlPlane } from '../../src/control-plane.ts';
import { createLogger } from '../../src/log.ts';
import { defaultSettings } from '../../src/settings/index.ts';
import { cleanEnvironment } from '../support/environment.ts';
import { envoyOrSkip, startTestEnvoy } from '../support/envoy.ts';
import { History } from '../support/history.ts';
import type { LogLine } from '../support/shunt.ts';
import { describeWithApiServer } from '../support/with-apiserver.ts';
import { Cluster, READ_EVERYTHING, type Rule } from './objects.ts';

const envoy = await envoyOrSkip();
const MAIN = join(import.meta.dirname, '../../dist/main.js');

/** What docs/operating.md says. */
const ANNOUNCE: readonly Rule[] = [
  { apiGroups: ['events.k8s.io'], resources: ['events'], verbs: ['create', 'patch'] },
  {
    apiGroups: ['coordination.k8s.io'],
    resources: ['leases'],
    resourceNames: ['shunt'],
    verbs: ['get', 'create', 'update'],
  },
  { apiGroups: [''], resources: ['configmaps'], resourceNames: ['shunt-previews'], verbs: ['get', 'create', 'patch'] },
];

interface Event {
  readonly reason: string;
  readonly type: string;
  readonly note: string;
  readonly regarding: { readonly kind: string; readonly name: string; readonly uid?: string };
  readonly series?: { readonly count: number };
}

interface Replica {
  readonly controlPlane: ControlPlane;
  readonly log: History<LogLine>;
}

describeWithApiServer('what is told in a cluster', (server) => {
  const cluster = new Cluster(server);
  const closing: (() => Promise<unknown>)[] = [];
  let namespace: string;
  let number = 0;

  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });

  /** A namespace in which Shunt's account has these rights, with a baseline. */
  async function begin(rules: readonly Rule[] = [...READ_EVERYTHING, ...ANNOUNCE]): Promise<void> {
    namespace = `told-${++number}`;
    await cluster.createNamespace(namespace);
    await cluster.grant(namespace, rules);
    await cluster.createService(namespace, 'api');
    await cluster.label(namespace, 'services', 'api', { 'shunt.dev/role': 'baseline' });
    await cluster.createSlice(namespace, 'api-1', 'api', ['10.1.0.1']);
  }

  async function startReplica(): Promise<Replica> {
    const settings = defaultSettings({
      ...{ kubernetes: true, kubeConfig: server.kubeconfig('viewer'), namespace: [namespace] },
      ...{ announce: true, announceNamespace: namespace },
      ...{ xds: { host: '127.0.0.1', port: 0 }, admin: { host: '127.0.0.1', port: 0 } },
    });
    const log = new History<LogLine>();
    const logger = createLogger('info', { write: (line) => log.add(JSON.parse(line) as LogLine) });
    const controlPlane = await startControlPlane({
      ...{ settings, log: logger },
      source: await openSource(settings, logger),
      announcing: await openAnnouncing(settings),
    });
    closing.push(() => controlPlane.close());
    await controlPlane.ready;
    return { controlPlane, log };
  }

  /** The program, which can be killed. */
  async function runReplica(): Promise<{ readonly child: ChildProcess; readonly log: History<LogLine> }> {
    const flags = ['--kubernetes', '--kubeconfig', server.kubeconfig('viewer'), '--namespace', namespace];
    const announce = ['--announce', 'on', '--announce-namespace', namespace];
    const child = spawn(
      process.execPath,
      [MAIN, 'serve', ...flags, ...announce, '--xds', '127.0.0.1:0', '--admin', '127.0.0.1:0'],
      { stdio: ['ignore', 'ignore', 'pipe'], env: cleanEnvironment() },
    );
    const ended = once(child, 'close');
    closing.push(async () => {
      child.kill('SIGKILL');
      await ended;
    });
    const log = new History<LogLine>();
    createInterface({ input: child.stderr! }).on('line', (line) => log.add(JSON.parse(line) as LogLine));
    void ended.then(() => log.end(new Error('shunt serve has ended')));
    return { child, log };
  }

  /** Until it has the Lease, and there is a memory: what changes from then on is told. */
  async function leads({ log }: { readonly log: History<LogLine> }): Promise<void> {
    await log.first(({ held }) => held === true);
    await cluster.untilExists(`/api/v1/namespaces/${namespace}/configmaps/shunt-previews`);
  }

  async function createPreview(name: string, labels: Readonly<Record<string, string>>): Promise<void> {
    await cluster.createService(namespace, name);
    await cluster.label(namespace, 'services', name, labels);
  }

  async function events(): Promise<readonly Event[]> {
    const { items } = (await server.request('GET', `/apis/events.k8s.io/v1/namespaces/${namespace}/events`)) as {
      readonly items: readonly Event[];
    };
    return items;
  }

  /** Nothing tells this test of an Event but asking. */
  async function event(reason: string, name: string): Promise<Event> {
    for (;;) {
      const found = (await events()).find((each) => each.reason === reason && each.regarding.name === name);
      if (found !== undefined) return found;
      await delay(50);
    }
  }

  /** How the objects stand, by the ConfigMap. */
  async function status(): Promise<Readonly<Record<string, Record<string, unknown>>>> {
    const { data = {} } = (await server.request(
      'GET',
      `/api/v1/namespaces/${namespace}/configmaps/shunt-previews`,
    )) as { readonly data?: Readonly<Record<string, string>> };
    return Object.fromEntries(Object.entries(data).map(([name, text]) => [name, JSON.parse(text)]));
  }

  /** Until one of the replicas has written it. */
  async function statusWith(name: string, state: string): Promise<Record<string, unknown>> {
    for (;;) {
      const entry = (await status().catch(() => ({}) as Awaited<ReturnType<typeof status>>))[name];
      if (entry?.state === state) return entry;
      await delay(50);
    }
  }

  test('is what is wrong with an object, on that object, and not what was so before anybody could be told', async () => {
    await begin();
    await createPreview('before', { 'shunt.dev/intercepts': 'nobody', 'shunt.dev/key': 'before' });
    const replica = await startReplica();
    await leads(replica);
    await statusWith(`${namespace}.before`, 'refused');
    await createPreview('lost', { 'shunt.dev/intercepts': 'nobody', 'shunt.dev/key': 'lost' });
    expect(await event('BaselineMissing', 'lost')).toMatchObject({
      type: 'Warning',
      note: expect.stringContaining(`it intercepts Service ${namespace}/nobody, which is not there or is no baseline.`),
      regarding: { kind: 'Service', uid: expect.any(String) },
    });
    expect((await events()).map(({ regarding }) => regarding.name)).toEqual(['lost']);
    expect((await status())[`${namespace}.lost`]).toMatchObject({ problems: ['baseline-missing'] });
  });

  test('is not told again by the replica that goes on when the one that did so ends, and it goes on at once', async () => {
    await begin();
    const first = await startReplica();
    await leads(first);
    const second = await startReplica();
    await createPreview('lost', { 'shunt.dev/intercepts': 'nobody', 'shunt.dev/key': 'lost' });
    await event('BaselineMissing', 'lost');
    await statusWith(`${namespace}.lost`, 'refused');
    await first.controlPlane.close();
    await leads(second);
    await createPreview('odd', { 'shunt.dev/intercepts': 'api', 'shunt.dev/key': 'Odd' });
    await event('KeyInvalid', 'odd');
    expect((await events()).map(({ reason, series }) => `${reason} ${series?.count ?? 1}`).sort()).toEqual([
      'BaselineMissing 1',
      'KeyInvalid 1',
    ]);
  });

  test.skipIf(envoy === undefined)('counts the gateways of all replicas, whichever of them tells', async () => {
    await begin();
    const leader = await startReplica();
    await leads(leader);
    const other = await startReplica();
    const gateway = await startTestEnvoy({ xdsPort: other.controlPlane.xds.port });
    closing.push(() => gateway.stop());
    await createPreview('api-pr-1', { 'shunt.dev/intercepts': 'api', 'shunt.dev/key': 'pr-1' });
    await cluster.createSlice(namespace, 'api-pr-1', 'api-pr-1', ['10.1.0.9']);
    expect((await event('Live', 'api-pr-1')).note).toMatch(/^1 of 1 gateways have acknowledged it, \d+ ms after/);
    expect(await statusWith(`${namespace}.api-pr-1`, 'live')).toMatchObject({ gateways: '1 of 1' });
  });

  test('is told by another replica when the one that did so is killed, and nothing twice', async () => {
    await begin();
    const killed = await runReplica();
    await leads(killed);
    await createPreview('lost', { 'shunt.dev/intercepts': 'nobody', 'shunt.dev/key': 'lost' });
    await event('BaselineMissing', 'lost');
    await statusWith(`${namespace}.lost`, 'refused');
    const other = await startReplica();
    killed.child.kill('SIGKILL');
    await leads(other);
    await createPreview('odd', { 'shunt.dev/intercepts': 'api', 'shunt.dev/key': 'Odd' });
    await event('KeyInvalid', 'odd');
    expect((await events()).map(({ reason, series }) => `${reason} ${series?.count ?? 1}`).sort()).toEqual([
      'BaselineMissing 1',
      'KeyInvalid 1',
    ]);
  });

  test('costs a sentence where the right is missing, and names the rule; all else goes on', async () => {
    await begin(READ_EVERYTHING);
    const { log, controlPlane } = await startReplica();
    const { msg } = await log.first(({ msg }) => msg.includes('the Lease'));
    expect(msg).toContain(
      'Bind a Role with the rule {apiGroups: ["coordination.k8s.io"], resources: ["leases"], resourceNames: ["shunt"], ' +
        `verbs: ["get", "create", "update"]} to Shunt's account in namespace ${namespace}, or set announce to off.`,
    );
    const answer = await fetch(`http://127.0.0.1:${controlPlane.admin.port}/readyz`);
    expect(`${answer.status} ${await answer.text()}`).toBe('200 ready\n');
  });

  test.skipIf(envoy === undefined)('is that a preview is live: on how many gateways, and after how long', async () => {
    await begin();
    const replica = await startReplica();
    await leads(replica);
    const gateway = await startTestEnvoy({ xdsPort: replica.controlPlane.xds.port });
    closing.push(() => gateway.stop());
    await cluster.createSlice(namespace, 'api-pr-1', 'api-pr-1', ['10.1.0.9']);
    await createPreview('api-pr-1', { 'shunt.dev/intercepts': 'api', 'shunt.dev/key': 'pr-1' });
    const live = await event('Live', 'api-pr-1');
    expect(live.type).toBe('Normal');
    expect(live.note).toMatch(
      /^1 of 1 gateways have acknowledged it, \d+ ms after the change was seen: requests with the key "pr-1" for Service told-\d+\/api reach it\.$/,
    );
    expect(await statusWith(`${namespace}.api-pr-1`, 'live')).toMatchObject({ gateways: '1 of 1', key: 'pr-1' });
  });
});
