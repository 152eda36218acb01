import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KubernetesObject } from './kubectl.ts';

/**
 * The files and the environment that a Pod of a Deployment would have, under a folder of this machine: where a mount is
 * named, in arguments, variables or files of ConfigMaps, that folder is named instead.
 */
export class PodSandbox {
  readonly root: string;
  readonly #pod: KubernetesObject;
  readonly #namespace: string;

  private constructor(root: string, deployment: KubernetesObject) {
    this.root = root;
    this.#pod = deployment.spec.template.spec;
    this.#namespace = deployment.metadata.namespace;
  }

  /**
   * @param objects the manifests, with ConfigMaps.
   * @param secrets the files of Secrets, by the name of the Secret.
   * @param edit of each file of a ConfigMap, for what no test can have, such as fixed ports.
   */
  static async of(
    objects: readonly KubernetesObject[],
    secrets: Readonly<Record<string, Readonly<Record<string, string>>>> = {},
    edit: (text: string) => string = (text) => text,
  ): Promise<PodSandbox> {
    const deployment = objects.find(({ kind }) => kind === 'Deployment');
    const sandbox = new PodSandbox(await mkdtemp(join(tmpdir(), 'pod-')), deployment);
    for (const mount of sandbox.container.volumeMounts) {
      const folder = sandbox.path(mount.mountPath);
      await mkdir(folder, { recursive: true });
      const volume = sandbox.#pod.volumes.find(({ name }: KubernetesObject) => name === mount.name);
      const configMap = objects.find(
        ({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === volume.configMap?.name,
      );
      for (const [file, text] of Object.entries<string>(configMap?.data ?? {})) {
        await writeFile(join(folder, file), edit(sandbox.relocated(text)));
      }
      const secret = volume.secret && secrets[volume.secret.secretName]!;
      for (const [file, text] of Object.entries<string>(secret ?? {})) await writeFile(join(folder, file), text);
    }
    return sandbox;
  }

  get container(): KubernetesObject {
    return this.#pod.containers[0];
  }

  /** The variables of the container, with what the kubelet fills in. */
  environment(podName: string): Readonly<Record<string, string>> {
    const filled: Readonly<Record<string, string>> = {
      'metadata.name': podName,
      'metadata.namespace': this.#namespace,
    };
    return Object.fromEntries(
      (this.container.env ?? []).map(({ name, value, valueFrom }: KubernetesObject) => [
        name,
        value === undefined ? filled[valueFrom.fieldRef.fieldPath]! : this.relocated(value),
      ]),
    );
  }

  /** The arguments of the container, with its variables in place. */
  args(podName: string): readonly string[] {
    const environment = this.environment(podName);
    return this.container.args.map((arg: string) =>
      this.relocated(arg.replace(/\$\((\w+)\)/g, (_, name) => environment[name]!)),
    );
  }

  path(mountPath: string): string {
    return join(this.root, mountPath);
  }

  relocated(text: string): string {
    const paths = this.container.volumeMounts.map(({ mountPath }: KubernetesObject) => mountPath);
    return text.replace(new RegExp(`(${paths.join('|')})(?=/)`, 'g'), (path) => this.path(path));
  }

  async delete(): Promise<void> {
    await rm(this.root, { recursive: true, force: true });
  }
}
