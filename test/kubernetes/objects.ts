import { setTimeout as delay } from 'node:timers/promises';
import type { SourceKind } from '../../src/sources/source.ts';
import type { ApiServer } from '../support/apiserver.ts';
import type { Manifest } from '../unit/sources/objects.ts';

type Resource = 'services' | 'endpointslices' | 'pods';

export interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

/** The rights that the problems of the source ask for. */
export const READ_EVERYTHING: readonly Rule[] = [
  { apiGroups: [''], resources: ['services', 'pods'], verbs: ['list', 'watch'] },
  { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list', 'watch'] },
];

export const READ_ALL_BUT_PODS: readonly Rule[] = READ_EVERYTHING.map((rule) => ({
  ...rule,
  resources: rule.resources.filter((resource) => resource !== 'pods'),
}));

export const RESOURCES: Readonly<Record<SourceKind, Resource>> = {
  Service: 'services',
  EndpointSlice: 'endpointslices',
  Pod: 'pods',
};

const ROOTS: Readonly<Record<Resource, string>> = {
  services: '/api/v1',
  endpointslices: '/apis/discovery.k8s.io/v1',
  pods: '/api/v1',
};
const RBAC = '/apis/rbac.authorization.k8s.io/v1';

/** What the tests do as the administrator of a cluster. */
export class Cluster {
  readonly #server: ApiServer;

  constructor(server: ApiServer) {
    this.#server = server;
  }

  async createNamespace(name: string): Promise<void> {
    await this.#server.request('POST', '/api/v1/namespaces', { metadata: { name } });
  }

  /** Creates the namespace, or deletes all that is in it. */
  async emptyNamespace(name: string): Promise<void> {
    await this.#server.apply(`/api/v1/namespaces/${name}`, {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name },
    });
    for (const resource of Object.values(RESOURCES)) await this.#server.request('DELETE', pathOf(name, resource));
  }

  /** Creates the object, or makes it what is written. */
  async apply(object: Manifest): Promise<void> {
    const { namespace, name } = object.metadata;
    await this.#server.apply(`${pathOf(namespace, RESOURCES[object.kind])}/${name}`, object);
  }

  async createService(namespace: string, name: string): Promise<void> {
    await this.#server.request('POST', pathOf(namespace, 'services'), {
      metadata: { name },
      spec: { clusterIP: 'None', ports: [{ name: 'http', port: 80, appProtocol: 'http' }] },
    });
  }

  async createSlice(namespace: string, name: string, service: string, addresses: readonly string[]): Promise<void> {
    await this.#server.request('POST', pathOf(namespace, 'endpointslices'), {
      metadata: { name, labels: { 'kubernetes.io/service-name': service } },
      addressType: 'IPv4',
      ports: [{ name: 'http', port: 8080 }],
      endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready: true } })),
    });
  }

  /**
   * A Pod as a Deployment's ReplicaSet makes it, which no kubelet ever starts: it has no address yet.
   *
   * @param spec besides its one container.
   */
  async createPod(namespace: string, name: string, labels: Readonly<Record<string, string>>, spec = {}): Promise<void> {
    const controller = {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      name: `${labels.app}-5d8f`,
      uid: 'any',
      controller: true,
    };
    await this.#server.request('POST', pathOf(namespace, 'pods'), {
      metadata: { name, labels: { ...labels, 'pod-template-hash': '5d8f' }, ownerReferences: [controller] },
      spec: { containers: [{ name: 'app', image: 'none', ports: [{ name: 'web', containerPort: 8080 }] }], ...spec },
    });
  }

  /** What a kubelet would say of a Pod. */
  async podStatus(namespace: string, name: string, addresses: readonly string[], ready: boolean): Promise<void> {
    const status = {
      phase: 'Running',
      podIP: addresses[0],
      podIPs: addresses.map((ip) => ({ ip })),
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
    };
    await this.#server.request('PATCH', `${pathOf(namespace, 'pods')}/${name}/status`, { status });
  }

  /** `null` takes a label away. */
  async label(
    namespace: string,
    resource: Resource,
    name: string,
    labels: Readonly<Record<string, string | null>>,
  ): Promise<void> {
    await this.#server.request('PATCH', `${pathOf(namespace, resource)}/${name}`, { metadata: { labels } });
  }

  /** Whether the API server keeps the object when it is deleted, marked as to be deleted. */
  async keep(namespace: string, resource: Resource, name: string, kept: boolean): Promise<void> {
    const metadata = { finalizers: kept ? ['test.example.com/kept'] : null };
    await this.#server.request('PATCH', `${pathOf(namespace, resource)}/${name}`, { metadata });
  }

  async delete(namespace: string, resource: Resource, name: string): Promise<void> {
    await this.#server.request('DELETE', `${pathOf(namespace, resource)}/${name}`);
  }

  /** Gives the user `viewer` these rights in a namespace. */
  async grant(namespace: string, rules: readonly Rule[]): Promise<void> {
    await this.#server.request('POST', `${RBAC}/namespaces/${namespace}/roles`, {
      metadata: { name: 'shunt' },
      rules,
    });
    await this.#server.request('POST', `${RBAC}/namespaces/${namespace}/rolebindings`, {
      metadata: { name: 'shunt' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'shunt' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'viewer' }],
    });
    await this.untilAllowed('viewer', { namespace, verb: 'list', resource: 'services' });
  }

  /** Takes back what `grant` gave. */
  async revoke(namespace: string): Promise<void> {
    await this.#server.request('DELETE', `${RBAC}/namespaces/${namespace}/rolebindings/shunt`);
    await this.#server.request('DELETE', `${RBAC}/namespaces/${namespace}/roles/shunt`);
    await this.untilAllowed('viewer', { namespace, verb: 'list', resource: 'services' }, false);
  }

  /** A namespace that admits only Pods which keep the strictest of the pod security standards. */
  async restrict(name: string): Promise<void> {
    await this.#server.apply(`/api/v1/namespaces/${name}`, {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
    });
  }

  /** Until somebody has created what is at a path. */
  async untilExists(urlPath: string): Promise<void> {
    for (;;) {
      const found = await this.#server.request('GET', urlPath).then(
        () => true,
        () => false,
      );
      if (found) return;
      await delay(20);
    }
  }

  /** Whether a user has a right in a namespace. */
  async allows(user: string, attributes: Readonly<Record<string, string>>): Promise<boolean> {
    const review = { spec: { user, resourceAttributes: attributes } };
    const answer = await this.#server.request('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', review);
    return (answer as { status: { allowed: boolean } }).status.allowed;
  }

  /** The API server learns of its own bindings by a watch; asking it is the only way to know that it has. */
  async untilAllowed(user: string, attributes: Readonly<Record<string, string>>, allowed = true): Promise<void> {
    while ((await this.allows(user, attributes)) !== allowed) await delay(10);
  }
}

function pathOf(namespace: string, resource: Resource): string {
  return `${ROOTS[resource]}/namespaces/${namespace}/${resource}`;
}
