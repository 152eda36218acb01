import type { KubeConfig } from '@kubernetes/client-node';

/** What the client makes up when it finds no kubeconfig and no service account. */
const FALLBACK = { context: 'loaded-context', server: 'http://localhost:8080' };

/** Which cluster, and as whom. */
export interface KubeConfigChoice {
  /** Path of a kubeconfig file. Left out: what `kubectl` would use, or the Pod's service account. */
  readonly kubeConfig?: string | undefined;
  /** A context of the kubeconfig. Left out: its current-context. */
  readonly context?: string | undefined;
}

/**
 * Loads the kubeconfig that is named, or what `kubectl` would use: KUBECONFIG, `~/.kube/config`, then the service account of
 * the Pod. The Kubernetes client is loaded with it, and not before: it is too heavy for those who do not need it.
 *
 * @throws Error with a sentence for the operator.
 */
export async function loadKubeConfig({ kubeConfig: path, context }: KubeConfigChoice): Promise<KubeConfig> {
  const { KubeConfig } = await import('@kubernetes/client-node');
  const config = new KubeConfig();
  const from = path ?? (process.env.KUBECONFIG || 'the default kubeconfig');
  try {
    if (path === undefined) config.loadFromDefault();
    else config.loadFromFile(path);
  } catch (error) {
    throw new Error(`Cannot read the kubeconfig ${from}: ${(error as Error).message}`, { cause: error });
  }
  const fallback = isFallback(config);
  if (context !== undefined && !fallback) useContext(config, context, from);
  const cluster = config.getCurrentCluster();
  if (fallback) {
    throw new Error(
      'There is no Kubernetes to watch: no kubeconfig is given, KUBECONFIG is not set, ~/.kube/config does not exist, ' +
        'and this is no Pod with a service account. Name a kubeconfig, or watch a folder of manifests instead.',
    );
  }
  if (!cluster?.server || config.getCurrentUser() === null) {
    throw new Error(
      `The kubeconfig ${from} names no cluster and user to use: its current-context is ` +
        `${JSON.stringify(config.getCurrentContext() ?? '')}. Set it with \`kubectl config use-context\`.`,
    );
  }
  if (!cluster.server.startsWith('https:') && !cluster.skipTLSVerify) {
    throw new Error(
      `The kubeconfig ${from} has the server ${JSON.stringify(cluster.server)}. Write an https:// address, or add ` +
        '`insecure-skip-tls-verify: true` if nobody can listen in between.',
    );
  }
  return config;
}

/** Whether the client found nothing. */
function isFallback(config: KubeConfig): boolean {
  return config.getCurrentCluster()?.server === FALLBACK.server && config.getCurrentContext() === FALLBACK.context;
}

function useContext(config: KubeConfig, context: string, from: string): void {
  const names = config.getContexts().map(({ name }) => name);
  if (!names.includes(context)) {
    const known = names.length === 0 ? 'It has none' : `Write one of ${names.join(', ')}`;
    throw new Error(`The kubeconfig ${from} has no context ${JSON.stringify(context)}. ${known}.`);
  }
  config.setCurrentContext(context);
}
