import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { DocumentedCommands } from '../support/documented.ts';
import { type KubernetesObject, kubectl, kustomize, readObjects } from '../support/kubectl.ts';
import { PodSandbox } from '../support/pod-sandbox.ts';
import { freePort } from '../support/ports.ts';
import { runShunt, type ShuntProcess } from '../support/shunt.ts';
import { describeWithApiServer } from '../support/with-apiserver.ts';
import { Cluster } from './objects.ts';

const DEPLOY = path.resolve(import.meta.dirname, '../../deploy');

/** The Prometheus operator's kind, as far as an API server has to know it. */
const POD_MONITORS = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'podmonitors.monitoring.coreos.com' },
  spec: {
    group: 'monitoring.coreos.com',
    names: { kind: 'PodMonitor', plural: 'podmonitors' },
    scope: 'Namespaced',
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
};

describeWithApiServer('the manifests and a real API server', (server) => {
  const cluster = new Cluster(server);
  const asAdmin = (args: readonly string[], input?: string) => kubectl(server.kubeconfig('admin'), args, input);
  let folder: string;
  let shunt: ShuntProcess | undefined;
  let pod: PodSandbox | undefined;

  beforeAll(() => cluster.createNamespace('shop'));
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'deploy-'));
  });
  afterEach(async () => {
    await shunt?.stop();
    await pod?.delete();
    shunt = undefined;
    pod = undefined;
    await rm(folder, { recursive: true });
  });

  async function apply(kustomization: string, namespace?: string): Promise<readonly KubernetesObject[]> {
    const into = namespace === undefined ? [] : ['--namespace', namespace];
    await asAdmin(['apply', '--server-side', '--force-conflicts', ...into, '-k', path.join(DEPLOY, kustomization)]);
    return kustomize(path.join(DEPLOY, kustomization));
  }

  test.each([
    ['base', undefined],
    ['overlays/namespace', undefined],
    ['overlays/mutual-tls', undefined],
    ['gateway', 'shop'],
    ['overlays/gateway-mutual-tls', undefined],
  ])('%s is applied, and its Pods keep the strictest of the pod security standards', async (name, namespace) => {
    const objects = await apply(name, namespace);
    await cluster.restrict('restricted');
    for (const { kind, spec } of objects) {
      if (kind !== 'Deployment') continue;
      const candidate = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'candidate' }, spec: spec.template.spec };
      await asAdmin(
        ['create', '--dry-run=server', '--namespace', 'restricted', '-f', '-'],
        JSON.stringify({ ...candidate, spec: { ...candidate.spec, serviceAccountName: undefined } }),
      );
    }
  });

  test('a Pod that may become root is not what those standards admit', async () => {
    await cluster.restrict('restricted');
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'root' },
      spec: { containers: [{ name: 'a', image: 'a' }] },
    };
    await expect(
      asAdmin(['create', '--dry-run=server', '--namespace', 'restricted', '-f', '-'], JSON.stringify(pod)),
    ).rejects.toThrow('violates PodSecurity "restricted');
  });

  test.each([
    ['Shunt', 'base', 'pod-monitor', 'shunt-system'],
    ['the gateways', 'gateway', 'gateway-pod-monitor', 'shop'],
  ])('what %s counts is there for those who have the Prometheus operator', async (_, base, component, namespace) => {
    const crd = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/podmonitors.monitoring.coreos.com';
    await server.apply(crd, POD_MONITORS);
    await asAdmin(['wait', '--for=condition=Established', 'crd/podmonitors.monitoring.coreos.com', '--timeout=60s']);
    const deploy = path.relative(folder, DEPLOY);
    const kustomization = { resources: [`${deploy}/${base}`], components: [`${deploy}/components/${component}`] };
    await writeFile(path.join(folder, 'kustomization.yaml'), JSON.stringify(kustomization));
    await asAdmin(['apply', '--server-side', '--namespace', namespace, '-k', folder]);

    const [monitor] = readObjects(await asAdmin(['get', '--namespace', namespace, 'podmonitors', '-o', 'yaml']))[0]
      .items;
    const { template } = (await kustomize(path.join(DEPLOY, base))).find(({ kind }) => kind === 'Deployment').spec;
    expect(template.metadata.labels).toMatchObject(monitor.spec.selector.matchLabels);
    const ports = template.spec.containers[0].ports.map(({ name }: KubernetesObject) => name);
    expect(ports).toContain(monitor.spec.podMetricsEndpoints[0].port);
  });

  describe.each([
    { kustomization: 'base', namespace: 'shunt-system', everywhere: true },
    { kustomization: 'overlays/namespace', namespace: 'shop', everywhere: false },
  ])('with just the rights that $kustomization gives', ({ kustomization, namespace, everywhere }) => {
    const user = `system:serviceaccount:${namespace}:shunt`;
    let objects: readonly KubernetesObject[];

    beforeAll(async () => {
      objects = await apply(kustomization);
      const bound: Readonly<Record<string, string>>[] = [
        { verb: 'list', group: '', resource: 'services', namespace: 'shop' },
        { verb: 'create', group: 'events.k8s.io', resource: 'events', namespace: 'shop' },
        { verb: 'update', group: 'coordination.k8s.io', resource: 'leases', name: 'shunt', namespace },
      ];
      for (const right of bound) await cluster.untilAllowed(user, right);
    });

    test('it lists, watches and becomes ready, and is refused nothing', async () => {
      pod = await PodSandbox.of(objects);
      const token = (await asAdmin(['create', 'token', 'shunt', '--namespace', namespace])).trim();
      const kubeconfig = path.join(folder, 'kubeconfig');
      await writeFile(kubeconfig, server.kubeconfigWithToken(token));
      const gatewayPort = await freePort();
      shunt = await runShunt(pod.args('shunt-0'), gatewayPort, {
        ...pod.environment('shunt-0'),
        KUBECONFIG: kubeconfig,
        SHUNT_ANNOUNCE: 'on',
        SHUNT_ANNOUNCE_NAMESPACE: namespace,
        SHUNT_XDS: '127.0.0.1:0',
        SHUNT_ADMIN: '127.0.0.1:0',
        SHUNT_LISTEN: `127.0.0.1:${gatewayPort}`,
      });
      await shunt.log.first(({ msg }) => msg === 'ready');

      const name = `seen-by-${namespace}`;
      await cluster.createService('shop', name);
      await cluster.label('shop', 'services', name, { 'shunt.dev/role': 'baseline' });
      await shunt.log.first(({ msg }) => msg.startsWith(`Service shop/${name} changed`));
      await cluster.createPod('shop', `${name}-pr`, { app: name, 'shunt.dev/intercepts': name, 'shunt.dev/key': 'pr' });
      await cluster.podStatus('shop', `${name}-pr`, ['10.1.0.7'], true);
      await shunt.log.first(({ msg }) => msg.startsWith(`Pod shop/${name}-pr changed`));

      await shunt.log.first(({ held }) => held === true);
      await cluster.untilExists(`/api/v1/namespaces/${namespace}/configmaps/shunt-previews`);
      const readiness = await fetch(`http://127.0.0.1:${shunt.adminPort}/readyz`);
      expect(await readiness.text()).toBe('ready\n');
      const complaints = shunt.log.all.filter(({ level }) => !['info', 'debug'].includes(level));
      expect(complaints).toEqual([]);
    });

    test.each([
      ['list', '', 'services', true],
      ['watch', 'discovery.k8s.io', 'endpointslices', true],
      ['list', '', 'pods', true],
      ['create', 'events.k8s.io', 'events', true],
      ['get', '', 'secrets', false],
      ['list', '', 'secrets', false],
      ['list', '', 'configmaps', false],
      ['update', '', 'services', false],
      ['patch', '', 'services', false],
      ['create', '', 'pods', false],
      ['delete', 'events.k8s.io', 'events', false],
    ])('it may %s %s %s: %s', async (verb, group, resource, allowed) => {
      expect(await cluster.allows(user, { verb, group, resource, namespace: 'shop' })).toBe(allowed);
      expect(await cluster.allows(user, { verb, group, resource, namespace: 'default' })).toBe(allowed && everywhere);
    });

    test.each([
      { verb: 'create', group: 'coordination.k8s.io', resource: 'leases', name: 'shunt' },
      { verb: 'update', group: 'coordination.k8s.io', resource: 'leases', name: 'shunt' },
      { verb: 'create', group: '', resource: 'configmaps', name: 'shunt-previews' },
      { verb: 'patch', group: '', resource: 'configmaps', name: 'shunt-previews' },
    ])('it may $verb $resource of the name $name only', async ({ name: own, ...right }) => {
      const update = (name: string) => ({ ...right, name });
      expect(await cluster.allows(user, { ...update(own), namespace })).toBe(true);
      expect(await cluster.allows(user, { ...update('other'), namespace })).toBe(false);
      expect(await cluster.allows(user, { ...update(own), namespace: 'default' })).toBe(false);
    });
  });

  // The last of all: it deletes the namespace, and there is nobody here to finish that.
  test('every command of docs/kubernetes.md that needs no controllers and no Docker runs', async () => {
    const page = await DocumentedCommands.of('kubernetes.md', folder, server.kubeconfig('admin'));
    for (const name of ['api', 'api-pr-1']) await cluster.createService('shop', name);
    for (const file of ['shunt', 'gateway']) {
      await writeFile(path.join(folder, `${file}.crt`), 'certificate');
      await writeFile(path.join(folder, `${file}.key`), 'key');
    }
    await writeFile(path.join(folder, 'ca.crt'), 'certificate');
    for (const commands of page.below('Quick start')) await page.run(commands);
    const settings = await asAdmin(['-n', 'shunt-system', 'get', 'deployment', 'shunt', '-o', 'yaml']);
    const { containers, volumes } = readObjects(settings)[0].spec.template.spec;
    expect(containers[0].image).toBe('registry.example.com/shunt:0.1.0');
    const { configMap } = volumes.find(({ name }: KubernetesObject) => name === 'settings');
    const [{ data }] = readObjects(await asAdmin(['-n', 'shunt-system', 'get', 'cm', configMap.name, '-o', 'yaml']));
    expect(data['shunt.yaml']).toMatch(/^# shunt\/shunt\.yaml\nkubernetes: on\n/);
    for (const heading of ['One namespace, without a ClusterRole', 'Mutual TLS', 'Taking it back']) {
      for (const commands of page.below(heading)) await page.run(commands);
    }
  });
});
