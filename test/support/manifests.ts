import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';

/** A Kubernetes object, as a manifest writes it. */
export type Manifest = Readonly<Record<string, unknown>>;

export interface ServiceFields {
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Default: `http`, 80. */
  readonly ports?: readonly {
    readonly name: string;
    readonly port: number;
    readonly targetPort?: number | string;
    readonly protocol?: string;
    readonly appProtocol?: string;
  }[];
  readonly externalName?: string;
}

/** A Service by `namespace/name`. */
export function serviceManifest(id: string, fields: ServiceFields = {}): Manifest {
  const { labels = {}, annotations = {}, ports = [{ name: 'http', port: 80 }], externalName } = fields;
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { ...metadata(id), labels, annotations },
    spec: { ...(externalName === undefined ? {} : { type: 'ExternalName', externalName }), ports },
  };
}

export function baselineManifest(id: string, fields: ServiceFields = {}): Manifest {
  return serviceManifest(id, { ...fields, labels: { 'shunt.dev/role': 'baseline' } });
}

/** A preview of the Service `target`, in its namespace. Without a key it needs a match among its annotations. */
export function previewManifest(
  id: string,
  target: string,
  key: string | undefined,
  fields: ServiceFields = {},
): Manifest {
  const labels = { 'shunt.dev/intercepts': target, ...(key === undefined ? {} : { 'shunt.dev/key': key }) };
  return serviceManifest(id, { ...fields, labels });
}

export interface SliceFields {
  /** Of the Service's port. Default: `http`. */
  readonly portName?: string;
  /** Default: true. */
  readonly ready?: boolean;
  /** Default: 127.0.0.1. */
  readonly address?: string;
}

/** The EndpointSlices of the Service `namespace/name`: one for each of these ports of an address, as a slice has one port. */
export function sliceManifests(id: string, ports: readonly number[], fields: SliceFields = {}): readonly Manifest[] {
  const { portName = 'http', ready = true, address = '127.0.0.1' } = fields;
  const { namespace, name } = metadata(id);
  return ports.map((port, index) => ({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { namespace, name: `${name}-${portName}-${index}`, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    ports: [{ name: portName, port }],
    endpoints: [{ addresses: [address], conditions: { ready } }],
  }));
}

export interface PodFields {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly address: string;
  /** Of its container, by name. */
  readonly ports: Readonly<Record<string, number>>;
  /** Default: true. */
  readonly ready?: boolean;
  /** Whether it is to be deleted. */
  readonly ending?: boolean;
}

/** A Pod `namespace/name` as the API has it, of the Deployment whose name is its own without the last two parts. */
export function podManifest(id: string, fields: PodFields): Manifest {
  const { labels, annotations = {}, address, ports, ready = true, ending = false } = fields;
  const { namespace, name } = metadata(id);
  const [replicaSet, hash] = [name.split('-').slice(0, -1).join('-'), name.split('-').at(-2)!];
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...{ namespace, name, annotations },
      labels: { ...labels, 'pod-template-hash': hash },
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: replicaSet, controller: true }],
      ...(ending ? { deletionTimestamp: '2030-01-01T00:00:00Z' } : {}),
    },
    spec: {
      containers: [
        { name: 'app', ports: Object.entries(ports).map(([port, containerPort]) => ({ name: port, containerPort })) },
      ],
    },
    status: {
      phase: 'Running',
      ...{ podIP: address, podIPs: [{ ip: address }] },
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
    },
  };
}

function metadata(id: string): { readonly namespace: string; readonly name: string } {
  const [namespace, name] = id.split('/') as [string, string];
  return { namespace, name };
}

/** A folder of manifests for Shunt to watch. */
export class ManifestFolder {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async create(): Promise<ManifestFolder> {
    return new ManifestFolder(await mkdtemp(join(tmpdir(), 'shunt-manifests-')));
  }

  /** Adds or replaces a file, all at once. Objects of one file come into force together. */
  async write(name: string, content: string | readonly Manifest[]): Promise<void> {
    const text = typeof content === 'string' ? content : content.map((object) => stringify(object)).join('---\n');
    const half = join(this.path, `.${name}.half`);
    await writeFile(half, text);
    await rename(half, join(this.path, `${name}.yaml`));
  }

  remove(name: string): Promise<void> {
    return rm(join(this.path, `${name}.yaml`));
  }

  delete(): Promise<void> {
    return rm(this.path, { recursive: true, force: true });
  }
}
