import type { Logger } from 'pino';
import type { Source, SourceSink } from '../source.ts';
import { type Get, getWith } from './api.ts';
import { type Collection, collectionsOf, isDispensable } from './collection.ts';
import { loadKubeConfig } from './kubeconfig.ts';
import { Reflector } from './reflector.ts';

export interface KubernetesSourceOptions {
  /** Which namespaces to watch, each with rights of its own; none named: the whole cluster. */
  readonly namespaces: readonly string[];
  /** Path of a kubeconfig file. Left out: what `kubectl` would use, or the Pod's service account. */
  readonly kubeConfig?: string | undefined;
  readonly log: Pick<Logger, 'debug'>;
}

/**
 * What a source would watch, in words: the cluster's address and the namespaces.
 *
 * @throws a sentence for the operator, if there is no kubeconfig to use.
 */
export async function describeScope(namespaces: readonly string[], kubeConfig?: string): Promise<string> {
  const { server } = (await loadKubeConfig(kubeConfig)).getCurrentCluster()!;
  return `${server}, ${namespaces.length === 0 ? 'all namespaces' : `namespaces ${[...namespaces].sort().join(', ')}`}`;
}

/**
 * Watches Services, EndpointSlices and the Pods that are previews through the Kubernetes API.
 *
 * The first full sync waits for every namespace: an Envoy must not lose a namespace's routes because a right to it is
 * missing at the time of a restart. A right to Pods may be missing; then their previews are. Later, what cannot be reached any more stays as it was last known.
 */
export function kubernetesSource(options: KubernetesSourceOptions): Source {
  const firstSync = Promise.withResolvers<void>();
  let reflectors: readonly Reflector[] = [];
  let synced = false;
  let stopped = false;

  async function check(): Promise<void> {
    await loadKubeConfig(options.kubeConfig);
  }

  async function start(sink: SourceSink): Promise<void> {
    const config = await loadKubeConfig(options.kubeConfig);
    if (!stopped) {
      reflectors = reflectorsFor(getWith(config), sink);
      for (const reflector of reflectors) reflector.start();
    }
    await firstSync.promise;
  }

  function reflectorsFor(get: Get, sink: SourceSink): readonly Reflector[] {
    const unlisted = new Set<Collection>(collectionsOf(options.namespaces));
    return [...unlisted].map(
      (collection) =>
        new Reflector({
          collection,
          get,
          log: options.log,
          problems: (origin, problems) => {
            if (!stopped) sink.problems(origin, problems);
          },
          changed: (change) => {
            if (synced && !stopped) sink.changed(change);
          },
          listed: () => settled(collection),
          forbidden: () => {
            if (isDispensable(collection)) settled(collection);
          },
        }),
    );

    function settled(collection: Collection): void {
      unlisted.delete(collection);
      if (synced || stopped || unlisted.size > 0) return;
      synced = true;
      sink.changed({ upserts: reflectors.flatMap((reflector) => reflector.records()), deletes: [] });
      firstSync.resolve();
    }
  }

  async function stop(): Promise<void> {
    stopped = true;
    // Nothing to tell to whoever does not wait for the start.
    firstSync.promise.catch(() => undefined);
    firstSync.reject(new Error('The Kubernetes source was stopped before its first full sync.'));
    await Promise.all(reflectors.map((reflector) => reflector.stop()));
  }

  return { check, start, stop };
}
