import type { Logger } from 'pino';
import type { Source, SourceRecord, SourceSink } from '../source.ts';
import { type Get, getWith } from './api.ts';
import { collectionsOf, holds } from './collection.ts';
import { FirstSync } from './first-sync.ts';
import { type KubeConfigChoice, loadKubeConfig } from './kubeconfig.ts';
import { Reflector } from './reflector.ts';

export { type Failure, isForbidden, RequestFailure } from './failure.ts';
export type { KubeConfigChoice } from './kubeconfig.ts';
export { type ObjectApi, objectApi, ownNamespace } from './object-api.ts';

export interface KubernetesSourceOptions extends KubeConfigChoice {
  /** Which namespaces to watch, each with rights of its own; none named: the whole cluster. */
  readonly namespaces: readonly string[];
  readonly log: Pick<Logger, 'debug'>;
}

/**
 * What a source would watch, in words: the cluster's address and the namespaces.
 *
 * @throws a sentence for the operator, if there is no kubeconfig to use.
 */
export async function describeScope(options: Omit<KubernetesSourceOptions, 'log'>): Promise<string> {
  const { server } = (await loadKubeConfig(options)).getCurrentCluster()!;
  const { namespaces } = options;
  return `${server}, ${namespaces.length === 0 ? 'all namespaces' : `namespaces ${[...namespaces].sort().join(', ')}`}`;
}

/**
 * Watches Services, EndpointSlices and the Pods that are previews through the Kubernetes API.
 *
 * A right that is missing at the start costs only what it is for, and not even that where an earlier run knew it. Later,
 * what cannot be reached any more stays as it was last known.
 */
export function kubernetesSource(options: KubernetesSourceOptions): Source {
  const firstSync = Promise.withResolvers<void>();
  let reflectors: readonly Reflector[] = [];
  let synced = false;
  let stopped = false;

  async function check(): Promise<void> {
    await loadKubeConfig(options);
  }

  async function start(sink: SourceSink, lastKnown?: readonly SourceRecord[]): Promise<void> {
    await check();
    if (!stopped) {
      const get = getWith(() => loadKubeConfig(options));
      reflectors = reflectorsFor(get, sink, lastKnown);
      for (const reflector of reflectors) reflector.start();
    }
    await firstSync.promise;
  }

  function reflectorsFor(get: Get, sink: SourceSink, lastKnown?: readonly SourceRecord[]): readonly Reflector[] {
    // Let go of as soon as nothing more can be taken from it.
    let unclaimed = lastKnown;
    const collections = collectionsOf(options.namespaces);
    const sync = new FirstSync(collections);
    return collections.map((collection) => {
      const reflector = new Reflector({
        collection,
        get,
        log: options.log,
        problems: (origin, problems) => {
          if (!stopped) sink.problems(origin, problems);
        },
        changed: (change) => {
          if (synced && !stopped) sink.changed(change);
        },
        listed: () => {
          sync.settle(collection, true);
          deliverIfDue();
        },
        denied: () => {
          reflector.assume((unclaimed ?? []).filter((record) => holds(collection, record)));
          sync.settle(collection, unclaimed !== undefined);
          deliverIfDue();
        },
      });
      return reflector;
    });

    function deliverIfDue(): void {
      if (synced || stopped || !sync.due) return;
      synced = true;
      unclaimed = undefined;
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
