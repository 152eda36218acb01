import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { kubernetesSource } from '../../src/sources/kubernetes/index.ts';
import { withLastGood } from '../../src/sources/last-good/index.ts';
import type { Source } from '../../src/sources/source.ts';
import { describeWithApiServer } from '../support/with-apiserver.ts';
import { sourceConformance } from '../unit/sources/conformance.ts';
import { Recorder } from '../unit/sources/recorder.ts';
import { Gate } from './gate.ts';
import { Cluster, READ_ALL_BUT_PODS, READ_EVERYTHING, RESOURCES } from './objects.ts';

const log = { debug: () => undefined };
const ROLE_RULE =
  /Bind a Role with the rule \{apiGroups: \[""\], resources: \["services"\], verbs: \["list", "watch"\]\}/;

describeWithApiServer('the Kubernetes source and a real API server', (server) => {
  const cluster = new Cluster(server);
  let folder: string;
  let sink: Recorder;
  let source: Source | undefined;
  let gate: Gate | undefined;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'kubernetes-source-'));
    sink = new Recorder();
  });

  afterEach(async () => {
    await source?.stop();
    await gate?.stop();
    source = undefined;
    gate = undefined;
    await rm(folder, { recursive: true });
    expect(sink.breaches).toEqual([]);
  });

  function sourceAs(user: 'admin' | 'viewer', namespaces: readonly string[], kubeConfig = server.kubeconfig(user)) {
    source = kubernetesSource({ namespaces, kubeConfig, log });
    return source;
  }

  /** A source whose way to the API server the test can cut. */
  async function sourceBehindGate(user: 'admin' | 'viewer', namespaces: readonly string[]): Promise<Source> {
    gate = await Gate.to(server.port);
    const kubeConfig = path.join(folder, 'kubeconfig');
    await writeFile(kubeConfig, server.kubeconfigText(user, gate.port));
    return sourceAs(user, namespaces, kubeConfig);
  }

  sourceConformance('Kubernetes', {
    async make() {
      await cluster.emptyNamespace('shop');
      const sources: Source[] = [];
      const another = () => {
        const made = kubernetesSource({ namespaces: ['shop'], kubeConfig: server.kubeconfig('admin'), log });
        sources.push(made);
        return made;
      };
      return {
        source: another(),
        another,
        put: (object) => cluster.apply(object),
        remove: ({ kind, namespace, name }) => cluster.delete(namespace, RESOURCES[kind], name),
        close: async () => {
          await Promise.all(sources.map((each) => each.stop()));
        },
      };
    },
  });

  test('what is created, labelled, relabelled and deleted is seen as records', async () => {
    await cluster.createNamespace('seen');
    await sourceAs('admin', []).start(sink);

    await cluster.createService('seen', 'api');
    await sink.until(() => sink.world.has('Service seen/api'));
    expect(sink.world.get('Service seen/api')).toEqual({
      kind: 'Service',
      namespace: 'seen',
      name: 'api',
      labels: {},
      annotations: {},
      ports: [{ name: 'http', port: 80, protocol: 'TCP', appProtocol: 'http' }],
      createdAt: expect.any(Number),
    });

    await cluster.createSlice('seen', 'api-1', 'api', ['10.1.0.1', '10.1.0.2']);
    await sink.until(() => sink.world.has('EndpointSlice seen/api-1'));
    expect(sink.world.get('EndpointSlice seen/api-1')).toEqual({
      kind: 'EndpointSlice',
      namespace: 'seen',
      name: 'api-1',
      service: 'api',
      addressType: 'IPv4',
      ports: [{ name: 'http', port: 8080 }],
      endpoints: [
        { addresses: ['10.1.0.1'], ready: true, serving: true, terminating: false },
        { addresses: ['10.1.0.2'], ready: true, serving: true, terminating: false },
      ],
    });

    for (const key of ['pr-1', 'pr-2']) {
      await cluster.label('seen', 'services', 'api', { 'shunt.dev/key': key });
      await sink.until(() => JSON.stringify(sink.world.get('Service seen/api')).includes(key));
    }
    expect(sink.world.get('Service seen/api')).toMatchObject({ labels: { 'shunt.dev/key': 'pr-2' } });

    await cluster.label('seen', 'endpointslices', 'api-1', { 'kubernetes.io/service-name': null });
    await sink.until(() => !sink.world.has('EndpointSlice seen/api-1'));
    await cluster.label('seen', 'endpointslices', 'api-1', { 'kubernetes.io/service-name': 'api' });
    await sink.until(() => sink.world.has('EndpointSlice seen/api-1'));
    await cluster.delete('seen', 'endpointslices', 'api-1');
    await cluster.delete('seen', 'services', 'api');
    await sink.until(() => !sink.keys().some((name) => name.includes(' seen/')));
    expect(sink.told).toEqual([]);
  });

  test('of Pods, those that say what they intercept are seen, with their status', async () => {
    const labels = { app: 'api-pr-1', 'shunt.dev/intercepts': 'api', 'shunt.dev/key': 'pr-1' };
    await cluster.createNamespace('pods');
    await sourceAs('admin', ['pods']).start(sink);
    await cluster.createPod('pods', 'plain', { app: 'api' });
    await cluster.createPod('pods', 'copy', labels);
    await sink.until(() => sink.world.has('Pod pods/copy'));
    const record = {
      ...{ kind: 'Pod', namespace: 'pods', name: 'copy' },
      labels: { 'shunt.dev/intercepts': 'api', 'shunt.dev/key': 'pr-1' },
      annotations: {},
      owner: { kind: 'Deployment', name: 'api-pr-1' },
      ...{ addresses: [], ready: false, terminating: false, hostNetwork: false },
      ports: [{ name: 'web', port: 8080 }],
      createdAt: expect.any(Number),
    };
    expect(sink.world.get('Pod pods/copy')).toEqual(record);

    const addresses = ['10.1.0.7', 'fd00::7'];
    await cluster.podStatus('pods', 'copy', addresses, true);
    await sink.until(() => JSON.stringify(sink.world.get('Pod pods/copy')).includes('"ready":true'));
    expect(sink.world.get('Pod pods/copy')).toEqual({ ...record, addresses, ready: true });
    await cluster.podStatus('pods', 'copy', addresses, false);
    await sink.until(() => JSON.stringify(sink.world.get('Pod pods/copy')).includes('"ready":false'));

    await cluster.label('pods', 'pods', 'copy', { 'shunt.dev/intercepts': null });
    await sink.until(() => !sink.world.has('Pod pods/copy'));
    await cluster.label('pods', 'pods', 'copy', { 'shunt.dev/intercepts': 'api' });
    await sink.until(() => sink.world.has('Pod pods/copy'));
    await cluster.keep('pods', 'pods', 'copy', true);
    await cluster.delete('pods', 'pods', 'copy');
    await sink.until(() => JSON.stringify(sink.world.get('Pod pods/copy')).includes('"terminating":true'));
    await cluster.keep('pods', 'pods', 'copy', false);
    await sink.until(() => !sink.world.has('Pod pods/copy'));
    expect(sink.changes.flatMap(({ upserts }) => upserts.map(({ name }) => name))).not.toContain('plain');
    expect(sink.told).toEqual([]);
  });

  test('without a right to Pods all else is seen; they are once the right is given, and the sentence is taken back', async () => {
    await cluster.createNamespace('no-pods');
    await cluster.grant('no-pods', READ_ALL_BUT_PODS);
    await cluster.createService('no-pods', 'api');
    await cluster.createPod('no-pods', 'copy', { 'shunt.dev/intercepts': 'api', 'shunt.dev/key': 'k' });
    await sourceAs('viewer', ['no-pods']).start(sink);
    expect(sink.keys()).toEqual(['Service no-pods/api']);
    const origin = 'watch pods in namespace no-pods';
    await sink.until(() => sink.problemsOf(origin).length > 0);
    expect(sink.problemsOf(origin)[0]).toMatchObject({
      code: 'right-missing',
      message: expect.stringMatching(/^Cannot list pods in namespace no-pods since .* 403 .* All else goes on\.$/),
      advice: expect.stringMatching(/Bind a Role with the rule \{apiGroups: \[""\], resources: \["pods"\]/),
    });

    await cluster.revoke('no-pods');
    await cluster.grant('no-pods', READ_EVERYTHING);
    await sink.until(() => sink.world.has('Pod no-pods/copy'));
    await sink.until(() => sink.problemsOf(origin).length === 0);
  });

  test('a label that is not of Shunt is no change', async () => {
    await cluster.createNamespace('quiet');
    await cluster.createService('quiet', 'api');
    await sourceAs('admin', ['quiet']).start(sink);
    await cluster.label('quiet', 'services', 'api', { team: 'web' });
    await cluster.createService('quiet', 'last');
    await sink.until(() => sink.world.has('Service quiet/last'));
    expect(sink.changes.map(({ upserts }) => upserts.map(({ name }) => name))).toEqual([['api'], ['last']]);
  });

  test('a Role in the one namespace that is watched is all the rights it needs', async () => {
    await cluster.createNamespace('mine');
    await cluster.createNamespace('not-mine');
    await cluster.grant('mine', READ_EVERYTHING);
    await cluster.createService('not-mine', 'other');
    await sourceAs('viewer', ['mine']).start(sink);
    await cluster.createService('mine', 'api');
    await cluster.createSlice('mine', 'api-1', 'api', ['10.1.0.1']);
    await sink.until(() => sink.world.size === 2);
    expect(sink.keys()).toEqual(['EndpointSlice mine/api-1', 'Service mine/api']);
    expect(sink.told).toEqual([]);
  });

  test('a right that is missing at the start is named and costs its own namespace only, until it is given', async () => {
    await cluster.createNamespace('granted');
    await cluster.createNamespace('forgotten');
    await cluster.grant('granted', READ_EVERYTHING);
    await cluster.createService('granted', 'api');
    await cluster.createService('forgotten', 'web');
    await sourceAs('viewer', ['granted', 'forgotten']).start(sink);

    const origin = 'watch services in namespace forgotten';
    expect(sink.keys()).toEqual(['Service granted/api']);
    const [problem] = sink.problemsOf(origin);
    expect(problem!.message).toMatch(/^Cannot list services in namespace forgotten since .* 403/);
    expect(problem!.message).toContain('User "viewer" cannot list resource "services"');
    expect(problem!.advice).toMatch(ROLE_RULE);
    expect(sink.problemsOf('watch services in namespace granted')).toEqual([]);

    await cluster.grant('forgotten', READ_EVERYTHING);
    await sink.until(() => sink.world.has('Service forgotten/web'));
    await sink.until(() => sink.problemsOf(origin).length === 0);
  });

  test('a right that was lost before a restart costs nothing that was saved, and no more when it is given back', async () => {
    for (const namespace of ['held', 'lost']) {
      await cluster.createNamespace(namespace);
      await cluster.grant(namespace, READ_EVERYTHING);
      await cluster.createService(namespace, 'api');
    }
    await cluster.createService('lost', 'gone');
    const lasting = () =>
      withLastGood(sourceAs('viewer', ['held', 'lost']), { path: path.join(folder, 'state'), scope: 'held, lost' });
    const earlier = lasting();
    await earlier.start(new Recorder());
    await earlier.stop();

    await cluster.revoke('lost');
    await cluster.delete('lost', 'services', 'gone');
    await cluster.createService('held', 'new');
    source = lasting();
    await source.start(sink);
    await sink.until(() => sink.world.has('Service held/new'));
    expect(sink.keys()).toEqual(['Service held/api', 'Service held/new', 'Service lost/api', 'Service lost/gone']);

    await cluster.grant('lost', READ_EVERYTHING);
    await sink.until(() => !sink.world.has('Service lost/gone'));
    expect(sink.keys()).toEqual(['Service held/api', 'Service held/new', 'Service lost/api']);
  });

  test('a right that is taken away later is named; its namespace stays as it was, and the others go on', async () => {
    for (const namespace of ['kept', 'taken']) {
      await cluster.createNamespace(namespace);
      await cluster.grant(namespace, READ_EVERYTHING);
      await cluster.createService(namespace, 'api');
    }
    const started = await sourceBehindGate('viewer', ['kept', 'taken']);
    await started.start(sink);
    await cluster.revoke('taken');
    gate!.shut();
    gate!.open();

    const origin = 'watch services in namespace taken';
    await sink.until(() => sink.problemsOf(origin).some(({ message }) => message.includes('403')));
    expect(sink.problemsOf(origin)[0]!.message).toMatch(/^Cannot watch services in namespace taken since /);
    expect(sink.problemsOf(origin)[0]!.advice).toMatch(ROLE_RULE);
    await cluster.createService('kept', 'later');
    await sink.until(() => sink.world.has('Service kept/later'));
    expect(sink.keys()).toEqual(['Service kept/api', 'Service kept/later', 'Service taken/api']);
  });

  test('one that starts without the API server serves what an earlier one saved, and catches up', async () => {
    await cluster.createNamespace('saved');
    for (const name of ['kept', 'gone']) await cluster.createService('saved', name);
    const inner = () => kubernetesSource({ namespaces: ['saved'], kubeConfig: path.join(folder, 'kubeconfig'), log });
    const lasting = () => withLastGood(inner(), { path: path.join(folder, 'state'), scope: 'saved' });
    gate = await Gate.to(server.port);
    await writeFile(path.join(folder, 'kubeconfig'), server.kubeconfigText('admin', gate.port));
    const earlier = lasting();
    await earlier.start(new Recorder());
    await earlier.stop();

    gate.shut();
    await cluster.delete('saved', 'services', 'gone');
    await cluster.createService('saved', 'new');
    source = lasting();
    await source.start(sink);
    expect(sink.keys()).toEqual(['Service saved/gone', 'Service saved/kept']);
    expect(sink.problemsOf('last good state: serving')).toMatchObject([{ code: 'source-stale' }]);

    gate.open();
    await sink.until(() => sink.problemsOf('last good state: serving').length === 0);
    expect(sink.keys()).toEqual(['Service saved/kept', 'Service saved/new']);
    expect(sink.changes).toHaveLength(2);
  });

  test('after the API server was killed and things have changed, only the true difference is delivered', async () => {
    await cluster.createNamespace('storm');
    for (const name of ['kept', 'gone', 'changed']) await cluster.createService('storm', name);
    await cluster.createSlice('storm', 'kept-1', 'kept', ['10.1.0.1']);
    const started = await sourceBehindGate('admin', ['storm']);
    await started.start(sink);
    const before = sink.changes.length;

    gate!.shut();
    await server.killApi();
    const origins = ['watch services in namespace storm', 'watch endpointslices in namespace storm'];
    await sink.until(() => origins.every((origin) => sink.problemsOf(origin).length > 0));
    expect(sink.problemsOf(origins[0]!)[0]!.message).toContain('stays in force');
    await server.startApi();
    await cluster.delete('storm', 'services', 'gone');
    await cluster.label('storm', 'services', 'changed', { 'shunt.dev/role': 'baseline' });
    await cluster.createService('storm', 'new');
    await cluster.createSlice('storm', 'new-1', 'new', ['10.1.0.2']);
    gate!.open();

    await sink.until(() => origins.every((origin) => sink.problemsOf(origin).length === 0));
    await sink.until(() => sink.world.has('EndpointSlice storm/new-1') && sink.world.has('Service storm/new'));
    const since = sink.changes.slice(before);
    expect(since.flatMap(({ upserts }) => upserts.map(({ name }) => name)).sort()).toEqual(['changed', 'new', 'new-1']);
    expect(since.flatMap(({ deletes }) => deletes.map(({ name }) => name))).toEqual(['gone']);
    expect(sink.keys()).toEqual([
      'EndpointSlice storm/kept-1',
      'EndpointSlice storm/new-1',
      'Service storm/changed',
      'Service storm/kept',
      'Service storm/new',
    ]);
  });

  test('a namespace of more Services than a page holds is delivered whole', async () => {
    await cluster.createNamespace('crowd');
    const names = Array.from({ length: 501 }, (_, index) => `service-${index}`);
    while (names.length > 0) {
      await Promise.all(names.splice(0, 20).map((name) => cluster.createService('crowd', name)));
    }
    await sourceAs('admin', ['crowd']).start(sink);
    expect(sink.changes).toHaveLength(1);
    expect(sink.world.size).toBe(501);
  });
});
