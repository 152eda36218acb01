import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { ApiServer } from './apiserver.ts';
import type { KubernetesObject } from './kubectl.ts';

export interface PlayedPod {
  readonly labels: Readonly<Record<string, string>>;
  readonly address: string;
}

const SERVICES = '/api/v1/namespaces';
const SLICES = '/apis/discovery.k8s.io/v1/namespaces';

/**
 * Plays the controller that writes the EndpointSlices of a namespace's Services by their selectors: one for each Service that
 * selects any of the Pods, all of which are ready.
 */
export class EndpointController {
  readonly #server: ApiServer;
  readonly #namespace: string;
  readonly #pods: readonly PlayedPod[];
  readonly #written: (service: string, slice: KubernetesObject) => void;
  readonly #known = new Map<string, KubernetesObject>();
  readonly #stopping = new AbortController();
  #running: Promise<void> = Promise.resolve();

  /** @param written is told of each slice after it is written, as nodes are. */
  constructor(
    server: ApiServer,
    namespace: string,
    pods: readonly PlayedPod[],
    written: (service: string, slice: KubernetesObject) => void,
  ) {
    this.#server = server;
    this.#namespace = namespace;
    this.#pods = pods;
    this.#written = written;
  }

  /** Settles when all Services there are have their slices. */
  async start(): Promise<void> {
    await this.#reconcile();
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  /** Looks at the Services over and over, which is simpler than to watch them. */
  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await delay(20, undefined, { signal }).catch(() => undefined);
      await this.#reconcile();
    }
  }

  async #reconcile(): Promise<void> {
    const { items } = (await this.#server.request(
      'GET',
      `${SERVICES}/${this.#namespace}/services`,
    )) as KubernetesObject;
    const slices = new Map<string, KubernetesObject>();
    for (const service of items) {
      const slice = this.#sliceOf(service);
      if (slice !== undefined) slices.set(service.metadata.name, slice);
    }
    for (const [name, slice] of slices) {
      if (isDeepStrictEqual(this.#known.get(name), slice)) continue;
      await this.#server.apply(`${SLICES}/${this.#namespace}/endpointslices/${name}`, slice);
      this.#known.set(name, slice);
      this.#written(name, slice);
    }
    for (const name of [...this.#known.keys()].filter((each) => !slices.has(each))) {
      await this.#server.request('DELETE', `${SLICES}/${this.#namespace}/endpointslices/${name}`);
      this.#known.delete(name);
    }
  }

  #sliceOf({ metadata, spec }: KubernetesObject): KubernetesObject | undefined {
    const selector = Object.entries<string>(spec.selector ?? {});
    const selected = this.#pods.filter(({ labels }) => selector.every(([name, value]) => labels[name] === value));
    if (selector.length === 0 || selected.length === 0) return undefined;
    return {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        name: metadata.name,
        namespace: this.#namespace,
        // As the real one does it, which hands on the labels of the Service.
        labels: { ...metadata.labels, 'kubernetes.io/service-name': metadata.name },
      },
      addressType: 'IPv4',
      ports: spec.ports.map(({ name, targetPort }: KubernetesObject) => ({ name, port: targetPort, protocol: 'TCP' })),
      endpoints: selected.map(({ address }) => ({ addresses: [address], conditions: { ready: true } })),
    };
  }
}
